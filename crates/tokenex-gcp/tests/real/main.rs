//! The crate and the twins of Google Cloud before real parts: other companies' clients, sockets, processes.
#![allow(missing_docs)]

mod google_auth;
mod google_cloud_auth;
mod sockets;
mod world;
