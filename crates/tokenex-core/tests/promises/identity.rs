//! Identity tokens on their way into an exchange: what is refused, what is waited for, what is fetched anew.

use std::sync::{Arc, Mutex};

use tokenex_core::sources::Closure;
use tokenex_core::{
    AnyTokenSource, Attempt, Credential, ErrorKind, Grant, Handle, Outcome, Passthrough, Provider, Result, Scheduler,
    State, Target,
};
use tokenex_testkit::clock::TestClock;
use tokenex_testkit::issuer::{IssuerKeys, PooledKeys};

use crate::support::*;

/// An issuer on the moved clock, and what its tokens were asked for.
struct Issuer {
    world: World,
    keys: Arc<IssuerKeys>,
}

impl Issuer {
    fn new() -> Self {
        let world = World::new();
        let clock = world.time.clock();
        let keys = Arc::new(IssuerKeys::with("https://issuer.test", PooledKeys, move || clock.wall()));
        Self { world, keys }
    }

    /// Keeps what this closure makes of (issuer, call number), through a provider that takes the audiences `a` and `b`.
    fn keep(&self, make: impl Fn(&IssuerKeys, u64) -> String + Send + Sync + 'static) -> (Handle<Token>, Asked) {
        let (keys, asked) = (self.keys.clone(), Asked::default());
        let log = asked.clone();
        let source = Closure::plain(move |audience: Option<String>| {
            let mut log = log.lock().expect("no test panics with it");
            log.push(audience.unwrap_or_default());
            Ok(make(&keys, log.len() as u64))
        });
        (self.world.scheduler.keep(Exchange(AnyTokenSource::new(source))), asked)
    }
}

type Asked = Arc<Mutex<Vec<String>>>;

/// Takes an identity token and hands out a token of a minute. Sends nothing.
struct Exchange(AnyTokenSource);

impl Provider for Exchange {
    type Credential = Token;

    fn name(&self) -> &'static str {
        "exchange"
    }

    fn target(&self) -> Target {
        Target::new("exchange")
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<Token>> {
        cx.identity(&self.0, &["a", "b"]).await?;
        Ok(Grant::new(Token(cx.number())).lifetime(s(60)).into())
    }
}

