//! Oracle Cloud: identity domains, and requests that are signed.

mod api;
mod inside;
mod instance;
mod support;
mod token_exchange;
