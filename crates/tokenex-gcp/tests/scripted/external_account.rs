//! Credential files, read and run.

use std::env;
use std::fs;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};
use tokenex_core::time::TimeSource as _;
use tokenex_core::{ErrorKind, Scheduler};
use tokenex_gcp::ExternalAccount;
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::aws::StsTwin;

use crate::executable::{directory, in_allowed_process, is_run_again, run_again, script};
use crate::world::{IAM, STS, World, federated_token, field, minutes, reply};

const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// The file that gcloud writes for this workload.
fn file(world: &World, source: Value) -> Value {
    json!({
        "type": "external_account",
        "universe_domain": "googleapis.com",
        "audience": world.provider.audience(),
        "subject_token_type": JWT,
        "token_url": "https://sts.googleapis.com/v1/token",
        "token_info_url": "https://sts.googleapis.com/v1/introspect",
        "service_account_impersonation_url": world.account.impersonation_url("https://iamcredentials.googleapis.com"),
        "credential_source": source,
    })
}

fn read(file: &Value) -> ExternalAccount {
    ExternalAccount::from_json(&file.to_string()).unwrap()
}

/// A token with an audience that nobody here is told of: the pool provider judges it.
fn jwt(world: &World) -> String {
    world.jwt().audience(world.provider.token_audience()).lifetime(minutes(24 * 60)).sign()
}

