//! Files, opened on a network in memory before the twins of all targets, on moved time.

mod aws;
mod azure;
mod clouds;
mod network;
mod opening;
mod vault;
mod world;
