//! What a source hands out.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use tokenex_core::{IdentityToken, Result};

use crate::conformance::asked::{AUDIENCE, Ask, Asked, Value};
use crate::conformance::bench::{Bench, Failed, Judged, Trial, broken, not_run};

/// Longer than any token of the world lives.
const LATER: Duration = Duration::from_secs(2 * 3600);

/// What is secret in a token: the token.
pub(in crate::conformance) fn texts_of_token(token: &Value<IdentityToken>) -> Vec<String> {
    vec![token.0.secret().expose().to_owned()]
}

pub(super) fn nothing_stale<A: Ask + Debug>(bench: &Bench<Asked<A>>) -> Judged {
    bench.trial(two_values)??;
    Ok("the next value was handed out as soon as it was there".to_owned())
}

pub(super) fn no_stale_token<A: Ask<Value = IdentityToken> + Debug>(bench: &Bench<Asked<A>>) -> Judged {
    nothing_stale(bench)?;
    bench.trial(async |trial: Trial<Asked<A>>| -> Judged {
        let first = value(&trial, AUDIENCE).await.or_else(|error| broken::<Arc<_>>(error.to_string()))?;
        let Some(life) = first.claims().expires_at() else {
            return Ok("its tokens do not expire".to_owned());
        };
        trial.world.time().suspend(LATER);
        trial.hooks.next.iter().for_each(|next| next());
        let now = trial.world.clock().wall();
        if life > now {
            return Ok("its tokens outlive all waiting".to_owned());
        }
        match value(&trial, AUDIENCE).await {
            Ok(token) if token.claims().expires_at().is_some_and(|at| at <= now) => {
                broken("it handed out a token that had expired, when there was another one")
            }
            _ => Ok("neither a kept nor an expired token was handed out".to_owned()),
        }
    })?
}

async fn two_values<A: Ask + Debug>(trial: Trial<Asked<A>>) -> std::result::Result<(), Failed> {
    let mut seen = Vec::new();
    for _ in 0..2 {
        let value = value(&trial, AUDIENCE).await.or_else(|error| broken::<Arc<_>>(error.to_string()))?;
        let Some(texts) = trial.secrets(&Value(value)) else {
            return not_run("say with `SourceFixture::secrets` what is secret in a value: by that, two are told apart");
        };
        seen.push(texts);
        if seen.len() == 1 {
            trial.hooks.next.iter().for_each(|next| next());
        }
    }
    match (seen[0] == seen[1], trial.hooks.next.is_some()) {
        (false, _) => Ok(()),
        (true, true) => broken("it handed out the old value when there was a new one"),
        (true, false) => not_run("say with `SourceFixture::next` how the next value gets to where the source finds it"),
    }
}

pub(super) fn audience<A: Ask<Value = IdentityToken> + Debug>(bench: &Bench<Asked<A>>) -> Judged {
    bench.trial(async |trial: Trial<Asked<A>>| -> Judged {
        const OTHER: &str = "conformance-b";
        let has = |token: &IdentityToken, audience: &str| token.claims().audiences().iter().any(|one| one == audience);
        let first = value(&trial, AUDIENCE).await.or_else(|error| broken::<Arc<_>>(error.to_string()))?;
        if !has(&first, AUDIENCE) {
            return Ok("it cannot choose, and hands out what it has".to_owned());
        }
        match value(&trial, OTHER).await {
            Ok(token) if has(&token, OTHER) => Ok("each token is for the audience asked for".to_owned()),
            Ok(_) => broken(format!(
                "asked for \"{AUDIENCE}\" and then for \"{OTHER}\", it handed out a token for the first again"
            )),
            Err(error) => broken(format!("asked for a second audience it fails: {error}")),
        }
    })?
}

async fn value<A: Ask + Debug>(trial: &Trial<Asked<A>>, audience: &str) -> Result<Arc<A::Value>> {
    let cx = trial.world.attempt(trial.plain().limit);
    trial.provider.ask(&cx, audience).await
}
