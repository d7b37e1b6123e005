//! The helpers for real servers, tried on real servers.

mod lifetime;
mod openbao;
mod postgres;
