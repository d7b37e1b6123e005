//! The twin of Entra, asked over the wire as any client asks it.

mod federated;
mod support;
