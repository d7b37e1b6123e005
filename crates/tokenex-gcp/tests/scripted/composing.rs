//! Chains through several clouds: nothing but compositions.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::Value;
use tokenex_core::sources::Closure;
use tokenex_core::{
    AnyTokenSource, Attempt, Credential, Error, ErrorKind, Grant, Outcome, Provider, Result, Secret, Target,
    TokenSource,
};
use tokenex_gcp::{ImpersonatedIdToken, WorkloadIdentity};
use tokenex_testkit::issuer::{IssuerKeys, PooledKeys};
use tokenex_testkit::twins::google::Endpoint;

use crate::world::{World, minutes};

const VAULT: &str = "vault.test";

/// The login of a third system that trusts Google's ID tokens for one account.
struct Login(Secret);

impl Credential for Login {
    fn same_as(&self, other: &Self) -> bool {
        self.0.same_as(&other.0)
    }
}

/// Logs in there with whatever identity it is given.
struct ThirdSystem(AnyTokenSource);

impl ThirdSystem {
    fn new(identity: impl TokenSource) -> Self {
        Self(AnyTokenSource::new(identity))
    }
}

impl Provider for ThirdSystem {
    type Credential = Login;

    fn name(&self) -> &'static str {
        "third"
    }

    fn target(&self) -> Target {
        Target::new(format!("https://{VAULT}"))
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<Login>> {
        let identity = cx.identity(&self.0, &["vault"]).await?;
        let body = Bytes::from(identity.value().secret().expose().to_owned());
        let request = http::Request::post(format!("https://{VAULT}/login")).body(body).unwrap();
        let answer = cx.send(request).await?;
        match answer.status() {
            StatusCode::OK => {
                let token = String::from_utf8(answer.into_body().to_vec()).unwrap();
                Ok(Grant::new(Login(token.into())).lifetime(minutes(15)).into())
            }
            status => Err(Error::new(ErrorKind::Trust, "refused").with_status(status)),
        }
    }
}

/// Verifies as such a system does: signature, issuer, audience, and whose account it is.
fn third_system(world: &World) -> Arc<Mutex<Vec<Value>>> {
    let (keys, subject, seen) =
        (world.twin.id_token_keys(), world.account.unique_id(), Arc::new(Mutex::new(Vec::new())));
    let book = seen.clone();
    world.answers(VAULT, move |request| {
        let claims = std::str::from_utf8(request.body()).ok().and_then(|jwt| keys.verify(jwt).ok());
        let good = claims.filter(|claims| {
            claims["iss"] == "https://accounts.google.com"
                && claims["aud"] == "vault"
                && claims["sub"] == subject.as_str()
        });
        match good {
            Some(claims) => {
                book.lock().unwrap().push(claims);
                Response::new(Bytes::from(format!("login-{}", book.lock().unwrap().len())))
            }
            None => Response::builder().status(400).body(Bytes::new()).unwrap(),
        }
    });
    seen
}

/// Managed identity of another cloud, federated token, ID token of a service account, login elsewhere.
#[tokio::test(start_paused = true)]
async fn a_managed_identity_becomes_a_google_id_token_and_that_a_login_elsewhere() {
    const TENANT: &str = "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0";
    const OBJECT_ID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let world = World::new();
    let logins = third_system(&world);
    let time = world.time.clone();
    let azure = IssuerKeys::with(TENANT, PooledKeys, move || tokenex_core::time::TimeSource::wall(&time));
    world.twin.reach(&azure);
    let provider = world.project.provider("azure", "entra", TENANT);
    provider.allow_audience("api://gcp");
    world.account.bind(&provider.principal(OBJECT_ID));

    // The platform hands out the same token for hours, whatever else it is asked for.
    let jwt = azure.token().subject(OBJECT_ID).audience("api://gcp").lifetime(minutes(24 * 60)).sign();
    let managed_identity = Closure::plain(move |_| Ok(jwt.clone()));
    let federated =
        WorkloadIdentity::builder(provider.audience(), managed_identity).accept_audience("api://gcp").build().unwrap();
    let federated = world.scheduler.keep(federated);
    let identity = ImpersonatedIdToken::builder(world.account.email(), federated).build().unwrap();
    let login = world.scheduler.keep(ThirdSystem::new(identity));

    login.ready(Duration::from_secs(10)).await.unwrap();
    for _ in 0..240 {
        world.seconds(60).await;
        assert!(login.peek().is_some());
    }
    let of = |endpoint| world.twin.exchanges().iter().filter(|one| one.endpoint == endpoint).count();
    let (exchanges, id_tokens) = (of(Endpoint::TokenExchange), of(Endpoint::IdToken));
    assert!(exchanges <= 8, "{exchanges} exchanges in four hours: the federated token is used again");
    assert_eq!(id_tokens, logins.lock().unwrap().len(), "each login carries a token of its own");
    assert!(id_tokens >= 20, "{id_tokens} logins in four hours");
}

#[tokio::test(start_paused = true)]
async fn a_kept_id_token_is_an_identity_as_well() {
    let world = World::new();
    third_system(&world);
    let kept =
        ImpersonatedIdToken::builder(world.account.email(), world.federated()).audience("vault").build().unwrap();
    let kept = world.scheduler.keep(kept);
    world.scheduler.keep(ThirdSystem::new(kept)).get().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn another_subject_gets_nowhere() {
    let world = World::new();
    third_system(&world);
    let stranger = world.issuer.token().subject("repo:org/fork");
    let source = Closure::plain(move |audience| Ok(stranger.clone().audience(audience.unwrap_or_default()).sign()));
    let federated = world.scheduler.keep(world.builder_with(source).build().unwrap());
    federated.get().await.unwrap();
    let identity = ImpersonatedIdToken::builder(world.account.email(), federated).build().unwrap();
    let error = world.scheduler.keep(ThirdSystem::new(identity)).get().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code(), error.provider()),
        (ErrorKind::Denied, Some("IAM_PERMISSION_DENIED"), Some("gcp"))
    );
}
