//! Which error a failure is.

use std::fmt::Debug;

use tokenex_core::{Error, ErrorKind, Provider};

use crate::conformance::bench::{Bench, Judged, broken, does_not_apply};
use crate::conformance::law::Subject;
use crate::conformance::runs::{End, Run};
use crate::world::Scope;

/// A longer text repeats what came.
const LONGEST_TEXT: usize = 4 * 1024;

/// So many faults are told; the rest follows when these are repaired.
const TOLD: usize = 4;

pub(super) fn classified<P: Provider + Debug>(bench: &Bench<P>) -> Judged {
    let own_requests = bench.facts()?.own_requests;
    let runs = bench.runs()?;
    let wrong: Vec<String> = runs
        .iter()
        .filter_map(|run| {
            wrong_with(run, bench.subject, own_requests).map(|why| format!("after {}, {why}", run.trouble))
        })
        .collect();
    if runs.is_empty() {
        return does_not_apply("it needs no network");
    }
    match wrong.len() {
        0 => Ok(format!("{} failures", runs.len())),
        more if more > TOLD => broken(format!("{}; and {} more", wrong[..TOLD].join("; "), more - TOLD)),
        _ => broken(wrong.join("; ")),
    }
}

fn wrong_with(run: &Run, subject: Subject, own_requests: usize) -> Option<String> {
    let error = match &run.end {
        End::Failed(error) => error,
        // Whoever asks several may do without one of them, and whose input was refused may show another one.
        End::Issued if run.scope != Scope::All && run.requests.len() > 1 => return None,
        End::Issued => return Some("it handed out a credential".to_owned()),
        // Another law's.
        End::Withdrawn => return None,
        End::Panicked => return Some("it panicked".to_owned()),
        End::OutOfTime if run.wanted.hangs => return None,
        End::OutOfTime => return Some("it did not end before its deadline".to_owned()),
    };
    let (wanted, kind) = (&run.wanted, error.kind());
    // An answer that is not understood at the first of several steps may look like a refusal of the second.
    let one_step = own_requests <= 1;
    if wanted.or_no_input && (!one_step || subject != Subject::Provider && kind == ErrorKind::Identity) {
        return told_wrong(error);
    }
    if wanted.never.contains(&kind) || !wanted.kinds.is_empty() && !wanted.kinds.contains(&kind) {
        let instead = match wanted.kinds {
            [] => String::new(),
            kinds => format!(", and not one of {kinds:?}"),
        };
        return Some(format!("the error is of kind {kind:?}{instead} ({error})"));
    }
    // Inputs repair themselves.
    if let Some(retry) = wanted.retry.filter(|retry| *retry != error.retry() && kind != ErrorKind::Identity) {
        return Some(format!("the error says {:?} and not {retry:?} ({error})", error.retry()));
    }
    if let Some(wait) = wanted.wait {
        let told = error.retry_after();
        // A date has whole seconds.
        if !told.is_some_and(|told| told.abs_diff(wait).as_secs_f64() <= 1.5) {
            return Some(format!("the error says to wait {told:?} and not {wait:?} ({error})"));
        }
    }
    if kind == ErrorKind::Trust && run.identity_asked && error.presented().is_none() {
        return Some(format!("the error does not say which identity was presented ({error})"));
    }
    told_wrong(error)
}

fn told_wrong(error: &Error) -> Option<String> {
    let text = error.to_string();
    (text.len() > LONGEST_TEXT).then(|| format!("the error is {} characters long", text.len()))
}

pub(super) fn withdrawn<P: Provider + Debug>(bench: &Bench<P>) -> Judged {
    let runs = bench.runs()?;
    match runs.iter().find(|run| matches!(run.end, End::Withdrawn)) {
        Some(run) => broken(format!("after {}, it says that the credential was withdrawn", run.trouble)),
        None if runs.is_empty() => does_not_apply("it needs no network"),
        None => Ok(format!("{} failures withdrew nothing", runs.len())),
    }
}
