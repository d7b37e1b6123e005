//! The end of a command that kept credentials: what was made is withdrawn, within a bound.

use std::future::Future;
use std::time::{Duration, SystemTime};

use tokenex::core::{LeftBecause, ShutdownReport};

use crate::catalog::Catalog;
use crate::{output, time};

/// How long targets have to take revocations. Supervisors give a program 10 s (Docker) to 90 s (systemd) to end.
const WITHIN: Duration = Duration::from_secs(8);

/// What is worth a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tell {
    /// What was accepted, and what lives until when.
    Everything,
    /// Only what should have been revoked and was not.
    WhatWentWrong,
}

/// Asks for the revocation of everything, until it is done, the time is over, or `impatient` is.
pub(crate) async fn revoke(catalog: Catalog, impatient: impl Future, tell: Tell) {
    tokio::select! {
        report = catalog.shutdown(WITHIN) => say(&report, tell),
        _ = impatient => output::note("tokenex: not waited for: what was not revoked yet lives until it ends by itself"),
    }
}

/// In the words of the library: "accepted" is all that a target says.
fn say(report: &ShutdownReport, tell: Tell) {
    if tell == Tell::Everything {
        let plural = if report.accepted == 1 { "" } else { "s" };
        output::note(format_args!("tokenex: {} revocation{plural} accepted", report.accepted));
    }
    if report.interrupted {
        output::note("tokenex: what was open is not known: the runtime was gone before it was closed");
    }
    let now = SystemTime::now();
    for left in &report.left {
        if tell == Tell::WhatWentWrong && matches!(left.because, LeftBecause::NotRevocable) {
            continue;
        }
        let life = match left.until {
            Some(at) => format!("lives until {} ({})", time::rfc3339(at), time::from_now(at, now)),
            None => "stays valid until it is changed or revoked at its target".to_owned(),
        };
        output::note(format_args!("tokenex: {:?} {life}: {}", left.name, left.because));
    }
}
