//! The steps about the identity token itself: whether there is one, and for whom it is.

use std::time::SystemTime;

use tokenex::Error;

use super::finding::{Finding, Step, Verdict, what_and_advice};
use super::seen::Seen;
use crate::config::{Config, IdentitySpec, Origin, Proof};
use crate::failure::{Exit, Failure};
use crate::inspect::warnings;
use crate::time::{from_now, rfc3339};

/// There is no token.
pub(super) fn none(error: &Error, source: &str) -> Finding {
    let exit = Failure::from(error).exit();
    let finding = Finding::new(Step::Token, Verdict::Failed(exit), what_and_advice(error));
    finding.found("source", source).said(error)
}

/// A token, and whether it is valid now. `refused` is what the library said of it before anything was sent.
pub(super) fn obtained(seen: &Seen, source: &str, refused: Option<&Error>, now: SystemTime) -> Finding {
    let claims = seen.claims();
    let notes = warnings::of(&seen.token, now);
    let unusable = notes.iter().find(|note| note.unusable);
    let verdict = match (refused, unusable) {
        (Some(_), _) => Verdict::Failed(Exit::Identity),
        // Targets have leeway too.
        (None, Some(_)) => Verdict::Warning,
        (None, None) => Verdict::Ok,
    };
    let mut meaning = match refused {
        Some(error) => what_and_advice(error),
        None => times(seen, now),
    };
    for note in notes.iter().filter(|note| refused.is_none() || !note.unusable) {
        meaning.push_str("; ");
        meaning.push_str(&note.text);
    }
    Finding::new(Step::Token, verdict, meaning)
        .found("source", source)
        .maybe_found("issuer", claims.issuer())
        .maybe_found("subject", claims.subject())
        .found("audience", seen.audience())
        .maybe_found("issued_at", claims.issued_at().map(rfc3339))
        .maybe_found("expires_at", claims.expires_at().map(rfc3339))
}

fn times(seen: &Seen, now: SystemTime) -> String {
    let at = |word: &str, at: Option<SystemTime>| at.map(|at| format!("{word} {}", from_now(at, now)));
    let times = [at("issued", seen.claims().issued_at()), at("expires", seen.claims().expires_at())];
    let said = times.into_iter().flatten().collect::<Vec<_>>().join(", ");
    if said.is_empty() { "it says neither when it was issued nor when it ends".to_owned() } else { said }
}

/// Whether the token is for this target. `refused` is what the library said before anything was sent.
pub(super) fn audience(seen: &Seen, refused: Option<&Error>, source: Option<&Origin>) -> Finding {
    let found = seen.audience();
    let audiences = seen.claims().audiences();
    let finding = match (refused, &seen.asked) {
        (Some(error), _) => {
            let meaning = format!("{}; {}", what_and_advice(error), how_to_ask(source));
            Finding::new(Step::Audience, Verdict::Failed(Exit::Identity), meaning)
        }
        (None, _) if audiences.is_empty() => Finding::warning(
            Step::Audience,
            "the token names no audience: every target that trusts the issuer takes it",
        ),
        (None, Some(asked)) if audiences.contains(asked) => Finding::ok(Step::Audience, "the token is for this target"),
        (None, Some(_)) => {
            Finding::ok(Step::Audience, "another audience than was asked for, which the target takes too")
        }
        (None, None) => Finding::ok(Step::Audience, "no audience is asked for: the target alone decides on it"),
    };
    let finding = finding.found("audience", found);
    match &seen.asked {
        Some(asked) => finding.expected("audience", asked),
        None => finding,
    }
}

/// Where the audience of a token is chosen.
fn how_to_ask(source: Option<&Origin>) -> &'static str {
    match source {
        Some(Origin::File { .. }) => {
            "whoever writes the file chooses the audience: for a pod it is `audience` of the projected volume"
        }
        Some(Origin::GitLab { .. }) => "the job chooses it: `aud` under `id_tokens` in .gitlab-ci.yml",
        Some(Origin::Env { .. }) => "whoever sets the variable chooses the audience",
        Some(Origin::Command { .. }) => "have the command ask for {audience}",
        Some(Origin::Url { .. }) => "put {audience} into `url`, where the issuer wants to be told",
        Some(Origin::AzureManagedIdentity(_) | Origin::Credential { .. }) => {
            "a token of Entra is for the resource that it was asked for: see `requestedAccessTokenVersion` of its registration"
        }
        _ => "or set `audience` of the credential to what the token says, if the target takes that",
    }
}

/// Where the tokens of a credential come from, in words.
pub(super) fn source(config: &Config, proof: &Proof) -> String {
    match proof {
        Proof::Credential(name) => format!("credential {name}"),
        Proof::Identity(name) => match config.identity(name) {
            Some(identity) => format!("identity {name}: {}", origin(identity)),
            None => format!("identity {name}"),
        },
    }
}

/// Never a header, nor what stands behind `?` in an address.
fn origin(identity: &IdentitySpec) -> String {
    match &identity.origin {
        Origin::File { path } => format!("file {}", path.display()),
        Origin::Env { var } => format!("variable {var}"),
        Origin::Command { argv, .. } => format!("command {}", argv.first().map_or("", String::as_str)),
        Origin::Url { url, .. } => format!("address {}", url.split(['?', '#']).next().unwrap_or_default()),
        Origin::GitHubActions => "GitHub Actions".to_owned(),
        Origin::GitLab { var } => format!("GitLab, variable {var}"),
        Origin::AzureManagedIdentity(_) => "the managed identity of this machine".to_owned(),
        Origin::GcpMetadata { .. } => "the metadata server of Google Cloud".to_owned(),
        Origin::AwsOutbound(outbound) => format!("AWS, with credential {}", outbound.from),
        Origin::Credential { from } => format!("credential {from}"),
    }
}
