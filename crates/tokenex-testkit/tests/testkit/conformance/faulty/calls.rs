//! How it behaves while it is called: each breaks one law about that.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokenex_core::{
    AnyTokenSource, AnyTransport, Error, ErrorKind, IdentityToken, Input, Provider as _, Result, Target, TokenRequest,
    TokenSource, Transport as _,
};
use tokenex_testkit::conformance;

use crate::conformance::faulty::{caught_for, exchange};
use crate::conformance::key_server::{self, check};

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
                server.granted(&answer, sent)
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
                server.granted(&answer, sent)
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
