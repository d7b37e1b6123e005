//! Requests and answers of the token endpoints, as pure functions: of the identity domain, and of the proxymux in OKE.

mod answer;
mod form;
mod refused;

pub(crate) use answer::{pod_token, token};
pub(crate) use form::{Exchange, Requested, pod_key};
pub(crate) use refused::Refused;
