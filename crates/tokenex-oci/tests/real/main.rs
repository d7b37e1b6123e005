//! The crate and the twins of Oracle Cloud before real parts: Oracle's SDK for Python, sockets, files.
#![allow(missing_docs)]

mod inside;
mod python_sdk;
mod session_files;
mod signatures;
mod sockets;
mod world;
