//! What the target made of the identity.

use tokenex::Error;
use tokenex::core::ErrorKind;

use super::explain::{self, Case};
use super::finding::{Finding, Step, Verdict, what_and_advice};
use crate::catalog::Snapshot;
use crate::config::{CredentialSpec, Provider};
use crate::failure::{Exit, Failure};
use crate::time::rfc3339;

/// The target gave a credential.
pub(super) fn succeeded(spec: &CredentialSpec, snapshot: &Snapshot) -> [Finding; 2] {
    let exchange = Finding::ok(Step::Exchange, "the target took the identity")
        .maybe_found("fingerprint", snapshot.fingerprint.as_deref())
        .maybe_found("expires_at", snapshot.expires_at.map(rfc3339));
    let access = match second(&spec.provider) {
        Some(what) => Finding::ok(Step::Access, what),
        None => no_second(),
    };
    [exchange, access]
}

/// The target refused, or did not answer. `before` is what was found on the way to it.
pub(super) fn failed(case: &Case<'_>, before: &[Finding]) -> [Finding; 2] {
    let (error, help) = (case.error, explain::refusal(case));
    let mut meaning = what_and_advice(error);
    for note in help.notes {
        meaning.push_str("; ");
        meaning.push_str(&note);
    }
    let mut exit = Failure::from(error).exit();
    let suspect = before.iter().find(|finding| finding.contradicts);
    if let Some(suspect) = suspect.filter(|_| is_about_trust(error)) {
        meaning.push_str(&format!("; a likely cause is seen from here: see {:?}", suspect.step.name()));
        exit = Exit::Trust;
    }
    let is_access = is_access(case);
    let step = if is_access { Step::Access } else { Step::Exchange };
    let mut refused = Finding::new(step, Verdict::Failed(exit), meaning).said(error).fixes(help.fix);
    if let Some(seen) = case.seen.filter(|_| !matches!(exit, Exit::Unreachable | Exit::Usage)) {
        refused = refused.found("issuer", seen.issuer()).found("subject", seen.subject());
        refused = refused.found("audience", seen.audience());
    }
    refused.found.extend(help.found);
    refused.expected.extend(help.expected);
    match is_access {
        true => [Finding::ok(Step::Exchange, "the target took the identity"), refused],
        false => [refused, Finding::skipped(Step::Access, "there is no credential")],
    }
}

/// Steps that are taken with what the identity was exchanged for.
fn is_access(case: &Case<'_>) -> bool {
    second(&case.spec.provider).is_some()
        && matches!(case.error.step(), Some("read" | "write" | "impersonate" | "ID token"))
}

/// What is asked for with the first credential, in one go with the exchange.
fn second(provider: &Provider) -> Option<String> {
    match provider {
        Provider::Gcp(gcp) => gcp.service_account.as_ref().map(|account| format!("it may act as {}", account.email)),
        Provider::Vault(vault) => Some(format!("the login may ask for {}", vault.path)),
        _ => None,
    }
}

fn no_second() -> Finding {
    Finding::skipped(Step::Access, "nothing is asked for besides the exchange")
}

/// Whether the target did not believe the token; or, in the words of AWS for that too, did not find its key.
fn is_about_trust(error: &Error) -> bool {
    error.kind() == ErrorKind::Trust
        || (error.kind() == ErrorKind::Unavailable
            && error.said().is_some_and(|said| said.contains("verification key")))
}
