//! What it is called, and which credential is which.

use std::fmt::Debug;

use tokenex_core::{Credential as _, Provider};

use crate::conformance::bench::{Bench, Judged, Trial, broken, not_run};

pub(super) fn named<P: Provider + Debug>(bench: &Bench<P>) -> Judged {
    bench.trial(async move |trial: Trial<P>| -> Judged {
        let names = || (trial.provider.name(), trial.provider.target());
        let (name, target) = names();
        let plain = |text: &str| !text.is_empty() && text.len() <= 200 && !text.contains(char::is_control);
        if !plain(name) || name.contains(char::is_whitespace) {
            return broken(format!("its name {name:?} is empty, long, or not one word"));
        }
        if !plain(target.name()) {
            return broken(format!("its target {:?} is empty, long, or holds control characters", target.name()));
        }
        trial.warm_up().await?;
        trial.warm_up().await?;
        if names() != (name, target.clone()) {
            return broken("its name or its target is another one after an attempt");
        }
        let canary = trial.world.canary().with_fresh_ears();
        canary.search("its name", name);
        canary.search("its target", target.name());
        match canary.findings().leaks.first() {
            Some(leak) => broken(leak.to_string()),
            None => Ok(format!("{name} at {target}")),
        }
    })?
}

pub(super) fn same_as<P: Provider + Debug>(bench: &Bench<P>) -> Judged {
    bench.trial(async move |trial: Trial<P>| -> Judged {
        let one = trial.keep().0.get().await.or_else(|error| broken::<std::sync::Arc<_>>(error.to_string()))?;
        trial.wait(std::time::Duration::from_secs(2)).await;
        let other = trial.keep().0.get().await.or_else(|error| broken::<std::sync::Arc<_>>(error.to_string()))?;
        if !one.same_as(&one) || !other.same_as(&other) {
            return broken("a credential is not the same as itself");
        }
        if one.same_as(&other) != other.same_as(&one) {
            return broken("it depends on the order in which two credentials are compared");
        }
        let (Some(a), Some(b)) = (trial.secrets(&one), trial.secrets(&other)) else {
            return not_run("say with `Fixture::secrets` what is secret in a credential: by that, two are told apart");
        };
        match (one.same_as(&other), a == b) {
            (true, false) => broken("two credentials with different secrets are said to be the same"),
            (false, true) if !a.is_empty() => broken("two credentials with the same secrets are said to be different"),
            (same, _) => {
                Ok(format!("two attempts brought {}", if same { "the same one" } else { "two different ones" }))
            }
        }
    })?
}
