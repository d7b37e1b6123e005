//! How much is sent, and on which way.

use std::fmt::Debug;

use tokenex_core::Provider;

use crate::conformance::bench::{Bench, Judged, Trial, broken, does_not_apply};
use crate::conformance::runs::End;

/// So many ask for the credential at once.
const CALLERS: usize = 32;

pub(super) fn own_transport<P: Provider + Debug>(bench: &Bench<P>) -> Judged {
    let facts = bench.facts()?;
    let offline = bench.trial(async |trial: Trial<P>| trial.hooks.offline)?;
    match (facts.all_requests, offline) {
        (0, true) => does_not_apply("it needs no network"),
        (0, false) => broken(
            "the network in memory has seen no request: either it has a way of its own, or it needs none, \
             which the fixture says with `offline`",
        ),
        (requests, _) => Ok(format!("{requests} requests were seen, {} of them its own", facts.own_requests)),
    }
}

pub(super) fn one_try<P: Provider + Debug>(bench: &Bench<P>) -> Judged {
    let facts = bench.facts()?;
    let tempting: Vec<_> = bench.runs()?.iter().filter(|run| run.wanted.tempts).collect();
    let times = |requests: &[String], line: &str| requests.iter().filter(|one| *one == line).count();
    for run in &tempting {
        if let Some(line) =
            run.requests.iter().find(|line| times(&run.requests, line) > times(&facts.requests, line).max(1))
        {
            let sent = times(&run.requests, line);
            return broken(format!("{line} was sent {sent} times in one attempt, after {}", run.trouble));
        }
        let (sent, usual) = (run.requests.len(), facts.own_requests.max(1));
        if !matches!(run.end, End::Issued) && sent > usual {
            return broken(format!("{sent} requests in one attempt, after {}; {usual} when all is well", run.trouble));
        }
    }
    match tempting.len() {
        0 => does_not_apply("it needs no network"),
        runs => Ok(format!("nothing was sent twice in {runs} attempts that failed")),
    }
}

pub(super) fn single_flight<P: Provider + Debug>(bench: &Bench<P>) -> Judged {
    bench.trial(async move |trial: Trial<P>| -> Judged {
        let (handle, calls) = trial.keep();
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                let handle = handle.clone();
                tokio::spawn(async move { handle.get().await.map(|held| held.generation()) })
            })
            .collect();
        for caller in callers {
            match caller.await {
                Ok(Ok(1)) => {}
                Ok(Ok(generation)) => return broken(format!("a caller got generation {generation}")),
                Ok(Err(error)) => return broken(format!("a caller got an error: {error}")),
                Err(_) => return broken("a caller panicked"),
            }
        }
        if calls.issue() != 1 {
            return broken(format!("{CALLERS} callers caused {} exchanges", calls.issue()));
        }
        let sent = trial.world.wire().sent();
        for (index, one) in sent.iter().enumerate() {
            let same = |other: &crate::world::Sent| {
                let (one, other) = (&one.request, &other.request);
                (one.method(), one.uri(), one.body()) == (other.method(), other.uri(), other.body())
            };
            if sent[..index].iter().any(same) {
                let (method, path) = (one.request.method(), one.request.path());
                return broken(format!("{method} {path} was sent twice, with the same body, in one exchange"));
            }
        }
        Ok(format!("{CALLERS} callers caused one exchange of {} requests", sent.len()))
    })?
}
