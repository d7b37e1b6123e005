//! Oracle Cloud: identity domains, and requests that are signed.

mod api;
mod support;
mod token_exchange;
