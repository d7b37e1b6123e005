//! The twin of the token service that jobs of GitHub Actions ask for identity tokens. Forgejo Actions keeps the same contract.
//!
//! A [`Job`] is one job of one repository. It says what its runner puts into the environment, answers requests for tokens,
//! and ends. It mints a new token for each request, signed with RS256, five minutes long, with the claims of the real one.
//!
//! What it does not model: limits of requests, customised subjects, enterprises with an issuer of their own.
//!
//! Sources: docs.github.com/en/actions/reference/security/oidc; actions/toolkit, `packages/core/src/oidc-utils.ts`.

mod claims;
mod job;

pub use job::Job;
