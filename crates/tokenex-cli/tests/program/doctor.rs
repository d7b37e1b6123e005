//! `tokenex doctor`: what it says when all is well, and in each way in which trust can break.

mod diagnosis;
mod healthy;
mod issuer;
mod probe;
mod report;
mod token;
mod trust;
mod world;
