//! One small faulty provider for each law. The suite must catch it, and for that law alone.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::{AUTHORIZATION, HeaderValue};
use tokenex_core::{
    AnyTokenSource, AnyTransport, Attempt, Claims, Credential, Error, ErrorKind, Grant, IdentityToken, Input, Outcome,
    Provider, Renewal, Result, Retry, Revocation, Source as _, Target, TokenRequest, TokenSource, Transport as _,
};
use tokenex_testkit::conformance;
use tokenex_testkit::world::World;

use crate::conformance::bent::Bent;
use crate::conformance::key_server::{self, Key, KeyServer, check, grant};

/// The laws that a bent provider breaks.
#[track_caller]
fn caught_for(law: &'static str, bend: impl Fn(&World, Bent) -> Bent + Send + Sync + 'static) {
    let report = conformance::provider(move |world| {
        let (server, twin) = key_server::set_up(world);
        key_server::fixture(bend(world, Bent::new(server)), &twin)
    })
    .run();
    assert_eq!(report.broken(), [law], "{report}");
}

/// As the provider does it, with another request.
async fn exchange(
    server: &KeyServer,
    cx: &Attempt,
    request: http::Request<Bytes>,
    claims: &Claims,
) -> Result<Outcome<Key>> {
    let sent = cx.moment();
    let answer = cx.send(request).await?;
    check(&answer, cx, Some(claims))?;
    let (key, lifetime) = server.read(&answer)?;
    Ok(grant(key, lifetime).counted_from(sent).into())
}

#[test]
fn works_it_never_does() {
    let report = conformance::provider(|world| {
        let (server, twin) = key_server::set_up(world);
        twin.trust_nobody();
        key_server::fixture(server, &twin)
    })
    .run();
    assert_eq!(report.broken(), ["works"], "{report}");
    assert_eq!(report.not_run().len(), report.findings().len() - 1, "of what never works nothing else can be said");
}

#[test]
fn named_anew_each_time() {
    caught_for("named", |_, bent| {
        let count = AtomicUsize::new(0);
        bent.target(move || Target::new(format!("keys-{}", count.fetch_add(1, Ordering::Relaxed))))
    });
}

#[test]
fn own_transport_a_client_of_its_own() {
    caught_for("own-transport", |world, bent| {
        let client = AnyTransport::new(world.network().clone());
        bent.issue(move |server, cx| {
            let client = client.clone();
            Box::pin(async move {
                let (request, _) = server.login(cx).await?;
                let sent = cx.moment();
                let answer = client.send(request, cx.remaining()).await?;
                check(&answer, cx, None)?;
                let (key, lifetime) = server.read(&answer)?;
                Ok(grant(key, lifetime).counted_from(sent).into())
            })
        })
    });
}

#[test]
fn never_blocks_a_sleep_of_the_thread() {
    caught_for("never-blocks", |_, bent| {
        bent.issue(|server, cx| {
            std::thread::sleep(Duration::from_millis(150));
            Box::pin(server.issue(cx))
        })
    });
}

#[test]
fn cancel_safe_a_connection_that_is_lost_when_dropped() {
    /// Goes back when its user is done, or when a panic passes by; not when it is dropped on the way.
    struct Taken {
        pool: Arc<Mutex<Option<()>>>,
        done: bool,
    }
    impl Drop for Taken {
        fn drop(&mut self) {
            if self.done || std::thread::panicking() {
                *self.pool.lock().unwrap() = Some(());
            }
        }
    }
    caught_for("cancel-safe", |_, bent| {
        let pool = Arc::new(Mutex::new(Some(())));
        bent.issue(move |server, cx| {
            let pool = pool.clone();
            Box::pin(async move {
                let busy = || Error::new(ErrorKind::Unavailable, "the connection is in use");
                pool.lock().unwrap().take().ok_or_else(busy)?;
                let mut taken = Taken { pool, done: false };
                let result = server.issue(cx).await;
                taken.done = true;
                result
            })
        })
    });
}

#[test]
fn one_try_that_is_two() {
    caught_for("one-try", |_, bent| {
        bent.issue(|server, cx| {
            Box::pin(async move {
                match server.issue(cx).await {
                    Err(error) if error.kind() == ErrorKind::Unavailable => server.issue(cx).await,
                    result => result,
                }
            })
        })
    });
}

#[test]
fn single_flight_of_two_in_a_race() {
    caught_for("single-flight", |_, bent| {
        bent.issue(|server, cx| {
            Box::pin(async move {
                let (request, claims) = server.login(cx).await?;
                let (one, other) = tokio::join!(
                    exchange(server, cx, request.clone(), &claims),
                    exchange(server, cx, request.clone(), &claims)
                );
                one.or(other)
            })
        })
    });
}

