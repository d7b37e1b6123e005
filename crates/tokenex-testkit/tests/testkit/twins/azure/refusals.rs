//! Requests that are wrong, and the form of the answer.

use bytes::Bytes;
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::azure::EXCHANGE_AUDIENCE;

use super::support::{ASSERTION_TYPE, Answer, FORM, ISSUER, MANAGEMENT, World};

#[test]
fn a_refusal_has_every_member_that_entras_has() {
    let world = World::federated();
    let id = "4f1cb1ac-5d0c-4d53-9b0a-1f2e3d4c5b6a";
    let request = http::Request::post("https://login.microsoftonline.com/nowhere.test/oauth2/v2.0/token")
        .header("client-request-id", id)
        .header("content-type", FORM)
        .body(Bytes::from("grant_type=client_credentials&client_id=x"))
        .unwrap();
    let answer = Answer::of(world.entra.answer(&request));
    assert_eq!(answer.refusal(), (400, "invalid_request", 90_002));
    assert_eq!(answer.body["correlation_id"], id);
    assert_eq!(answer.body["timestamp"], "2026-01-01 00:00:00Z");
    let description = answer.body["error_description"].as_str().unwrap();
    let trace_id = answer.body["trace_id"].as_str().unwrap();
    let end = format!(" Trace ID: {trace_id} Correlation ID: {id} Timestamp: 2026-01-01 00:00:00Z");
    assert!(description.starts_with("AADSTS90002: Tenant 'nowhere.test' not found.") && description.ends_with(&end));
    assert_eq!(answer.headers["content-type"], "application/json; charset=utf-8");
    assert_eq!(answer.headers["date"], "Thu, 01 Jan 2026 00:00:00 GMT");
}

#[test]
fn no_refusal_needs_an_escape_in_json() {
    let world = World::federated();
    // Azure's own Rust client borrows the description from the body.
    let identity = world.identity().subject("a \"quoted\"\nand \\ bent subject").sign();
    let answer = world.exchange(&identity);
    assert_eq!(answer.refusal().2, 700_213);
    assert!(!answer.body["error_description"].to_string().contains('\\'));
}

#[test]
fn what_the_request_lacks_is_named() {
    let world = World::federated();
    let identity = world.identity().sign();
    let full = [
        ("grant_type", "client_credentials"),
        ("client_id", world.app.client_id()),
        ("scope", MANAGEMENT),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", identity.as_str()),
    ];
    for (absent, code) in [
        ("grant_type", 900_144),
        ("client_id", 900_144),
        ("scope", 900_144),
        ("client_assertion_type", 900_144),
        ("client_assertion", 7_000_218),
    ] {
        let form: Vec<_> = full.into_iter().filter(|(name, _)| *name != absent).collect();
        let answer = world.post(world.tenant.id(), &form);
        assert_eq!(answer.refusal().2, code, "without {absent}");
        assert!(answer.body["error_description"].as_str().unwrap().contains(absent), "{}", answer.body);
    }
    let form: Vec<_> = full.into_iter().chain([("refresh_token", "x")]).collect();
    assert_eq!(world.post(world.tenant.id(), &form).status, 200, "other members do not matter");
}

#[test]
fn what_is_no_form_is_not_looked_into() {
    let world = World::federated();
    let url = format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", world.tenant.id());
    let code = |request: http::request::Builder| {
        let body = Bytes::from("grant_type=client_credentials");
        Answer::of(world.entra.answer(&request.body(body).unwrap())).refusal().2
    };
    let said =
        code(http::Request::post(&url).header("content-type", "application/x-www-form-urlencoded; charset=utf-8"));
    let absent = code(http::Request::post(&url));
    let json = code(http::Request::post(&url).header("content-type", "application/json"));
    assert_eq!((said, absent, json), (900_144, 900_144, 900_144));
    assert_eq!(world.entra.exchanges()[0].grant_type, "client_credentials");
    assert_eq!(
        (world.entra.exchanges()[1].grant_type.as_str(), world.entra.exchanges()[2].grant_type.as_str()),
        ("", "")
    );
    assert_eq!(code(http::Request::get(&url)), 900_561);
}

