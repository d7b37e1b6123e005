#![doc = include_str!("../README.md")]

mod depot;
mod errors;
mod token;
mod wire;

pub use depot::Depot;
pub use token::PushToken;
