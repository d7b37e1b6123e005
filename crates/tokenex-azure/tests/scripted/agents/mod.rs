//! Agent identities.

mod chain;
mod office;
mod on_behalf_of;
mod setup;
mod stale;
mod user;