#[test]
fn tenants_clients_and_grants_must_be_there() {
    let world = World::federated();
    let identity = world.identity().sign();
    let ask = |tenant: &str, client_id: &str, grant: &str| {
        let form = [
            ("grant_type", grant),
            ("client_id", client_id),
            ("scope", MANAGEMENT),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", identity.as_str()),
        ];
        let answer = world.post(tenant, &form);
        (answer.status, answer.refusal().1.to_owned(), answer.refusal().2)
    };
    let (grant, app) = ("client_credentials", world.app.client_id());
    let other = world.entra.tenant("fabrikam.com");
    let refused = |error: &str, code| (400, error.to_owned(), code);
    assert_eq!(ask(world.tenant.id(), app, grant).0, 200);
    assert_eq!(ask("CONTOSO.onmicrosoft.com", app, grant).0, 200);
    assert_eq!(ask("common", app, grant), refused("invalid_request", 9_001_023));
    assert_eq!(ask("nowhere.test", app, grant), refused("invalid_request", 90_002));
    assert_eq!(ask(other.id(), app, grant), refused("unauthorized_client", 700_016));
    assert_eq!(ask(world.tenant.id(), "nobody", grant), refused("unauthorized_client", 700_016));
    assert_eq!(ask(world.tenant.id(), app, "password"), refused("unsupported_grant_type", 70_003));

    // Installed there as well, it is a client there, under another object id.
    let object_id = world.app.install_in(&other);
    let form = [
        ("grant_type", grant),
        ("client_id", app),
        ("scope", MANAGEMENT),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", identity.as_str()),
    ];
    let claims = world.post(other.id(), &form).claims();
    assert_eq!((&claims["oid"], &claims["tid"]), (&object_id.into(), &other.id().into()));
}

#[test]
fn a_scope_is_one_known_resource() {
    let world = World::federated();
    let code = |scope: &str| world.exchange_as(world.app.client_id(), &world.identity().sign(), scope, &[]).refusal().2;
    assert_eq!(code("https://vault.azure.net/.default"), 0);
    assert_eq!(code("https://vault.azure.net"), 1_002_012);
    assert_eq!(code("https://vault.azure.net/user_impersonation"), 1_002_012);
    assert_eq!(code("/.default"), 70_011);
    assert_eq!(code(" "), 70_011);
    assert_eq!(code("https://vault.azure.net/.default https://graph.microsoft.com/.default"), 700_022);
    assert_eq!(code("https://nobody.test/.default"), 500_011);
}

#[test]
fn a_new_application_is_not_everywhere_yet() {
    let world = World::federated();
    world.app.unknown_for(2);
    let codes: Vec<_> = (0..3).map(|_| world.exchange(&world.identity().sign()).refusal().2).collect();
    assert_eq!(codes, [700_016, 700_016, 0]);
}

#[test]
fn any_code_can_be_had() {
    let world = World::federated();
    let refusal = |code: u32| {
        world.entra.refuse(1, code);
        let answer = world.exchange(&world.identity().sign());
        let (status, error, code) = answer.refusal();
        (status, error.to_owned(), code)
    };
    let wanted = |status, error: &str, code| (status, error.to_owned(), code);
    assert_eq!(refusal(50_196), wanted(400, "invalid_grant", 50_196));
    assert_eq!(refusal(90_055), wanted(429, "temporarily_unavailable", 90_055));
    assert_eq!(refusal(90_033), wanted(503, "temporarily_unavailable", 90_033));
    assert_eq!(refusal(700_222), wanted(401, "invalid_client", 700_222));
    assert_eq!(refusal(7_000_112), wanted(400, "unauthorized_client", 7_000_112));
    assert_eq!(world.exchange(&world.identity().sign()).status, 200);
}

#[test]
fn the_book_tells_what_was_asked_and_how_it_ended() {
    let world = World::federated();
    let good = world.exchange(&world.identity().sign());
    world.exchange(&world.identity().subject("other").sign());
    let book = world.entra.exchanges();
    assert_eq!(book.len(), 2);
    assert_eq!((book[0].client_id.as_str(), book[0].scope.as_str()), (world.app.client_id(), MANAGEMENT));
    assert_eq!(book[0].outcome, Ok(good.claims()["uti"].as_str().unwrap().to_owned()));
    assert_eq!((book[1].code(), book[1].at), (Some(700_213), world.now()));
    assert_eq!(world.entra.issued(), 1);
}

#[test]
fn a_managed_identity_can_be_the_client_of_a_federation_too() {
    let world = World::new();
    let identity = world.tenant.user_assigned_identity("deployer");
    identity.federate(ISSUER, super::support::SUBJECT, EXCHANGE_AUDIENCE).unwrap();
    let answer = world.exchange_as(identity.client_id(), &world.identity().sign(), MANAGEMENT, &[]);
    assert_eq!(answer.claims()["oid"], identity.object_id());
}
