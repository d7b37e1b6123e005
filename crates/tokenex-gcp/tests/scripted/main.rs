//! The crate before scripted servers in memory, on a clock moved by hand.
#![allow(missing_docs)]
