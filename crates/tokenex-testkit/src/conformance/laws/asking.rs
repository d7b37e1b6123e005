//! Whether each attempt asks anew.

use std::fmt::Debug;

use tokenex_core::Provider;

use crate::conformance::bench::{Bench, Failed, Judged, Trial, broken, does_not_apply};
use crate::world::{IDENTITY, Scope, Sent, Trouble};

pub(super) fn asked_anew<P: Provider + Debug>(bench: &Bench<P>) -> Judged {
    let facts = bench.facts()?;
    if facts.own_requests == 0 && facts.asks == 0 {
        return does_not_apply("it asks nobody itself");
    }
    let (asks, requests) = (facts.asks, facts.own_requests);
    bench.trial(move |trial| ask_four_times(trial, asks, requests))??;
    Ok(format!("four attempts asked anew, {asks} inputs and {requests} requests each"))
}

/// Two attempts that succeed, one that is refused, and one more.
async fn ask_four_times<P: Provider>(trial: Trial<P>, asks: usize, requests: usize) -> Result<(), Failed> {
    let wire = trial.world.wire().clone();
    let which = ["first", "second", "third, which is refused,", "fourth"];
    for (number, which) in which.into_iter().enumerate() {
        let refused = number == 2;
        if refused {
            let refusal =
                |_: &_| http::Response::builder().status(401).body(bytes::Bytes::new()).expect("a plain answer");
            wire.trouble(Trouble::instead(refusal), Scope::All);
        }
        let earlier = trial.identities();
        let tracked = trial.issue(trial.plain()).await;
        wire.heal();
        // Parents in the scheduler hand out for the first attempt what all children share.
        if number == 0 {
            continue;
        }
        let sent = wire.sent_by(tracked.tag);
        let now: Vec<&str> = tracked
            .handed
            .iter()
            .filter(|handed| handed.label == IDENTITY)
            .map(|handed| handed.text.as_str())
            .collect();
        if earlier.iter().any(|token| !now.contains(&token.as_str()) && sent.iter().any(|sent| holds(sent, token))) {
            return broken(format!("the {which} attempt sent an identity token of an earlier one"));
        }
        if asks > 0 && tracked.handed.is_empty() {
            return broken(format!("the {which} attempt asked no source"));
        }
        if requests > 0 && sent.is_empty() {
            return broken(format!("the {which} attempt sent nothing: its answer was kept from an earlier one"));
        }
    }
    Ok(())
}

/// Whether a token travels with a request; its characters need no encoding anywhere (RFC 7515 section 3.1).
fn holds(sent: &Sent, token: &str) -> bool {
    let request = &sent.request;
    let body = String::from_utf8_lossy(request.body());
    body.contains(token)
        || request.uri().to_string().contains(token)
        || request.headers().values().any(|value| String::from_utf8_lossy(value.as_bytes()).contains(token))
}
