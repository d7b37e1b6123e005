//! The provider before its twin, on a clock moved by hand.
#![allow(missing_docs)]

mod conformance;
mod pushing;
mod twin;
