//! The endpoints that give a workload on Azure its identity.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokenex_testkit::issuer::verify_with_jwks;
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::azure::{App, EXCHANGE_AUDIENCE, ExpiryForm, PlatformTwin};

use super::support::{Answer, FORM, MANAGEMENT, World};

const RESOURCE: &str = "resource=https%3A%2F%2Fmanagement.azure.com%2F";
const IMDS: &str = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01";

fn get(twin: &PlatformTwin, url: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = http::Request::get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::of(twin.answer(&request.body(Bytes::new()).unwrap()))
}

fn imds(twin: &PlatformTwin, query: &str) -> Answer {
    get(twin, &format!("{IMDS}&{query}"), &[("metadata", "true")])
}

fn machine(world: &World) -> (PlatformTwin, App) {
    let twin = PlatformTwin::imds(&world.entra);
    let identity = world.tenant.system_assigned_identity("worker");
    twin.assign(&identity);
    (twin, identity)
}

#[test]
fn imds_answers_in_texts_with_a_token_of_the_tenant() {
    let world = World::new();
    let (twin, identity) = machine(&world);
    let answer = imds(&twin, RESOURCE);
    let claims = verify_with_jwks(&world.tenant.jwks(), answer.token()).unwrap();
    assert_eq!(
        (&claims["aud"], &claims["oid"]),
        (&json!("https://management.azure.com/"), &json!(identity.object_id()))
    );
    assert_eq!(claims["xms_mirid"], identity.resource_id());
    assert!(answer.body.as_object().unwrap().values().all(Value::is_string), "{}", answer.body);
    assert_eq!(answer.body["expires_in"], "86400");
    assert_eq!(answer.body["expires_on"], (1_767_225_600 + 86_400).to_string());
    assert_eq!(answer.body["client_id"], identity.client_id());
}

#[test]
fn imds_is_particular_about_requests() {
    let world = World::new();
    let (twin, _) = machine(&world);
    let refused = |url: &str, headers: &[(&str, &str)]| {
        let answer = get(&twin, url, headers);
        (answer.status, answer.body["error"].as_str().unwrap().to_owned())
    };
    let good = format!("{IMDS}&{RESOURCE}");
    let wanted = |status, error: &str| (status, error.to_owned());
    assert_eq!(refused(&good, &[]), wanted(400, "bad_request_102"));
    let forwarded = [("metadata", "true"), ("x-forwarded-for", "10.0.0.1")];
    assert_eq!(refused(&good, &forwarded), wanted(400, "invalid_request"));
    let metadata = [("metadata", "true")];
    let host = "http://169.254.169.254";
    assert_eq!(refused(&format!("{host}/other"), &metadata).0, 404);
    assert_eq!(refused(&format!("{host}/metadata/identity/oauth2/token?{RESOURCE}"), &metadata).0, 400);
    let old = format!("{host}/metadata/identity/oauth2/token?api-version=2010-01-01&{RESOURCE}");
    assert_eq!(refused(&old, &metadata).0, 400);
    assert_eq!(refused(IMDS, &metadata), wanted(400, "invalid_request"));
    let nowhere = format!("{IMDS}&resource=https%3A%2F%2Fnowhere.test");
    assert_eq!(refused(&nowhere, &metadata), wanted(400, "invalid_resource"));
    let posted = http::Request::post(&good).header("metadata", "true").body(Bytes::new()).unwrap();
    assert_eq!(twin.answer(&posted).status(), 405);
}

#[test]
fn which_identity_is_asked_for_or_plain() {
    let world = World::new();
    let twin = PlatformTwin::imds(&world.entra);
    let said = |answer: &Answer| answer.body["error_description"].as_str().unwrap().to_owned();
    assert_eq!(said(&imds(&twin, RESOURCE)), "Identity not found");

    let (one, two) = (world.tenant.user_assigned_identity("one"), world.tenant.user_assigned_identity("two"));
    twin.assign(&one);
    assert_eq!(imds(&twin, RESOURCE).body["client_id"], one.client_id(), "the only one");
    twin.assign(&two);
    assert!(said(&imds(&twin, RESOURCE)).starts_with("Multiple user assigned identities"));
    for selector in [
        format!("client_id={}", two.client_id()),
        format!("object_id={}", two.object_id()),
        format!("msi_res_id={}", two.resource_id()),
    ] {
        assert_eq!(imds(&twin, &format!("{RESOURCE}&{selector}")).body["client_id"], two.client_id(), "{selector}");
    }
    assert_eq!(said(&imds(&twin, &format!("{RESOURCE}&client_id=other"))), "Identity not found");
    let system = world.tenant.system_assigned_identity("worker");
    twin.assign(&system);
    assert_eq!(imds(&twin, RESOURCE).body["client_id"], system.client_id(), "the machine's own comes first");
    twin.unassign(&two);
    assert_eq!(said(&imds(&twin, &format!("{RESOURCE}&client_id={}", two.client_id()))), "Identity not found");

    let asked = twin.asked();
    assert_eq!((asked[0].selector.as_deref(), &asked[0].outcome), (None, &Err(400)));
    assert_eq!(asked[3].selector.as_deref(), Some(two.client_id()));
}

