//! Sources: those of core keep all laws, and faulty ones are caught.

use std::path::PathBuf;
use std::sync::Mutex;

use bytes::Bytes;
use http::Response;
use tokenex_core::sources::{Closure, Command, EnvVar, File, GitHubActions, StaticText, Url};
use tokenex_core::{IdentityToken, Input, Result, Secret, TokenRequest, TokenSource};
use tokenex_testkit::canary::Canary;
use tokenex_testkit::conformance::{self, SourceFixture};
use tokenex_testkit::issuer::IssuerKeys;
use tokenex_testkit::twins::github::Job;
use tokenex_testkit::world::World;

/// Puts an issuer on the network that asks for a password, as those of CI systems do, and makes a token for the audience
/// in the query.
fn token_server(world: &World) -> String {
    let (issuer, password) = (world.issuer().clone(), world.secret("password of the job"));
    let wanted = format!("Bearer {password}");
    world.network().route("ci.test", move |request| {
        let audience = request.uri().query().and_then(|query| query.strip_prefix("audience=")).unwrap_or_default();
        let known = request.headers().get("authorization").is_some_and(|value| value == wanted.as_str());
        let jwt = issuer.token().audience(audience).sign();
        let (status, body) = if known { (200, serde_json::json!({"value": jwt})) } else { (401, "who?".into()) };
        std::future::ready(Response::builder().status(status).body(Bytes::from(body.to_string())).unwrap())
    });
    format!("Bearer {password}")
}

fn url(world: &World) -> Url {
    let bearer = token_server(world);
    Url::new("https://ci.test/token?audience={audience}")
        .unwrap()
        .header("authorization", bearer)
        .unwrap()
        .json_field("value")
}

/// A file of its own for each trial, and what writes another token into it. It goes with the latter.
fn token_file(issuer: &IssuerKeys) -> (PathBuf, impl Fn() + use<>) {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("conformance-{:016x}", fastrand::u64(..)));
    let (token, file) = (issuer.token().audience("vault"), TokenFile(path.clone()));
    let write = move || std::fs::write(&file.0, token.sign()).unwrap();
    write();
    (path, write)
}

/// Is removed when this is dropped.
struct TokenFile(PathBuf);

impl Drop for TokenFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_url_keeps_every_law() {
    let report = conformance::token_source(|world| SourceFixture::new(url(world))).run();
    report.assert_all();
    assert!(report.verdict("audience").is_kept(), "{report}");
}

#[test]
fn a_url_as_a_source_of_secrets_keeps_every_law() {
    conformance::source(|world| {
        SourceFixture::new(url_without_audience(world)).secrets(|secret: &Secret| vec![secret.expose().to_owned()])
    })
    .run()
    .assert_all();
}

fn url_without_audience(world: &World) -> Url {
    let bearer = token_server(world);
    Url::new("https://ci.test/token?audience=x").unwrap().header("authorization", bearer).unwrap().json_field("value")
}

#[test]
fn the_token_service_of_a_job_keeps_every_law() {
    conformance::token_source(|world| {
        let job = Job::with_clock("acme", "shop", world.target_clock());
        world.route("actions.test", &job);
        world.canary().watch("request token", job.request_token());
        SourceFixture::new(GitHubActions::new(&job.request_url("https://actions.test"), job.request_token()).unwrap())
    })
    .run()
    .assert_all();
}

#[test]
fn a_file_keeps_every_law() {
    let report = conformance::token_source(|world| {
        let (path, write) = token_file(world.issuer());
        SourceFixture::new(File::new(path)).next(write).offline()
    })
    .run();
    report.assert_all();
}

#[test]
fn a_program_keeps_every_law() {
    conformance::token_source(|world| {
        let (path, write) = token_file(world.issuer());
        SourceFixture::new(Command::new("cat").arg(path.to_str().unwrap())).next(write).offline()
    })
    .in_real_time()
    .run()
    .assert_all();
}

#[test]
fn a_closure_keeps_every_law() {
    conformance::token_source(|world| {
        let token = world.issuer().token();
        SourceFixture::new(Closure::plain(move |audience| {
            Ok(token.clone().audience(audience.unwrap_or_default()).sign())
        }))
        .offline()
    })
    .run()
    .assert_all();
}

#[test]
fn the_worlds_own_sources_keep_every_law() {
    conformance::token_source(|world| SourceFixture::new(world.identity()).offline()).run().assert_all();
}

#[test]
fn a_text_that_never_changes_is_reported_as_not_looked_at() {
    let report =
        conformance::token_source(|world| SourceFixture::new(StaticText::new(world.issuer().token().sign())).offline())
            .run();
    assert_eq!((report.broken(), report.not_run()), (vec![], vec!["nothing-stale"]), "{report}");
    assert!(std::panic::catch_unwind(|| report.assert_all()).is_err(), "what was not looked at is no proof");
    report.assert_none_broken();
}

/// Hands out what another source hands out, in its own way.
#[derive(Debug)]
struct Keeping(Url, Mutex<Option<IdentityToken>>);

impl TokenSource for Keeping {
    async fn token(&self, request: &TokenRequest<'_>) -> Result<Input<IdentityToken>> {
        let kept = self.1.lock().unwrap().clone();
        if let Some(kept) = kept {
            return Ok(Input::new(kept));
        }
        let input = self.0.token(request).await?;
        *self.1.lock().unwrap() = Some(input.value().clone());
        Ok(input)
    }
}

#[test]
fn nothing_stale_but_the_first_token_for_ever() {
    let report = conformance::token_source(|world| {
        let next = || {};
        SourceFixture::new(Keeping(url(world), Mutex::default())).next(next)
    })
    .run();
    assert!(report.broken().contains(&"nothing-stale"), "{report}");
}

#[derive(Debug)]
struct FirstAudience(Url, Mutex<Option<String>>);

impl TokenSource for FirstAudience {
    async fn token(&self, request: &TokenRequest<'_>) -> Result<Input<IdentityToken>> {
        let wanted = request.wanted_audience().unwrap_or_default().to_owned();
        let first = self.1.lock().unwrap().get_or_insert(wanted).clone();
        self.0.token(&TokenRequest::new(request.attempt()).audience(&first)).await
    }
}

#[test]
fn audience_of_the_first_who_asked() {
    let report =
        conformance::token_source(|world| SourceFixture::new(FirstAudience(url(world), Mutex::default()))).run();
    assert_eq!(report.broken(), ["audience"], "{report}");
}

#[test]
fn a_variable_of_the_environment_keeps_every_law_that_can_be_tried() {
    // A process cannot safely change its own environment: the test runs once more in one that has the variable, and there no
    // next value gets there.
    const VARIABLE: &str = "TOKENEX_TEST_SECRET";
    if std::env::var_os(VARIABLE).is_none() {
        let (_, module) = module_path!().split_once("::").unwrap();
        let test = format!("{module}::a_variable_of_the_environment_keeps_every_law_that_can_be_tried");
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", &test]).env(VARIABLE, Canary::new().secret("a variable"));
        let output = again.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let report = conformance::source(|_| {
        SourceFixture::new(EnvVar::new(VARIABLE)).secrets(|text: &Secret| vec![text.expose().to_owned()]).offline()
    })
    .run();
    assert_eq!((report.broken(), report.not_run()), (vec![], vec!["nothing-stale"]), "{report}");
}