#[test]
fn deadline_kept_by_the_attempt_but_not_by_its_task() {
    caught_for("deadline-kept", |_, bent| {
        bent.issue(|server, cx| {
            Box::pin(async move {
                let (request, claims) = server.login(cx).await?;
                let (transport, sent) = (cx.transport(), cx.moment());
                let task = tokio::spawn(async move { transport.send(request, Duration::from_secs(3600)).await });
                let answer = task.await.map_err(|_| Error::new(ErrorKind::Other, "the task is gone"))??;
                check(&answer, cx, Some(&claims))?;
                let (key, lifetime) = server.read(&answer)?;
                Ok(grant(key, lifetime).counted_from(sent).into())
            })
        })
    });
}

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
fn panic_contained_but_a_lock_is_poisoned() {
    caught_for("panic-contained", |_, bent| {
        let turn = Arc::new(Mutex::new(()));
        bent.issue(move |server, cx| {
            let turn = turn.clone();
            let mut issue = Box::pin(server.issue(cx));
            Box::pin(std::future::poll_fn(move |task| match turn.lock() {
                Ok(_one_at_a_time) => issue.as_mut().poll(task),
                Err(_) => std::task::Poll::Ready(Err(Error::new(ErrorKind::Other, "the lock is poisoned"))),
            }))
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
fn asked_anew_but_the_token_is_kept() {
    /// Keeps a token until it expires, as it is done where a token is good for more than one exchange.
    struct Keeping(AnyTokenSource, Mutex<Option<IdentityToken>>);
    impl TokenSource for Keeping {
        async fn token(&self, request: &TokenRequest<'_>) -> Result<Input<IdentityToken>> {
            let kept = self.1.lock().unwrap().clone();
            let now = request.attempt().clock().wall();
            if let Some(kept) = kept.filter(|kept| kept.claims().expires_at().is_some_and(|at| at > now)) {
                return Ok(Input::new(kept));
            }
            let input = self.0.token(request).await?;
            *self.1.lock().unwrap() = Some(input.value().clone());
            Ok(input)
        }
    }
    let report = conformance::provider(|world| {
        let (mut server, twin) = key_server::set_up(world);
        server.identity = AnyTokenSource::new(Keeping(server.identity, Mutex::default()));
        key_server::fixture(server, &twin)
    })
    .run();
    assert_eq!(report.broken(), ["asked-anew"], "{report}");
}

#[test]
fn inputs_unprinted_but_what_the_target_repeats() {
    caught_for("inputs-unprinted", |_, bent| {
        bent.issue(|server, cx| {
            Box::pin(async move {
                let (request, claims) = server.login(cx).await?;
                let sent = cx.moment();
                let answer = cx.send(request).await?;
                check(&answer, cx, Some(&claims)).map_err(|error| {
                    let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap_or_default();
                    let said: String =
                        body["error_description"].as_str().unwrap_or_default().chars().take(2000).collect();
                    error.with_source(std::io::Error::other(said))
                })?;
                let (key, lifetime) = server.read(&answer)?;
                Ok(grant(key, lifetime).counted_from(sent).into())
            })
        })
    });
}

#[test]
fn inputs_unprinted_but_logged() {
    caught_for("inputs-unprinted", |_, bent| {
        bent.issue(|server, cx| {
            Box::pin(async move {
                let secret = server.client_secret.fetch(cx).await?;
                tracing::trace!("logging in with {}", secret.value().expose());
                server.issue(cx).await
            })
        })
    });
}

#[test]
fn output_unprinted_but_logged() {
    caught_for("output-unprinted", |_, bent| {
        bent.issue(|server, cx| {
            Box::pin(async move {
                let (request, claims) = server.login(cx).await?;
                let sent = cx.moment();
                let answer = cx.send(request).await?;
                check(&answer, cx, Some(&claims))?;
                tracing::trace!(?answer, "the server has answered");
                let (key, lifetime) = server.read(&answer)?;
                Ok(grant(key, lifetime).counted_from(sent).into())
            })
        })
    });
}

#[test]
fn output_unprinted_but_in_the_error_about_an_answer_that_was_cut() {
    caught_for("output-unprinted", |_, bent| {
        bent.issue(|server, cx| {
            Box::pin(async move {
                let (request, claims) = server.login(cx).await?;
                let sent = cx.moment();
                let answer = cx.send(request).await?;
                check(&answer, cx, Some(&claims))?;
                let (key, lifetime) = server.read(&answer).map_err(|error| {
                    let text: String = String::from_utf8_lossy(answer.body()).chars().take(2000).collect();
                    error.with_source(std::io::Error::other(text))
                })?;
                Ok(grant(key, lifetime).counted_from(sent).into())
            })
        })
    });
}

#[test]
fn clean_urls_but_for_the_token() {
    caught_for("clean-urls", |_, bent| {
        bent.issue(|server, cx| {
            Box::pin(async move {
                let (mut request, claims) = server.login(cx).await?;
                let secret = server.client_secret.fetch(cx).await?;
                *request.uri_mut() = format!("{}?secret={}", request.uri(), secret.value().expose()).parse().unwrap();
                exchange(server, cx, request, &claims).await
            })
        })
    });
}

#[test]
fn marked_headers_but_for_one() {
    caught_for("marked-headers", |_, bent| {
        bent.revoke(|server, held, cx| {
            Box::pin(async move {
                let mut request = server.request(Method::DELETE, &format!("/keys/{}", held.id), None, String::new());
                let bearer = HeaderValue::try_from(format!("Bearer {}", held.secret.expose())).unwrap();
                request.headers_mut().insert(AUTHORIZATION, bearer);
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
fn identity_in_body_and_in_a_header() {
    caught_for("identity-in-body", |_, bent| {
        bent.issue(|server, cx| {
            Box::pin(async move {
                let identity = cx.identity(&server.identity, &[key_server::AUDIENCE]).await?;
                let (mut request, claims) = server.login(cx).await?;
                let mut header = HeaderValue::try_from(identity.value().secret().expose()).unwrap();
                header.set_sensitive(true);
                request.headers_mut().insert("x-identity", header);
                exchange(server, cx, request, &claims).await
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
