//! The helpers for real servers and foreign clients, tried on the real ones.

mod azurite;
mod issuer;
mod lifetime;
mod moto;
mod openbao;
mod postgres;
mod python;
mod vault_twin;
