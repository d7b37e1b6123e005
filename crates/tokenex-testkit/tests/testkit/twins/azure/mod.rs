//! The twins of Microsoft Entra and what belongs to it, asked over the wire as any client asks them.

mod agents;
mod arm;
mod faults;
mod federated;
mod managed_identity;
mod places;
mod refusals;
mod secrets;
mod support;
mod tokens;