#[tokio::test(start_paused = true)]
async fn the_source_is_asked_for_the_first_audience_anew_in_each_attempt() {
    let issuer = Issuer::new();
    let (handle, asked) = issuer.keep(|keys, _| keys.token().audience("b").sign());
    handle.get().await.unwrap();
    issuer.world.time.advance(s(100)).await;
    let asked = asked.lock().unwrap();
    assert!(asked.len() >= 3 && asked.iter().all(|audience| audience == "a"), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_jwt_is_refused_and_recovers_without_a_restart() {
    let issuer = Issuer::new();
    let (handle, _) =
        issuer.keep(|keys, n| if n < 3 { "no jwt at all".to_owned() } else { keys.token().audience("a").sign() });
    let error = handle.get().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Identity);
    assert!(!error.to_string().contains("no jwt at all"), "{error}");
    handle.ready(s(60)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_token_for_another_audience_is_refused_and_both_are_named() {
    let issuer = Issuer::new();
    let (handle, _) = issuer.keep(|keys, _| keys.token().audience("somebody else").subject("me").sign());
    let error = handle.get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Identity, Some("wrong_audience")));
    let presented = error.presented().unwrap();
    assert_eq!((presented.audience.as_str(), presented.subject.as_str()), ("somebody else", "me"));
    assert!(error.to_string().contains(r#""a" or "b""#), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_expired_token_is_fetched_anew_once_and_refused_only_beyond_the_leeway() {
    let issuer = Issuer::new();
    // Five minutes of leeway: servers have some too.
    let (handle, asked) = issuer.keep(|keys, _| keys.token().audience("a").expired_since(s(290)).sign());
    handle.get().await.unwrap();
    assert_eq!(asked.lock().unwrap().len(), 2, "one fresh fetch");

    let (handle, asked) = issuer.keep(|keys, _| keys.token().audience("a").expired_since(s(310)).sign());
    let error = handle.get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Identity, Some("expired")));
    assert!(error.to_string().contains("expired 310 s ago"), "{error}");
    assert_eq!(asked.lock().unwrap().len(), 2, "one fresh fetch and no more");

    let (handle, _) = issuer.keep(|keys, n| {
        let token = keys.token().audience("a");
        if n == 1 { token.expired_since(s(4000)).sign() } else { token.sign() }
    });
    handle.get().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_token_not_yet_valid_is_waited_for_when_the_clocks_differ_a_little() {
    let issuer = Issuer::new();
    let now = issuer.world.time.clock().wall();
    let (handle, _) = issuer.keep(move |keys, _| keys.token().audience("a").not_before(now + s(20)).sign());
    handle.get().await.unwrap();
    assert_eq!(issuer.world.now().as_secs(), 20);

    let (handle, _) = issuer.keep(move |keys, _| keys.token().audience("a").not_before(now + s(3600)).sign());
    let error = handle.get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Identity, Some("not_yet_valid")));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_goes_bad_leaves_what_is_in_hand() {
    let issuer = Issuer::new();
    let (handle, _) =
        issuer.keep(|keys, n| if n == 1 { keys.token().audience("a").sign() } else { String::from("rubbish") });
    handle.get().await.unwrap();
    issuer.world.time.advance(s(59)).await;
    assert!(handle.peek().is_some());
    assert_eq!(handle.status().state, State::Degraded);
}

#[tokio::test(start_paused = true)]
async fn the_pass_through_keeps_the_token_itself_fresh() {
    let issuer = Issuer::new();
    let keys = issuer.keys.clone();
    let source = Closure::plain(move |_| Ok(keys.token().audience("a").subject("me").lifetime(s(600)).sign()));
    let handle = issuer.world.scheduler.keep(Passthrough::new(source).audience("a"));
    let first = handle.get().await.unwrap();
    assert_eq!((first.claims().subject(), first.generation()), (Some("me"), 1));
    assert_eq!(first.fingerprint(), first.claims().id());
    for _ in 0..300 {
        issuer.world.time.advance(s(10)).await;
        let token = handle.peek().expect("always a fresh one");
        assert!(token.claims().expires_at().unwrap() > issuer.world.time.clock().wall());
    }
    // It is an identity for the next exchange.
    let next = issuer.world.scheduler.keep(Exchange(AnyTokenSource::new(handle.clone())));
    next.get().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_token_without_an_end_is_read_again_from_time_to_time() {
    let time = TestClock::new();
    let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).clock(time.clock()).seed(3).start();
    let keys = IssuerKeys::new("https://issuer.test");
    let source = Closure::plain(move |_| Ok(keys.token().without("exp").sign()));
    let handle = scheduler.keep(Passthrough::new(source));
    assert!(handle.get().await.unwrap().expires_at().is_none());
    time.advance(s(3600)).await;
    let attempts = handle.status().attempts;
    assert!((4..=6).contains(&attempts), "each quarter of an hour: {attempts}");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_the_target_calls_stale_is_not_sent_twice() {
    let time = TestClock::new();
    let keys = IssuerKeys::with("https://issuer.test", PooledKeys, {
        let clock = time.clock();
        move || clock.wall()
    });
    let network = tokenex_testkit::transport::InMemory::new();
    let cx = Attempt::detached(time.clock(), network.transport(), s(30));
    let fixed = keys.token().audience("a").sign();
    let same = AnyTokenSource::new(Closure::plain({
        let fixed = fixed.clone();
        move |_| Ok(fixed.clone())
    }));
    let minted = AnyTokenSource::new(Closure::plain(move |_| Ok(keys.token().audience("a").sign())));

    let refused = cx.identity(&same, &["a"]).await.unwrap().into_value();
    assert!(cx.other_identity(&same, &["a"], &refused).await.unwrap().is_none());
    assert!(cx.other_identity(&minted, &["a"], &refused).await.unwrap().is_some());
    assert_eq!(cx.other_identity(&minted, &["b"], &refused).await.unwrap_err().code(), Some("wrong_audience"));
}

#[tokio::test(start_paused = true)]
async fn a_handle_whose_token_the_target_calls_stale_gets_itself_another_one() {
    let issuer = Issuer::new();
    let (clock, keys) = (issuer.world.time.clock(), issuer.keys.clone());
    let minting = Passthrough::new(Closure::plain(move |_| Ok(keys.token().audience("a").sign())));
    let fixed = issuer.keys.token().audience("a").sign();
    let fixed = Passthrough::new(Closure::plain(move |_| Ok(fixed.clone())));
    let network = tokenex_testkit::transport::InMemory::new();
    let cx = Attempt::detached(clock, network.transport(), s(30));

    let kept = issuer.world.scheduler.keep(minting);
    let source = AnyTokenSource::new(kept.clone());
    let refused = cx.identity(&source, &["a"]).await.unwrap().into_value();
    let other = cx.other_identity(&source, &["a"], &refused).await.unwrap().expect("another token");
    assert!(!other.value().same_as(&refused));
    assert_eq!(kept.get().await.unwrap().generation(), 2);
    // Already replaced, so nobody is told again.
    assert!(cx.other_identity(&source, &["a"], &refused).await.unwrap().is_some());
    assert_eq!(kept.get().await.unwrap().generation(), 2);

    let source = AnyTokenSource::new(issuer.world.scheduler.keep(fixed));
    let refused = cx.identity(&source, &["a"]).await.unwrap().into_value();
    assert!(cx.other_identity(&source, &["a"], &refused).await.unwrap().is_none());
}
