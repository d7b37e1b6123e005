//! The helpers for real servers, tried on real servers.

mod issuer;
mod lifetime;
mod openbao;
mod postgres;