#[test]
fn the_platform_hands_out_the_same_token_for_hours() {
    let world = World::new();
    let (twin, _) = machine(&world);
    let token = || imds(&twin, RESOURCE).token().to_owned();
    let first = token();
    world.advance(Duration::from_secs(43_200));
    let answer = imds(&twin, RESOURCE);
    assert_eq!((answer.token(), &answer.body["expires_in"]), (first.as_str(), &json!("43200")));
    world.advance(Duration::from_secs(1));
    let second = token();
    assert_ne!(second, first);
    twin.cached_until(Duration::ZERO);
    world.advance(Duration::from_secs(86_399));
    assert_eq!(token(), second, "to its last second");
    world.advance(Duration::from_secs(1));
    let third = token();
    assert_ne!(third, second);
    twin.forget();
    twin.token_lifetime(Duration::from_secs(300));
    let answer = imds(&twin, RESOURCE);
    assert_ne!(answer.token(), third);
    assert_eq!(answer.body["expires_in"], "300");
    let other = imds(&twin, "resource=https%3A%2F%2Fvault.azure.net");
    assert_ne!(other.token(), answer.token(), "each resource has its own");
}

#[test]
fn expiry_is_written_in_every_form_that_there_was() {
    let world = World::new();
    let (twin, _) = machine(&world);
    let written = |form| {
        twin.expiry_form(form);
        imds(&twin, RESOURCE).body["expires_on"].clone()
    };
    assert_eq!(written(ExpiryForm::EpochText), "1767312000");
    assert_eq!(written(ExpiryForm::EpochNumber), 1_767_312_000);
    assert_eq!(written(ExpiryForm::UsDate), "01/02/2026 00:00:00 +00:00");
    assert_eq!(written(ExpiryForm::PlainDate), "2026-01-02 00:00:00");
    assert_eq!(written(ExpiryForm::Rfc3339), "2026-01-02T00:00:00Z");
}

#[test]
fn app_service_wants_the_header_of_the_moment() {
    let world = World::new();
    let twin = PlatformTwin::app_service(&world.entra);
    let identity = world.tenant.user_assigned_identity("site");
    twin.assign(&identity);
    let ask = |secret: &str, query: &str| {
        let url = format!("http://127.0.0.1/msi/token?api-version=2019-08-01&{query}");
        get(&twin, &url, &[("x-identity-header", secret)])
    };
    let secret = twin.secret();
    let answer = ask(&secret, RESOURCE);
    assert!(answer.body.get("expires_in").is_none() && answer.body["expires_on"].is_string());
    assert_eq!(ask(&secret, &format!("{RESOURCE}&principal_id={}", identity.object_id())).status, 200);
    assert_eq!(ask(&secret, &format!("{RESOURCE}&mi_res_id={}", identity.resource_id())).status, 200);
    assert_eq!(ask(&secret, &format!("{RESOURCE}&client_id=other")).body["statusCode"], 400);
    let newer = twin.rotate_secret();
    assert_eq!(ask(&secret, RESOURCE).body["statusCode"], 401);
    assert_eq!(ask(&newer, RESOURCE).status, 200);
    assert_eq!(twin.environment("http://127.0.0.1:1")[1], ("IDENTITY_HEADER", newer));
}

#[test]
fn azure_arc_shows_a_file_and_wants_its_contents() {
    let world = World::new();
    let file = "/var/opt/azcmagent/tokens/one.key";
    let twin = PlatformTwin::arc(&world.entra, file);
    twin.assign(&world.tenant.system_assigned_identity("server"));
    let url = format!("http://localhost:40342/metadata/identity/oauth2/token?api-version=2020-06-01&{RESOURCE}");
    let first = get(&twin, &url, &[("metadata", "true")]);
    assert_eq!(
        (first.status, &first.headers["www-authenticate"]),
        (401, &format!("Basic realm={file}").parse().unwrap())
    );
    let basic = format!("Basic {}", twin.secret());
    assert_eq!(get(&twin, &url, &[("metadata", "true"), ("authorization", &basic)]).status, 200);
    assert_eq!(get(&twin, &url, &[("metadata", "true"), ("authorization", "Basic other")]).status, 403);
    assert_eq!(get(&twin, &url, &[("authorization", &basic)]).status, 400, "without the metadata header");
    assert_eq!(twin.asked().len(), 3, "the challenge is not counted");
}

