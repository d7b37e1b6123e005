//! The crate and the twins of AWS before real parts: other people's clients, an emulator, sockets.
#![allow(missing_docs)]

mod boto3;
mod default_chain;
mod moto;
mod sockets;
mod world;
