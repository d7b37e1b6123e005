//! A managed identity becomes a federated token, that an ID token of a service account, and that a login at OpenBao.

use std::time::Duration;

use tokenex_core::ErrorKind;

use crate::world::{PATIENCE, World};

#[tokio::test]
async fn a_managed_identity_becomes_a_user_of_a_database_by_way_of_google() {
    // Logins that end after eight seconds, whatever happens: the chain is walked again and again.
    let eight = Duration::from_secs(8);
    let world = World::new(|role| role.token_ttl(eight).token_max_ttl(eight)).await;
    let user = world.user();
    let mut listener = user.listen();
    user.ready(PATIENCE).await.unwrap();
    let mut names = Vec::new();
    while names.len() < 3 {
        let event = tokio::time::timeout(PATIENCE, listener.next()).await.unwrap().unwrap();
        assert!(event.failing.is_none() && event.removed.is_none(), "{event:?}");
        let Some(issued) = event.credential.filter(|_| event.updated && !event.renewed) else { continue };
        world.postgres.login(issued.username(), issued.password().expose()).await.unwrap();
        names.push(issued.username().to_owned());
    }
    names.dedup();
    assert_eq!(names.len(), 3, "{names:?}");
    let [platform, exchanges, id_tokens, logins] = world.asked();
    assert_eq!((platform, exchanges), (1, 1), "the machine's token and the federated one live for hours");
    assert!(id_tokens == logins && logins >= 3, "{id_tokens} ID tokens for {logins} logins");

    let report = user.close(Duration::from_secs(5)).await;
    assert!(report.accepted >= 1 && report.left.is_none(), "{report}");
    drop(user);
    world.shut_down().await;
}

#[tokio::test]
async fn a_service_account_that_openbao_does_not_trust_is_refused_by_its_name() {
    let world = World::new(|role| role.subject("another account")).await;
    let error = world.user().get().await.unwrap_err();
    assert_eq!((error.kind(), error.provider()), (ErrorKind::Trust, Some("vault")), "{error}");
    let presented = error.presented().unwrap();
    assert_eq!((presented.issuer.as_str(), presented.audience.as_str()), ("https://accounts.google.com", "vault"));
    assert_eq!(presented.subject, world.account.unique_id());
    assert_eq!(world.asked(), [1, 1, 1, 1]);
    world.shut_down().await;
}