#[test]
fn service_fabric_wants_its_secret() {
    let world = World::new();
    let twin = PlatformTwin::service_fabric(&world.entra);
    twin.assign(&world.tenant.system_assigned_identity("service"));
    let url =
        |version: &str| format!("https://localhost/metadata/identity/oauth2/token?api-version={version}&{RESOURCE}");
    let ask = |version: &str, headers: &[(&str, &str)]| {
        let answer = get(&twin, &url(version), headers);
        (answer.status, answer.body["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    let version = "2019-07-01-preview";
    assert_eq!(ask(version, &[("secret", &twin.secret())]).0, 200);
    assert_eq!(ask(version, &[]), (400, "SecretHeaderNotFound".to_owned()));
    assert_eq!(ask(version, &[("secret", "other")]), (404, "ManagedIdentityNotFound".to_owned()));
    assert_eq!(ask("2020-01-01", &[("secret", &twin.secret())]), (400, "InvalidApiVersion".to_owned()));
}

#[test]
fn cloud_shell_speaks_for_the_person() {
    let world = World::new();
    let person = world.tenant.user("person@contoso.com");
    let twin = PlatformTwin::cloud_shell(&world.entra, &person);
    let ask = |metadata: &str, body: &'static str| {
        let request = http::Request::post("http://localhost:50342/oauth2/token")
            .header("metadata", metadata)
            .header("content-type", FORM);
        Answer::of(twin.answer(&request.body(Bytes::from(body)).unwrap()))
    };
    let claims = ask("true", RESOURCE).claims();
    assert_eq!((&claims["oid"], &claims["idtyp"]), (&json!(person.object_id()), &json!("user")));
    assert_eq!(ask("", RESOURCE).status, 400);
    assert_eq!(ask("true", "").body["error"]["code"], "AudienceNotSupported");
}

#[test]
fn machine_learning_knows_the_old_names_only() {
    let world = World::new();
    let twin = PlatformTwin::machine_learning(&world.entra);
    let (one, two) = (world.tenant.user_assigned_identity("one"), world.tenant.user_assigned_identity("two"));
    twin.assign(&one).assign(&two);
    let secret = twin.secret();
    let ask = |secret: &str, query: &str| {
        let url = format!("http://127.0.0.1/msi/token?api-version=2017-09-01&{RESOURCE}&{query}");
        get(&twin, &url, &[("secret", secret)])
    };
    assert_eq!(ask(&secret, &format!("clientid={}", two.client_id())).claims()["oid"], two.object_id());
    assert_eq!(ask(&secret, &format!("client_id={}", two.client_id())).status, 400, "not this name");
    assert_eq!(ask("other", &format!("clientid={}", two.client_id())).status, 401);
}

#[test]
fn a_managed_identity_is_the_proof_of_an_application_that_trusts_it() {
    let world = World::new();
    let twin = PlatformTwin::imds(&world.entra);
    let identity = world.tenant.user_assigned_identity("deployer");
    let resource = "resource=api%3A%2F%2FAzureADTokenExchange";
    twin.assign(&identity);
    world.app.federate_identity(&identity).unwrap();
    let assertion = imds(&twin, resource).token().to_owned();
    let ask = |app: &App, assertion: &str| world.exchange_as(app.client_id(), assertion, MANAGEMENT, &[]);
    assert_eq!(ask(&world.app, &assertion).claims()["appid"], world.app.client_id());

    // Each rule of the pair, broken.
    let unknown = world.tenant.app("without trust");
    assert_eq!(ask(&unknown, &assertion).refusal().2, 70_025);
    unknown.federate_identity(&world.tenant.user_assigned_identity("other")).unwrap();
    assert_eq!(ask(&unknown, &assertion).refusal().2, 700_213);
    let for_management = imds(&twin, RESOURCE).token().to_owned();
    assert_eq!(ask(&world.app, &for_management).refusal().2, 700_227, "the v1 issuer is never taken");
    let elsewhere = world.entra.tenant("fabrikam.com").app("theirs");
    elsewhere
        .federate(
            &world.tenant.issuer(tokenex_testkit::twins::azure::TokenVersion::V2),
            &identity.object_id(),
            EXCHANGE_AUDIENCE,
        )
        .unwrap();
    elsewhere.install_in(&world.tenant);
    assert_eq!(ask(&elsewhere, &assertion).refusal().2, 700_236);
    let (machine, _) = machine(&world);
    let system = imds(&machine, resource).token().to_owned();
    assert_eq!(ask(&world.app, &system).refusal().2, 700_226, "system-assigned identities are not supported");
}
