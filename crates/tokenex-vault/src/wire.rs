//! Requests and answers of the HTTP API, as pure functions.
//!
//! Reading is tolerant: numbers may be text, members may be null or absent, and members that nobody here knows are
//! passed over. Sources: [the API's general rules](https://openbao.org/api-docs/), [JWT login](https://openbao.org/api-docs/auth/jwt/),
//! [tokens](https://openbao.org/api-docs/auth/token/), [leases](https://openbao.org/api-docs/system/leases/); HashiCorp's pages
//! say the same.

mod answer;
mod request;

pub use answer::TokenKind;
pub(crate) use answer::{Auth, Kv2, LeaseTerms, Members, SecretBody, error_texts, lease_renewal, seconds};
pub(crate) use request::{Call, Path};
