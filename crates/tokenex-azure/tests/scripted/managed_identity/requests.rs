//! What is sent to each platform.

use serde_json::{Value, json};
use tokenex_azure::Platform;

use crate::managed_identity::machine::{IMDS, Machine, VAULT, reply};

const LOCAL: &str = "127.0.0.1:41056";

/// Keeps a token until it is there, and returns the request for it as method, path and query, and body.
async fn request_of(machine: &Machine) -> (String, String, String) {
    machine.serve(LOCAL);
    machine.scheduler.keep(machine.identity().token(VAULT).unwrap()).get().await.unwrap();
    let request = machine.network.requests().pop().unwrap();
    let address = format!("{}?{}", request.path(), request.query());
    (request.method().to_string(), address, String::from_utf8(request.body().to_vec()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn the_metadata_service_is_asked_at_its_address_with_its_header() {
    let machine = Machine::new();
    let (method, address, _) = request_of(&machine).await;
    assert_eq!(method, "GET");
    assert_eq!(
        address,
        "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net"
    );
    let requests = machine.network.requests_to(IMDS);
    assert_eq!((requests.len(), requests[0].header("metadata")), (1, "true"));
}

#[tokio::test(start_paused = true)]
async fn app_service_is_asked_with_the_secret_that_it_has_at_the_time() {
    let machine = Machine::new();
    machine.set("IDENTITY_ENDPOINT", &format!("http://{LOCAL}/msi/token"));
    machine.set("IDENTITY_HEADER", "first");
    let identity = machine.identity();
    machine.serve(LOCAL);
    let token = machine.scheduler.keep(identity.token(VAULT).unwrap());
    token.get().await.unwrap();
    machine.set("IDENTITY_HEADER", "second");
    machine.set("IDENTITY_ENDPOINT", &format!("http://{LOCAL}/moved"));
    let generation = token.get().await.unwrap().generation();
    token.rejected(generation).await.unwrap();
    let requests = machine.network.requests();
    let sent: Vec<_> = requests.iter().map(|request| (request.path(), request.header("x-identity-header"))).collect();
    assert_eq!(sent, [("/msi/token", "first"), ("/moved", "second")]);
    assert!(requests.iter().all(|request| request.headers()["x-identity-header"].is_sensitive()));
    assert_eq!(requests[0].query(), "api-version=2019-08-01&resource=https%3A%2F%2Fvault.azure.net");
}

#[tokio::test(start_paused = true)]
async fn cloud_shell_and_machine_learning_are_asked_in_their_ways() {
    let machine = Machine::new();
    machine.set("MSI_ENDPOINT", &format!("http://{LOCAL}/oauth2/token"));
    assert_eq!(machine.identity().platform(), Platform::CloudShell);
    let (method, address, body) = request_of(&machine).await;
    assert_eq!((method.as_str(), address.as_str()), ("POST", "/oauth2/token?"));
    assert_eq!(body, "resource=https%3A%2F%2Fvault.azure.net");

    machine.set("MSI_SECRET", "s3");
    machine.set("DEFAULT_IDENTITY_CLIENT_ID", "c1");
    assert_eq!(machine.identity().platform(), Platform::MachineLearning);
    let (method, address, _) = request_of(&machine).await;
    assert_eq!(method, "GET");
    assert_eq!(address, "/oauth2/token?api-version=2017-09-01&resource=https%3A%2F%2Fvault.azure.net&clientid=c1");
    assert_eq!(machine.network.requests().pop().unwrap().header("secret"), "s3");
}

#[tokio::test(start_paused = true)]
async fn each_way_to_write_the_end_is_understood() {
    // The clock of the test shows 1 January 2026, midnight.
    for expires in [
        json!({"expires_in": 3600}),
        json!({"expires_in": "3600"}),
        json!({"expires_on": 1_767_229_200}),
        json!({"expires_on": "1767229200"}),
        json!({"expires_on": "01/01/2026 01:00:00 +00:00"}),
        json!({"expires_on": "1/1/2026 1:00:00 AM +00:00"}),
        json!({"expires_on": "2026-01-01 01:00:00"}),
        json!({"expires_on": "2026-01-01T01:00:00Z"}),
        json!({"expires_on": "2026-01-01T03:00:00.000+02:00"}),
        json!({"expires_in": "3600", "expires_on": "1767229200"}),
    ] {
        let machine = Machine::new();
        let mut answer = expires.clone();
        answer["access_token"] = Value::from("t");
        machine.on(move |_| reply(200, answer.clone()));
        let token = machine.scheduler.keep(machine.identity().token(VAULT).unwrap());
        let ends = token.get().await.unwrap().expires_at().unwrap();
        let ends = ends.duration_since(machine.time.clock().wall()).unwrap().as_secs_f64();
        assert!((3598.0..=3600.0).contains(&ends), "{expires}: {ends}");
    }
}
