//! Platforms that refuse, fail, or are not there.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokenex_core::ErrorKind;
use tokenex_testkit::transport::Fault;

use crate::managed_identity::machine::{HOUR, IMDS, Machine, VAULT, imds, now, refuse, reply};

#[tokio::test(start_paused = true)]
async fn a_service_that_is_being_updated_is_waited_for_and_comes_back() {
    for (status, least) in [(404, 2), (410, 3), (408, 2), (500, 2), (503, 2)] {
        let machine = Machine::new();
        let (clock, back) = (machine.time.clone(), now(&machine.time) + 50);
        machine.on(move |_| match now(&clock) < back {
            true => reply(status, Value::Null),
            false => reply(200, imds("t", now(&clock) + HOUR, &clock)),
        });
        let token = machine.scheduler.keep(machine.identity().token(VAULT).unwrap());
        let error = token.get().await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (ErrorKind::Unavailable, true), "{status}");
        token.ready(Duration::from_secs(180)).await.unwrap();
        let asked = machine.asked();
        assert!((least..=20).contains(&asked), "{status}: {asked} requests in 50 seconds and after");
    }
}

#[tokio::test(start_paused = true)]
async fn throttling_is_obeyed_for_as_long_as_it_is_asked_for() {
    for wait in ["40", "Thu, 01 Jan 2026 00:00:40 GMT"] {
        let machine = Machine::new();
        machine.on(move |_| {
            let mut answer = refuse(429, "throttled", "API Rate Limits have been exceeded.");
            answer.headers_mut().insert("retry-after", wait.parse().unwrap());
            answer
        });
        let token = machine.scheduler.keep(machine.identity().token(VAULT).unwrap());
        let error = token.get().await.unwrap_err();
        let asked = error.retry_after().unwrap().as_secs_f64();
        assert!(error.kind() == ErrorKind::Throttled && (39.0..=40.0).contains(&asked), "{error}: {asked}");
        machine.seconds(38).await;
        assert_eq!(machine.asked(), 1);
        machine.seconds(5).await;
        assert!(machine.asked() > 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_machine_without_an_identity_and_one_with_too_many_say_what_to_do() {
    for (text, kind, word) in [
        ("Identity not found", ErrorKind::NotFound, "az vm identity assign"),
        (
            "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity",
            ErrorKind::Configuration,
            "client_id(..)",
        ),
    ] {
        let machine = Machine::new();
        machine.on(move |_| refuse(400, "invalid_request", text));
        let token = machine.scheduler.keep(machine.identity().token(VAULT).unwrap());
        let error = token.get().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.is_transient(), error.code()),
            (kind, false, Some("invalid_request")),
            "{error}"
        );
        assert_eq!((error.provider(), error.step()), (Some("azure"), Some("managed identity (IMDS)")));
        assert!(error.to_string().contains(word) && error.said() == Some(text), "{error}");
        machine.seconds(HOUR).await;
        assert!((50..=125).contains(&machine.asked()), "{} requests in an hour", machine.asked());
        // Somebody assigns one.
        let clock = machine.time.clone();
        machine.on(move |_| reply(200, imds("t", now(&clock) + HOUR, &clock)));
        machine.seconds(61).await;
        assert!(token.peek().is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn where_no_metadata_service_answers_the_error_asks_whether_this_is_azure() {
    for (fault, kind) in [(Fault::Unreachable, ErrorKind::Unavailable), (Fault::Hang, ErrorKind::Timeout)] {
        let machine = Machine::new();
        machine.network.fault(IMDS, fault);
        let token = machine.scheduler.keep(machine.identity().token(VAULT).unwrap());
        let error = token.get().await.unwrap_err();
        assert_eq!((error.kind(), error.is_transient()), (kind, true), "{error}");
        assert!(error.to_string().contains("is this an Azure machine?"), "{error}");
        assert!(error.to_string().contains("Entra::from_env"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_answer_takes_no_token_away_and_says_who_may_be_answering() {
    let machine = Machine::new();
    let token = machine.scheduler.keep(machine.identity().token(VAULT).unwrap());
    token.get().await.unwrap();
    let pages: [fn() -> http::Response<Bytes>; 7] = [
        || http::Response::new(Bytes::from("<html>log in to the guest network</html>")),
        || http::Response::new(Bytes::from("{\"access_token\": \"hunter22")),
        || http::Response::new(Bytes::new()),
        || reply(200, json!({"expires_in": "3600"})),
        || http::Response::builder().status(502).body(Bytes::from("<html>hunter22</html>")).unwrap(),
        || http::Response::builder().status(401).body(Bytes::from("<?xml version=\"1.0\"?><html/>")).unwrap(),
        || http::Response::builder().status(204).body(Bytes::new()).unwrap(),
    ];
    for page in pages {
        machine.on(move |_| page());
        let before = machine.asked();
        while machine.asked() == before {
            machine.seconds(60).await;
        }
        let failing = token.status().failing.expect("the page is no token");
        assert!(token.peek().is_some(), "{}", token.status());
        assert!(!format!("{:?}", failing.last).contains("hunter22"));
        if !page().body().is_empty() && page().status() != 204 {
            assert_eq!(failing.last.code(), Some("foreign_answer"), "{}", failing.last);
            assert!(failing.last.to_string().contains("is this an Azure machine?"), "{}", failing.last);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_whose_end_nobody_understands_is_an_error_and_no_endless_credential() {
    for ends in [json!({}), json!({"expires_on": "the day after tomorrow"})] {
        let machine = Machine::new();
        let mut answer = ends;
        answer["access_token"] = json!("hunter22");
        machine.on(move |_| reply(200, answer.clone()));
        let token = machine.scheduler.keep(machine.identity().token(VAULT).unwrap());
        let error = token.get().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
        assert!(error.to_string().contains("how long the token lives") && !error.to_string().contains("hunter22"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_failing_platform_is_asked_with_patience_while_a_token_is_in_hand() {
    let machine = Machine::new();
    let token = machine.scheduler.keep(machine.identity().token(VAULT).unwrap());
    token.get().await.unwrap();
    machine.on(|_| refuse(500, "unknown", "Failed to retrieve token from the Active directory"));
    machine.seconds(HOUR - 10).await;
    assert!(token.peek().is_some() && token.status().failing.is_some());
    assert!((10..=130).contains(&machine.asked()), "{} requests in the last 24 minutes of a token", machine.asked());
}