#[tokio::test(start_paused = true)]
async fn a_file_source_becomes_the_token_of_the_service_account() {
    let world = World::new();
    let directory = directory("file-source");
    for (name, text, format) in [
        ("text", format!("{}\n", jwt(&world)), None),
        (
            "json",
            json!({"access_token": jwt(&world)}).to_string(),
            Some(json!({"type": "json", "subject_token_field_name": "access_token"})),
        ),
    ] {
        let path = directory.join(name);
        fs::write(&path, text).unwrap();
        let mut source = json!({ "file": path });
        if let Some(format) = format {
            source["format"] = format;
        }
        let account = read(&file(&world, source));
        assert_eq!(account.service_account(), Some(world.account.email()));
        let token = account.token(&world.scheduler).unwrap();
        let issued = token.ready(Duration::from_secs(10)).await.unwrap();
        assert_eq!(world.twin.access(issued.secret().expose()).unwrap().member, world.account.member());
        // The file is read at each exchange: what it holds then counts.
        world.seconds(90 * 60).await;
        assert!(token.peek().is_some());
    }
    // A federated token that is only for impersonation is for IAM alone.
    let scope = field(&world.network.requests_to(STS)[0], "scope").unwrap();
    assert_eq!(scope, "https://www.googleapis.com/auth/iam");

    let gone = read(&file(&world, json!({"file": directory.join("gone")}))).token(&world.scheduler).unwrap();
    let error = gone.get().await.unwrap_err();
    assert_eq!((error.kind(), error.code(), error.is_transient()), (ErrorKind::Identity, Some("missing"), true));
    fs::remove_dir_all(directory).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_url_source_is_asked_with_its_headers() {
    let world = World::new();
    let token = jwt(&world);
    world.answers("169.254.169.254", move |_| reply(200, &json!({"access_token": token, "token_type": "Bearer"})));
    let source = json!({"url": "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=api%3A%2F%2Fx",
        "headers": {"Metadata": "True"}, "format": {"type": "json", "subject_token_field_name": "access_token"}});
    let mut file = file(&world, source);
    file["service_account_impersonation_url"] = Value::Null;
    let token = read(&file).token(&world.scheduler).unwrap();
    token.get().await.unwrap();
    assert_eq!((world.count(STS), world.count(IAM)), (1, 0));
    let request = &world.network.requests_to("169.254.169.254")[0];
    assert_eq!(
        (request.header("metadata"), request.query()),
        ("True", "api-version=2018-02-01&resource=api%3A%2F%2Fx")
    );
}

/// AWS's own twin checks the signature, when Google asks it.
#[tokio::test(start_paused = true)]
async fn an_aws_role_signs_a_request_that_google_sends() {
    const ACCOUNT: &str = "123456789012";
    const PLATFORM: &str = "169.254.169.254";
    // The variables of AWS come first, and this is about the other way.
    if !is_run_again() {
        return run_again("external_account::an_aws_role_signs_a_request_that_google_sends", |it| {
            let names = env::vars_os().map(|(name, _)| name);
            names.filter(|name| name.to_string_lossy().starts_with("AWS_")).fold(it, |it, name| it.env_remove(name))
        });
    }
    let world = World::new();
    let time = world.time.clone();
    let aws = StsTwin::with_clock(move || time.wall());
    let role = aws.account(ACCOUNT).role("app");
    let machine = role.instance("eu-west-1");
    machine.route(&world.network, PLATFORM);
    let provider = world.project.aws_provider("clouds", "aws", &aws, ACCOUNT);
    provider.map_attribute("account", "account");
    world.account.bind(&provider.principal_set("account", ACCOUNT));

    let mut file = file(
        &world,
        json!({
            "environment_id": "aws1",
            "region_url": "http://169.254.169.254/latest/meta-data/placement/availability-zone",
            "url": "http://169.254.169.254/latest/meta-data/iam/security-credentials",
            "regional_cred_verification_url":
                "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
            "imdsv2_session_token_url": "http://169.254.169.254/latest/api/token",
        }),
    );
    file["audience"] = json!(provider.audience());
    file["subject_token_type"] = json!("urn:ietf:params:aws:token-type:aws4_request");
    let token = read(&file).token(&world.scheduler).unwrap();
    let issued = token.get().await.unwrap();
    assert_eq!(world.twin.access(issued.secret().expose()).unwrap().member, world.account.member());
    let paths: Vec<_> = world.network.requests_to(PLATFORM).iter().map(|one| one.path().to_owned()).collect();
    let role_path = "/latest/meta-data/iam/security-credentials";
    let zone_path = "/latest/meta-data/placement/availability-zone";
    assert_eq!(paths, ["/latest/api/token", zone_path, role_path, &format!("{role_path}/app")]);
    for _ in 0..240 {
        world.seconds(60).await;
        assert!(token.peek().is_some());
    }

    // Without a session token the service answers 401, and what it says in the body of a 200 counts as well.
    let refused = |file: &Value| read(file).token(&world.scheduler).unwrap();
    let mut old = file.clone();
    old["credential_source"]["imdsv2_session_token_url"] = Value::Null;
    let error = refused(&old).get().await.unwrap_err();
    assert_eq!((error.kind(), error.step()), (ErrorKind::Denied, Some("AWS subject token")));
    machine.answers_code(Some("AssumeRoleUnauthorizedAccess"));
    let error = refused(&file).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Denied, Some("AssumeRoleUnauthorizedAccess")));
    machine.answers_code(None).without_role(true);
    assert_eq!(refused(&file).get().await.unwrap_err().kind(), ErrorKind::NotFound);

    // Another provider than the one that was signed for.
    machine.without_role(false);
    let other = world.project.aws_provider("clouds", "other", &aws, "999999999999");
    file["audience"] = json!(other.audience());
    let error = refused(&file).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Trust, Some("invalid_grant")));
}

#[tokio::test]
async fn an_executable_source_is_run_as_the_environment_allows() {
    if !in_allowed_process("external_account::an_executable_source_is_run_as_the_environment_allows") {
        return;
    }
    // A real process needs real time, and so has the twin.
    let issuer = tokenex_testkit::issuer::IssuerKeys::new(crate::world::ISSUER);
    let twin = tokenex_testkit::twins::google::GoogleTwin::new();
    twin.reach(&issuer);
    let network = tokenex_testkit::transport::InMemory::new();
    for host in [STS, IAM] {
        tokenex_testkit::twins::Twin::route(&twin, &network, host);
    }
    let project = twin.project("acme-prod", 1);
    let (provider, account) =
        (project.provider("ci", "issuer", crate::world::ISSUER), project.service_account("deploy"));
    account.bind(&provider.principal("workload"));
    let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).transport(network).start();

    let directory = directory("executable-source");
    let jwt = issuer.token().audience(provider.token_audience()).sign();
    let answer = json!({"version": 1, "success": true, "token_type": JWT, "id_token": jwt});
    // It prints only for the account that the file names.
    let text = format!(
        "test \"$GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL\" = {} && cat <<'END'\n{answer}\nEND\n",
        account.email()
    );
    let file = json!({"type": "external_account", "audience": provider.audience(), "subject_token_type": JWT,
        "token_url": "https://sts.googleapis.com/v1/token",
        "service_account_impersonation_url": account.impersonation_url("https://iamcredentials.googleapis.com"),
        "credential_source": {"executable": {"command": script(&directory, &text), "timeout_millis": 20_000}}});
    let token = read(&file).token(&scheduler).unwrap().ready(Duration::from_secs(20)).await.unwrap();
    assert_eq!(twin.access(token.secret().expose()).unwrap().member, account.member());
    fs::remove_dir_all(directory).unwrap();
}

