//! Nothing that is secret is ever printed.

use std::time::Duration;

use serde_json::json;
use tokenex_testkit::canary::Canary;

use crate::managed_identity::machine::{HOUR, Machine, VAULT, imds, now, reply};

#[tokio::test(start_paused = true)]
async fn no_token_and_no_secret_of_the_environment_shows_in_logs_errors_or_debug() {
    let canary = Canary::new();
    let recording = canary.record();
    let (token, header, secret) =
        (canary.secret("access token"), canary.secret("identity header"), canary.secret("msi secret"));

    for (variables, refused) in [
        (vec![("IDENTITY_ENDPOINT", "http://127.0.0.1:1/token"), ("IDENTITY_HEADER", &*header)], &header),
        (vec![("MSI_ENDPOINT", "http://127.0.0.1:1/token"), ("MSI_SECRET", &*secret)], &secret),
    ] {
        let machine = Machine::new();
        machine.serve("127.0.0.1:1");
        for (name, value) in variables {
            machine.set(name, value);
        }
        let (clock, handed_out) = (machine.time.clone(), token.to_string());
        machine.on(move |_| reply(200, imds(&handed_out, now(&clock) + HOUR, &clock)));
        let builder = machine.builder();
        canary.search_debug("builder", &builder);
        let identity = builder.build().unwrap();
        let handle = machine.scheduler.keep(identity.token(VAULT).unwrap());
        let issued = handle.get().await.unwrap();
        assert_eq!(issued.secret().expose(), &*token);
        canary.search_debug("identity", &(&identity, identity.token(VAULT).unwrap()));
        canary.search_debug("tokens", &identity.tokens(&machine.scheduler));
        canary.search_debug("token", &(&handle, &*issued, issued.credential()));

        // A platform that repeats what it was sent, and one that hands out half a token.
        let repeated = refused.to_string();
        machine.on(move |_| reply(400, json!({"statusCode": 400, "message": format!("wrong: {repeated}")})));
        let error = machine.scheduler.keep(identity.token(VAULT).unwrap()).get().await.unwrap_err();
        assert_eq!(error.said(), Some("wrong: ***"));
        canary.search_error("a refusal", &error);
        let half = format!("{{\"access_token\": \"{}", &*token);
        machine.on(move |_| http::Response::new(half.clone().into()));
        let error = machine.scheduler.keep(identity.token(VAULT).unwrap()).get().await.unwrap_err();
        canary.search_error("half an answer", &error);
        machine.seconds(HOUR).await;
        canary.search_debug("status", &machine.scheduler.status().await);
        let sent = machine.network.requests();
        canary.search("uris", sent.iter().map(|r| format!("{}?{}\n", r.path(), r.query())).collect::<String>());
        canary.search("shutdown", machine.scheduler.shutdown(Duration::from_secs(5)).await.to_string());
    }
    drop(recording);
    canary.assert_clean();
}
