//! The twins of Google Cloud.

mod impersonation;
mod key_grant;
mod metadata;
mod support;
mod token_exchange;
