//! What it makes of an answer: each breaks one law about that.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use tokenex_core::{
    Attempt, Credential, Error, ErrorKind, Grant, Outcome, Provider, Renewal, Result, Retry, Revocation, Target,
};
use tokenex_testkit::conformance;

use crate::conformance::faulty::caught_for;
use crate::conformance::key_server::{self, Key, KeyServer, check, grant};

#[test]
fn classified_as_terminal_when_it_is_an_outage() {
    caught_for("classified", |_, bent| {
        bent.issue(|server, cx| {
            Box::pin(async move {
                let result = server.issue(cx).await;
                result.map_err(|error| match error.status().is_some_and(|status| status.is_server_error()) {
                    true => error.with_retry(Retry::Terminal),
                    false => error,
                })
            })
        })
    });
}

#[test]
fn classified_without_the_wait_that_the_target_asked_for() {
    caught_for("classified", |_, bent| {
        bent.issue(|server, cx| {
            Box::pin(async move {
                let throttled = |error: Error| match error.kind() {
                    ErrorKind::Throttled => Error::new(ErrorKind::Throttled, "slow down"),
                    _ => error,
                };
                server.issue(cx).await.map_err(throttled)
            })
        })
    });
}

#[test]
fn classified_never_since_it_panics() {
    caught_for("classified", |_, bent| {
        bent.issue(|server, cx| {
            Box::pin(async move {
                let result = server.issue(cx).await;
                // As an `unwrap` of what could not be read does, without the noise.
                if result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Protocol) {
                    std::panic::resume_unwind(Box::new("an answer of the target is as documented"));
                }
                result
            })
        })
    });
}

#[test]
fn withdrawn_when_said_and_when_denied() {
    caught_for("withdrawn-when-said", |_, bent| {
        bent.issue(|server, cx| {
            Box::pin(async move {
                match server.issue(cx).await {
                    Err(error) if error.kind() == ErrorKind::Denied => Ok(Outcome::Withdrawn),
                    result => result,
                }
            })
        })
    });
}

#[test]
fn expiry_honoured_but_counted_from_the_answer() {
    caught_for("expiry-honoured", |_, bent| {
        bent.issue(|server, cx| {
            Box::pin(async move {
                let (request, claims) = server.login(cx).await?;
                let answer = cx.send(request).await?;
                check(&answer, cx, Some(&claims))?;
                let (key, lifetime) = server.read(&answer)?;
                Ok(grant(key, lifetime).counted_from(cx.moment()).into())
            })
        })
    });
}

#[test]
fn expiry_honoured_but_not_of_a_renewal() {
    caught_for("expiry-honoured", |_, bent| {
        bent.renew(|server, held, cx| {
            Box::pin(async move {
                Ok(match server.renew(held, cx).await? {
                    Renewal::Extended { lifetime, counted_from, again } => {
                        Renewal::Extended { lifetime: lifetime + Duration::from_secs(60), counted_from, again }
                    }
                    not => not,
                })
            })
        })
    });
}

#[test]
fn expiry_honoured_but_a_time_of_the_targets_clock_is_made_of_ours() {
    caught_for("expiry-honoured", |world, bent| {
        let target_now = world.target_clock();
        bent.issue(move |server, cx| {
            let target_now = target_now.clone();
            Box::pin(async move {
                let (request, claims) = server.login(cx).await?;
                let answer = cx.send(request).await?;
                check(&answer, cx, Some(&claims))?;
                let (key, lifetime) = server.read(&answer)?;
                // The target said "until then", and somebody asked his own clock how long that is.
                let left = (target_now() + lifetime).duration_since(cx.clock().wall()).unwrap_or_default();
                Ok(grant(key, left).into())
            })
        })
    });
}

#[test]
fn revoked_once_is_said_and_not_done() {
    caught_for("revoked-once", |_, bent| bent.revoke(|_, _, _| Box::pin(async { Ok(Revocation::Accepted) })));
}

#[test]
fn revoked_once_but_the_newest_and_not_the_one_that_is_held() {
    caught_for("revoked-once", |_, bent| {
        let newest = Arc::new(Mutex::new(None::<Key>));
        let (written, read) = (newest.clone(), newest);
        bent.issue(move |server, cx| {
            let newest = written.clone();
            Box::pin(async move {
                let (request, claims) = server.login(cx).await?;
                let sent = cx.moment();
                let answer = cx.send(request).await?;
                check(&answer, cx, Some(&claims))?;
                let (key, lifetime) = server.read(&answer)?;
                *newest.lock().unwrap() = Some(Key { id: key.id.clone(), secret: key.secret.clone() });
                Ok(grant(key, lifetime).counted_from(sent).into())
            })
        })
        .revoke(move |server, held, cx| {
            let newest = read.lock().unwrap().take().map(|key| (key.id, key.secret));
            Box::pin(async move {
                let (id, secret) = newest.unwrap_or_else(|| (held.id.clone(), held.secret.clone()));
                let key = Key { id, secret };
                let request = server.request(Method::DELETE, &format!("/keys/{}", key.id), Some(&key), String::new());
                let answer = cx.send(request).await?;
                if answer.status() != http::StatusCode::NOT_FOUND {
                    check(&answer, cx, None)?;
                }
                Ok(Revocation::Accepted)
            })
        })
    });
}

#[test]
fn same_as_any_other() {
    #[derive(Debug)]
    struct Alike(Key);
    impl Credential for Alike {
        fn same_as(&self, _: &Self) -> bool {
            true
        }
    }
    #[derive(Debug)]
    struct AllAlike(KeyServer);
    impl Provider for AllAlike {
        type Credential = Alike;

        fn name(&self) -> &'static str {
            "all-alike"
        }

        fn target(&self) -> Target {
            self.0.target()
        }

        async fn issue(&self, cx: &Attempt) -> Result<Outcome<Alike>> {
            let (request, claims) = self.0.login(cx).await?;
            let sent = cx.moment();
            let answer = cx.send(request).await?;
            check(&answer, cx, Some(&claims))?;
            let (key, lifetime) = self.0.read(&answer)?;
            Ok(Grant::new(Alike(key)).lifetime(lifetime).counted_from(sent).into())
        }
    }
    let report = conformance::provider(|world| {
        let (server, twin) = key_server::set_up(world);
        conformance::Fixture::new(AllAlike(server))
            .secrets(|alike| vec![alike.0.secret.expose().to_owned()])
            .works(move |alike| twin.knows(&alike.0))
    })
    .run();
    assert_eq!(report.broken(), ["same-as"], "{report}");
}