#[tokio::test(start_paused = true)]
async fn tokens_go_to_google_whatever_the_file_says() {
    let world = World::new();
    let source = json!({"url": "https://issuer.test/token"});
    for (member, value) in [
        ("token_url", "https://sts.example/v1/token"),
        ("token_url", "https://sts.googleapis.com.example/v1/token"),
        ("token_url", "https://sts.googleapis.com:8443/v1/token"),
        ("token_url", "https://storage.googleapis.com/bucket"),
        (
            "service_account_impersonation_url",
            "https://iam.example/v1/projects/-/serviceAccounts/a@p.example:generateAccessToken",
        ),
    ] {
        let mut file = file(&world, source.clone());
        file[member] = json!(value);
        let error = read(&file).token(&world.scheduler).unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::Configuration, Some("untrusted_endpoint")),
            "{value}: {error}"
        );
        assert!(error.to_string().contains("dangerous_allow_endpoint"), "{error}");
        let allowed = read(&file).dangerous_allow_endpoint(value.split(":generate").next().unwrap()).unwrap();
        allowed.token(&world.scheduler).unwrap();
    }
    for value in ["http://sts.googleapis.com/v1/token", "sts.googleapis.com", "https://u:hunter22@sts.googleapis.com/"]
    {
        let mut file = file(&world, source.clone());
        file["token_url"] = json!(value);
        let error = read(&file).token(&world.scheduler).unwrap_err();
        assert_eq!(error.code(), Some("token_url"));
        assert!(!format!("{error:?}").contains("hunter22"));
    }
    // Google's other names, and this machine.
    for value in [
        "https://us-east1-sts.googleapis.com/v1/token",
        "https://sts.mtls.googleapis.com/v1/token",
        "http://127.0.0.1:1/token",
    ] {
        let mut file = file(&world, source.clone());
        file["token_url"] = json!(value);
        read(&file).federated().unwrap();
    }
    assert_eq!(world.count("sts.example"), 0);
}

#[tokio::test(start_paused = true)]
async fn another_google_cloud_is_meant_by_the_program_too() {
    let world = World::new();
    let mut file = file(&world, json!({"url": "https://issuer.test/token"}));
    file["universe_domain"] = json!("apis.example");
    file["token_url"] = json!("https://sts.apis.example/v1/token");
    file["service_account_impersonation_url"] =
        json!(world.account.impersonation_url("https://iamcredentials.apis.example"));
    let error = read(&file).token(&world.scheduler).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("universe_domain")));
    let token = jwt(&world);
    world.answers("issuer.test", move |_| Response::new(Bytes::from(token.clone())));
    world.answers("sts.apis.example", |_| reply(200, &federated_token("ya29.x", 3600)));
    world.answers("iamcredentials.apis.example", |_| {
        reply(200, &json!({"accessToken": "ya29.y", "expireTime": "2026-01-01T01:00:00Z"}))
    });
    let said = read(&file).universe_domain("apis.example").unwrap();
    let token = said.token(&world.scheduler).unwrap().get().await.unwrap();
    assert_eq!(token.universe_domain(), "apis.example");
}

