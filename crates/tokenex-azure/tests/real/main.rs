//! The crate and the twin of Entra before real parts: other people's clients, an emulator, sockets.
#![allow(missing_docs)]

mod azure_identity;
mod azurite;
mod managed_identity;
mod msal;
mod relying_party;
mod sockets;
mod world;
