//! Requests and answers of the token endpoint, as pure functions.
//!
//! Reading is tolerant: numbers may be text, and members that nobody here knows are passed over. Sources:
//! [client credentials](https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow),
//! [RFC 6749 section 5](https://www.rfc-editor.org/rfc/rfc6749#section-5).

mod answer;
mod form;

pub(crate) use answer::{Ends, Refused, TokenAnswer, name_of};
pub(crate) use form::{Form, request_id};