#[tokio::test(start_paused = true)]
async fn lifetime_scopes_and_quota_project_are_the_files_and_the_programs() {
    let world = World::new();
    let token = jwt(&world);
    world.answers("issuer.test", move |_| Response::new(Bytes::from(token.clone())));
    let mut file = file(&world, json!({"url": "https://issuer.test/token"}));
    file["service_account_impersonation"] = json!({"token_lifetime_seconds": 900});
    file["quota_project_id"] = json!("billed");
    let account = read(&file).scopes([crate::world::STORAGE]);
    assert_eq!(account.quota_project(), Some("billed"));
    let token = account.token(&world.scheduler).unwrap().get().await.unwrap();
    assert_eq!(token.scopes(), [crate::world::STORAGE]);
    assert_eq!(token.expires_at().unwrap().duration_since(world.time.wall()).unwrap(), minutes(15));
    file["service_account_impersonation_url"] = Value::Null;
    let account = read(&file).scopes([crate::world::STORAGE]);
    assert!(account.impersonation(world.federated()).is_err());
    let token = account.token(&world.scheduler).unwrap().get().await.unwrap();
    assert_eq!(token.scopes(), [crate::world::STORAGE]);
}

#[tokio::test(start_paused = true)]
async fn a_certificate_source_is_refused_in_clear_words() {
    let world = World::new();
    let file = file(&world, json!({"certificate": {"use_default_certificate_config": true}}));
    let error = ExternalAccount::from_json(&file.to_string()).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("external_account")));
    assert!(error.to_string().contains("is not supported"), "{error}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let directory = directory("unreadable");
    let error = ExternalAccount::from_file(directory.join("gone.json")).unwrap_err();
    assert!(error.to_string().contains("gone.json"), "{error}");
    let long = directory.join("long.json");
    fs::write(&long, " ".repeat(70_000)).unwrap();
    let error = ExternalAccount::from_file(&long).unwrap_err();
    assert!(error.to_string().contains("64 KiB"), "{error}");
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn the_environment_names_the_file() {
    const TEST: &str = "external_account::the_environment_names_the_file";
    const VARIABLE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
    let Some(path) = env::var_os(VARIABLE).filter(|_| is_run_again()) else {
        if is_run_again() {
            let error = ExternalAccount::from_env().unwrap_err();
            assert!(error.to_string().contains(VARIABLE), "{error}");
            return;
        }
        let directory = directory("environment-file");
        let path = directory.join("credentials.json");
        let file = json!({"type": "external_account", "audience": "x", "subject_token_type": JWT,
            "quota_project_id": "billed", "credential_source": {"file": "/x"}});
        fs::write(&path, file.to_string()).unwrap();
        run_again(TEST, |it| it.env(VARIABLE, &path));
        run_again(TEST, |it| it.env_remove(VARIABLE));
        return fs::remove_dir_all(directory).unwrap();
    };
    assert_eq!(ExternalAccount::from_env().unwrap().quota_project(), Some("billed"), "{path:?}");
}

#[tokio::test(start_paused = true)]
async fn a_client_of_a_workforce_pool_says_which_project_pays() {
    let world = World::new();
    let provider = world.twin.workforce_provider("people", "idp", crate::world::ISSUER);
    provider.allow_audience("the-client-id");
    let jwt = world.jwt().audience("the-client-id").sign();
    world.answers("issuer.test", move |_| Response::new(Bytes::from(jwt.clone())));
    let mut file = json!({"type": "external_account", "audience": provider.audience(), "subject_token_type": JWT,
        "workforce_pool_user_project": "acme-prod", "credential_source": {"url": "https://issuer.test/token"}});
    read(&file).token(&world.scheduler).unwrap().get().await.unwrap();
    file["client_id"] = json!("id");
    file["client_secret"] = json!("secret");
    read(&file).token(&world.scheduler).unwrap().get().await.unwrap();
    let requests = world.network.requests_to(STS);
    assert_eq!((field(&requests[0], "options").is_some(), requests[0].header("authorization")), (true, ""));
    assert_eq!((field(&requests[1], "options"), requests[1].header("authorization")), (None, "Basic aWQ6c2VjcmV0"));
}
