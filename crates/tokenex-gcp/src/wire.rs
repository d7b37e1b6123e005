//! Requests and answers, as pure functions: of the Security Token Service, of the IAM Credentials API, of the OAuth token
//! endpoint and of the metadata server.

mod answer;
mod jws;
mod refused;
mod request;

pub(crate) use answer::{IdTokenAnswer, ImpersonatedAnswer, TokenAnswer};
pub(crate) use jws::{claims_of_a_grant, jws};
pub(crate) use refused::Refused;
pub(crate) use request::{Exchange, form, generate_access_token, generate_id_token};
