//! Whether the end is one.

use std::fmt::Debug;
use std::time::Duration;

use tokenex_core::Provider;

use crate::conformance::bench::{Bench, Failed, Judged, Trial, broken, does_not_apply, not_run};
use crate::conformance::drive::Ended;

pub(super) fn revoked_once<P: Provider + Debug>(bench: &Bench<P>) -> Judged
where
    P::Credential: Debug,
{
    if !bench.life()?.revokes {
        return does_not_apply("nothing that it hands out can be revoked");
    }
    bench.trial(revoke_one_of_two)??;
    Ok("of two, the one that was closed ended at the target, and a second revocation did no harm".to_owned())
}

async fn revoke_one_of_two<P: Provider>(trial: Trial<P>) -> Result<(), Failed> {
    let Some(works) = &trial.hooks.works else {
        return not_run("say with `Fixture::works` how to ask the target whether a credential works now");
    };
    let failed = |error: tokenex_core::Error| broken::<std::sync::Arc<_>>(error.to_string());
    let (one, calls) = trial.keep();
    let held = one.get().await.or_else(failed)?;
    let (other, _) = trial.keep();
    let bystander = other.get().await.or_else(failed)?;
    let before = trial.world.wire().sent().len();
    let report = one.close(Duration::from_secs(60)).await;
    let requests = trial.world.wire().sent().split_off(before);
    if calls.revoke() != 1 || report.accepted != 1 {
        return broken(format!("closing it was no revocation that the target accepted: {report}"));
    }
    if requests.len() > 1 {
        return broken(format!("{} requests were sent to revoke one credential", requests.len()));
    }
    if works(&held) {
        return broken("the revocation is said to be accepted, and the credential still works at the target");
    }
    if !works(&bystander) {
        return broken("revoking one credential has ended another one too");
    }
    if let Ended::Panicked(_) = trial.revoke(&held, trial.plain()).await.tried.ended {
        return broken("revoking it once more panics");
    }
    if !works(&bystander) {
        return broken("revoking one credential for the second time has ended another one");
    }
    Ok(())
}
