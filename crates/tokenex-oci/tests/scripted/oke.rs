//! Pods in OKE: the call to the proxymux, and what it refuses.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokenex_core::sources::{Closure, StaticText};
use tokenex_core::{ErrorKind, Handle, TokenSource};
use tokenex_oci::{KeySize, OkeWorkload, SessionToken};
use tokenex_testkit::issuer::TokenBuilder;
use tokenex_testkit::twins::oci::ClusterTwin;
use tokenex_testkit::twins::{Fault, RetryAfter, Twin as _};

use crate::world::{World, minutes};

const HOST: &str = "10.96.0.1";
const PROXYMUX: &str = "10.96.0.1:12250";

struct Pod {
    world: World,
    cluster: ClusterTwin,
}

impl Pod {
    fn new() -> Self {
        let world = World::new();
        let cluster = world.oci.cluster(&world.issuer);
        cluster.route(&world.network, PROXYMUX);
        Self { world, cluster }
    }

    /// The projected token of a service account.
    fn service_account(&self) -> TokenBuilder {
        let token = self.world.issuer.token().subject("system:serviceaccount:shop:checkout");
        token.audience("https://kubernetes.default.svc").lifetime(minutes(60))
    }

    fn session(&self) -> Handle<SessionToken> {
        let jwt = self.service_account();
        self.session_with(Closure::plain(move |_| Ok(jwt.sign())))
    }

    fn session_with(&self, identity: impl TokenSource) -> Handle<SessionToken> {
        let builder = OkeWorkload::builder(HOST).identity(identity).transport(self.world.network.clone());
        self.world.keep(builder.build().unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_account_becomes_a_session_token_of_the_pod() {
    let pod = Pod::new();
    let token = pod.session().get().await.unwrap();
    assert!(token.secret().expose().starts_with("eyJ"), "the prefix of the key id is not the token's");
    assert_eq!(token.tenancy(), Some(&*pod.world.oci.tenancy()));
    assert_eq!(token.expires_at().unwrap().duration_since(pod.world.wall()).unwrap(), minutes(20));
    assert_eq!(pod.world.call(&token), 200);

    let request = &pod.world.network.requests_to(PROXYMUX)[0];
    assert_eq!((request.method().as_str(), request.path()), ("POST", "/resourcePrincipalSessionTokens"));
    assert_eq!(request.header("content-type"), "application/json");
    assert!(request.header("authorization").starts_with("Bearer eyJ"));
    assert!(request.headers()["authorization"].is_sensitive());
    assert_eq!(request.json(), json!({"podKey": STANDARD.encode(token.key().public_der())}));
}

#[tokio::test(start_paused = true)]
async fn tokens_stay_fresh_with_the_service_accounts_token_read_anew() {
    let pod = Pod::new();
    let (jwt, asked) = (pod.service_account().lifetime(minutes(10)), Arc::new(AtomicUsize::new(0)));
    let count = asked.clone();
    let session = pod.session_with(Closure::plain(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(jwt.sign())
    }));
    for _ in 0..60 {
        assert_eq!(pod.world.call(&session.get().await.unwrap()), 200);
        pod.world.seconds(60).await;
    }
    let issued = pod.cluster.issued();
    assert!((5..=6).contains(&issued), "{issued} exchanges in an hour of tokens for 20 minutes");
    assert_eq!(asked.load(Ordering::Relaxed) as u64, issued);
}

#[tokio::test(start_paused = true)]
async fn a_basic_cluster_a_foreign_account_and_bad_days_are_told_apart() {
    let pod = Pod::new();
    pod.cluster.enhanced(false);
    let error = pod.session().get().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Denied, false));
    assert!(error.to_string().contains("enhanced cluster"), "{error}");
    assert_eq!((error.provider(), error.step()), (Some("oci"), Some("OKE workload identity")));
    pod.cluster.enhanced(true);

    let forged = StaticText::new(pod.service_account().forged().sign());
    let error = pod.session_with(forged).get().await.unwrap_err();
    assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Identity, true));
    assert_eq!(error.presented().unwrap().subject, "system:serviceaccount:shop:checkout");

    for (fault, kind) in [
        (Fault::Throttled(RetryAfter::Seconds(5)), ErrorKind::Throttled),
        (Fault::OutOfOrder(503, RetryAfter::Absent), ErrorKind::Unavailable),
        (Fault::Html(200), ErrorKind::Protocol),
        (Fault::HalfBody, ErrorKind::Protocol),
    ] {
        pod.cluster.fault(1, fault.clone());
        let session = pod.session();
        let error = session.get().await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (kind, true), "{fault:?}: {error}");
        session.ready(minutes(1)).await.unwrap();
        session.close(minutes(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_size_of_the_key_is_chosen_and_answers_in_quotes_are_read() {
    let pod = Pod::new();
    let jwt = pod.world.upst(minutes(20)).sign();
    let answer = STANDARD.encode(json!({"token": format!("ST${jwt}")}).to_string());
    pod.world.says(PROXYMUX, 200, format!("\"{answer}\""));
    let identity = StaticText::new(pod.service_account().sign());
    let builder = OkeWorkload::builder(HOST).identity(identity).transport(pod.world.network.clone());
    let token = pod.world.keep(builder.key_size(KeySize::Rsa3072).build().unwrap()).get().await.unwrap();
    assert_eq!((token.secret().expose(), token.key().size()), (&*jwt, 3072));
}

#[cfg(feature = "http")]
#[tokio::test(start_paused = true)]
async fn a_ca_that_is_not_there_is_named() {
    let pod = Pod::new();
    let identity = StaticText::new(pod.service_account().sign());
    let builder = OkeWorkload::builder(HOST).identity(identity).ca_file("/nonexistent/ca.crt");
    let error = pod.world.keep(builder.build().unwrap()).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Identity, Some("missing")));
    assert!(error.to_string().contains("ca.crt"), "{error}");
}
