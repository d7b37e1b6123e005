//! Everything that can go wrong around one attempt, each in a world of its own.

use std::fmt::Debug;

use http::HeaderValue;
use http::header::CONTENT_TYPE;
use tokenex_core::{Error, Outcome, Provider};

use super::bench::{Bench, Failed, Trial};
use super::drive::Ended;
use super::slips::Slip;
use super::troubles::{TROUBLES, Wanted};
use crate::world::{IDENTITY, Scope, Sent, Trouble};

/// One attempt that something went wrong with.
#[derive(Debug, Clone)]
pub(super) struct Run {
    /// What went wrong, for people.
    pub(super) trouble: String,
    pub(super) scope: Scope,
    pub(super) wanted: Wanted,
    pub(super) end: End,
    /// Method and URL of each request that it sent.
    pub(super) requests: Vec<String>,
    /// Whether it got an identity token to show.
    pub(super) identity_asked: bool,
    pub(super) slips: Vec<Slip>,
}

/// How it ended.
#[derive(Debug, Clone)]
pub(super) enum End {
    Issued,
    Withdrawn,
    Failed(Error),
    Panicked,
    OutOfTime,
}

impl<P: Provider + Debug> Bench<P> {
    /// All of them, made once.
    pub(super) fn runs(&self) -> Result<&[Run], Failed> {
        let runs = self.runs.get_or_init(|| self.make_runs());
        runs.as_deref().map_err(Failed::clone)
    }

    fn make_runs(&self) -> Result<Vec<Run>, Failed> {
        let facts = self.facts()?;
        let mut runs = Vec::new();
        if facts.all_requests == 0 {
            return Ok(runs);
        }
        // Of two attempts all requests were its own, or its inputs in the scheduler sent some.
        let inputs_send = facts.all_requests > 2 * facts.own_requests;
        // One request by itself is worth looking at when there are others, its own or of its inputs.
        let alone = if facts.all_requests > 2 || facts.own_requests > 1 { facts.own_requests.min(5) } else { 0 };
        for (index, trouble) in TROUBLES.iter().enumerate() {
            let alone = if trouble.at_each_request() { alone } else { 0 };
            for scope in std::iter::once(Scope::All).chain((0..alone).map(Scope::Request)) {
                runs.push(self.trial(move |trial| suffer(trial, index, scope, inputs_send))??);
            }
        }
        runs.extend(self.trial(refused)??);
        Ok(runs)
    }
}

async fn suffer<P: Provider + Debug>(
    trial: Trial<P>,
    index: usize,
    scope: Scope,
    inputs_send: bool,
) -> Result<Run, Failed> {
    let trouble = &TROUBLES[index];
    if scope != Scope::All && inputs_send {
        trial.warm_up().await?;
    }
    trial.world.wire().trouble(in_the_targets_name((trouble.make)(&trial.world), &trial), scope);
    let told = match scope {
        Scope::All => trouble.name.to_owned(),
        Scope::Request(number) => format!("{} at request {}", trouble.name, number + 1),
    };
    Ok(watch(&trial, told, scope, trouble.wanted).await)
}

/// With the header by which the target's answers are known, where there is one. A page is somebody else's.
fn in_the_targets_name<P: Provider>(trouble: Trouble, trial: &Trial<P>) -> Trouble {
    match (trouble, trial.hooks.answer_header) {
        (Trouble::Instead(answer), Some((name, value))) => Trouble::instead(move |request| {
            let mut answer = answer(request);
            if answer.headers().get(CONTENT_TYPE).is_none_or(|kind| kind != "text/html") {
                answer.headers_mut().insert(name, HeaderValue::from_static(value));
            }
            answer
        }),
        (trouble, _) => trouble,
    }
}

/// The target refuses in its own words, where the fixture says how.
async fn refused<P: Provider + Debug>(trial: Trial<P>) -> Result<Option<Run>, Failed> {
    let Some(refuse) = &trial.hooks.refuse else { return Ok(None) };
    refuse();
    Ok(Some(watch(&trial, "the target's own refusal".to_owned(), Scope::All, Wanted::REFUSED).await))
}

async fn watch<P: Provider + Debug>(trial: &Trial<P>, trouble: String, scope: Scope, wanted: Wanted) -> Run {
    let tracked = trial.issue(if wanted.hangs { trial.short() } else { trial.plain() }).await;
    let end = match tracked.tried.ended {
        Ended::Done(Ok(Outcome::Issued(_))) => End::Issued,
        Ended::Done(Ok(_)) => End::Withdrawn,
        Ended::Done(Err(error)) => {
            trial.look_at_error(&format!("the error after {trouble}"), &error);
            End::Failed(error)
        }
        Ended::Panicked(text) => {
            trial.world.canary().search(&format!("the panic after {trouble}"), text);
            End::Panicked
        }
        Ended::Dropped | Ended::OutOfTime => End::OutOfTime,
    };
    trial.look_at("Debug of what is under test", &trial.provider);
    let sent = trial.world.wire().sent_by(tracked.tag);
    Run {
        trouble,
        scope,
        wanted,
        end,
        requests: sent.iter().map(Sent::line).collect(),
        identity_asked: tracked.handed.iter().any(|handed| handed.label == IDENTITY),
        slips: trial.slips(),
    }
}
