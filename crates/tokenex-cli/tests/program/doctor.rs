//! `tokenex doctor`: what it says when all is well, and in each way in which trust can break.

mod healthy;
mod world;
