//! Our crate before the twin over real sockets and TLS.

use std::sync::Arc;

use tokenex_core::ErrorKind;
use tokenex_testkit::proxy::Proxy;
use tokenex_testkit::tls::Certificates;
use tokio::sync::Barrier;

use crate::world::{PATIENCE, SECOND, STORAGE, SUBJECT, World, claims, eventually, scheduler};

#[tokio::test]
async fn an_identity_token_becomes_an_access_token_over_tls() {
    let world = World::new().await;
    let (app, scheduler) = (world.app(), scheduler());
    let token = scheduler.keep(world.client(&app).token(STORAGE).unwrap()).ready(PATIENCE).await.unwrap();
    assert_eq!(claims(token.secret().expose())["appid"], app.client_id());
    scheduler.shutdown(SECOND).await;
}

#[tokio::test]
async fn another_ca_is_an_error_of_tls_and_nothing_is_asked() {
    let world = World::new().await;
    let (app, scheduler) = (world.app(), scheduler());
    let wrong = Certificates::for_loopback();
    let client = || world.client_at(&world.served.url(), &app, SUBJECT);
    let [strange, plain] = [client().ca_pem(wrong.ca_pem()), client()].map(|client| client.build().unwrap());
    for client in [strange, plain] {
        let error = scheduler.keep(client.token(STORAGE).unwrap()).get().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    }
    assert!(world.entra.exchanges().is_empty());
    scheduler.shutdown(SECOND).await;
}

#[tokio::test]
async fn the_wrong_subject_is_an_error_of_trust_that_says_what_was_presented() {
    let world = World::new().await;
    let (app, scheduler) = (world.app(), scheduler());
    let client = world.client_at(&world.served.url(), &app, "somebody").ca_pem(world.certificates.ca_pem());
    let error = scheduler.keep(client.build().unwrap().token(STORAGE).unwrap()).get().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Trust, Some("AADSTS700213")), "{error}");
    assert!(error.to_string().contains("somebody"), "{error}");
    scheduler.shutdown(SECOND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_callers_of_three_scopes_are_three_exchanges() {
    let world = World::new().await;
    let (app, scheduler) = (world.app(), scheduler());
    let tokens = world.client(&app).tokens(&scheduler);
    let scopes =
        ["storage.azure.com", "vault.azure.net", "management.azure.com"].map(|host| format!("https://{host}/.default"));
    let (scopes, barrier) = (Arc::new(scopes), Arc::new(Barrier::new(1000)));

    let callers: Vec<_> = (0..1000)
        .map(|caller| {
            let (tokens, scopes, barrier) = (tokens.clone(), Arc::clone(&scopes), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                let scope = &scopes[caller % 3];
                let token = tokens.handle(scope).unwrap().ready(PATIENCE).await.unwrap();
                assert_eq!(token.scope().as_str(), scope);
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }

    let mut asked: Vec<_> = world.entra.exchanges().into_iter().map(|exchange| exchange.scope).collect();
    asked.sort();
    let mut expected = scopes.to_vec();
    expected.sort();
    assert_eq!(asked, expected);
    scheduler.shutdown(SECOND).await;
}

#[tokio::test]
async fn a_token_outlives_an_endpoint_that_goes_away_and_is_replaced_when_it_is_back() {
    let world = World::new().await;
    world.entra.token_lifetime(10 * SECOND);
    let (app, scheduler) = (world.app(), scheduler());
    let proxy = Proxy::start(world.served.server().addr()).await.unwrap();
    let address = format!("https://{}", proxy.addr());
    let client = world.client_at(&address, &app, SUBJECT).ca_pem(world.certificates.ca_pem()).build().unwrap();
    let token = scheduler.keep(client.token(STORAGE).unwrap());
    token.ready(PATIENCE).await.unwrap();

    proxy.cut().await;
    eventually("a refresh fails", || async { token.status().failing.is_some() }).await;
    let failing = token.status().failing.unwrap().last.clone();
    assert_eq!((failing.kind(), failing.is_transient()), (ErrorKind::Unavailable, true), "{failing}");
    assert_eq!(token.get().await.expect("the token is still good").generation(), 1);

    proxy.heal().unwrap();
    eventually("there is another token", || async { token.get().await.is_ok_and(|token| token.generation() > 1) })
        .await;
    assert!(token.status().failing.is_none());
    scheduler.shutdown(SECOND).await;
}
