//! What of the program's doctor reads what others say, compiled in like its configuration.

use std::time::SystemTime;

use tokenex::core::{AnyTransport, IdentityToken};

#[path = "../../crates/tokenex-cli/src/doctor/clock.rs"]
mod clock;
#[path = "../../crates/tokenex-cli/src/doctor/finding.rs"]
mod finding;
#[path = "../../crates/tokenex-cli/src/doctor/issuer/mod.rs"]
mod issuer;
#[path = "../../crates/tokenex-cli/src/doctor/refusal.rs"]
mod refusal;
#[path = "../../crates/tokenex-cli/src/doctor/seen.rs"]
mod seen;

pub(crate) use finding::{Finding, Verdict};
pub(crate) use refusal::refusal;

/// What a look at the issuer of `token` finds, and what its clock says at `now`.
///
/// # Panics
/// When `token` is no JWT, or has no issuer.
pub(crate) async fn examine(token: &str, transport: &AnyTransport, now: SystemTime) -> Vec<Finding> {
    let token = IdentityToken::new(token).expect("the token is a JWT");
    let seen = seen::Seen::new(token, None).expect("the token has a header");
    let issuer = issuer::Issuer::look(seen.issuer(), transport).await;
    let clock = clock::compare(&seen, issuer.clock, None, now);
    issuer.judge(&seen).into_iter().chain([clock]).collect()
}
