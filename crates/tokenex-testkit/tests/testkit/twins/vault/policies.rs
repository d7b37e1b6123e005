use serde_json::json;

use super::support::*;

#[test]
fn a_living_login_without_the_policy_is_denied_in_other_words_than_a_dead_one() {
    let world = World::new();
    let token = world.token();
    assert_eq!(world.get("aws/creds/deploy", &token).refused(), NOT_ALLOWED);
    world.role.allow("aws/creds/deploy");
    let words = "no handler for route \"aws/creds/deploy\". route entry not found.";
    assert_eq!(world.get("aws/creds/deploy", &token).refused(), (404, words), "policies change for logins that live");
    world.role.forbid("database/*");
    assert_eq!(world.get(CREDS, &token).refused(), NOT_ALLOWED);
}

#[test]
fn the_default_policy_lets_a_login_look_at_renew_and_revoke_itself_and_renew_leases() {
    let world = World::new();
    let lease = world.get(CREDS, &world.token()).text("/lease_id");
    world.role.forbid("sys/leases/revoke");
    let token = world.token();
    assert_eq!(world.get("auth/token/lookup-self", &token).status, 200);
    assert_eq!(world.post("auth/token/lookup-self", &token, json!({})).refused(), NOT_ALLOWED);
    assert_eq!(world.renew_lease(&lease, 10, &token).status, 200);
    let revoke = json!({"lease_id": lease});
    assert_eq!(world.post("sys/leases/revoke", &token, revoke).refused(), NOT_ALLOWED, "this it does not");

    world.role.no_default_policy();
    let token = world.token();
    assert_eq!(world.get("auth/token/lookup-self", &token).refused(), NOT_ALLOWED);
    assert_eq!(world.post("auth/token/revoke-self", &token, json!({})).refused(), NOT_ALLOWED);
    assert_eq!(world.get(CREDS, &token).status, 200);
}

#[test]
fn the_token_may_come_as_a_bearer_and_the_book_says_whose_it_was() {
    let world = World::new();
    let token = world.token();
    let request = http::Request::get(format!("https://vault.test:8200/v1/{CREDS}"))
        .header("authorization", format!("Bearer {token}"))
        .body(bytes::Bytes::new())
        .unwrap();
    assert_eq!(tokenex_testkit::twins::Twin::answer(&world.vault, &request).status(), 200);
    let (login, exchange) = (world.vault.logins().remove(0), world.vault.exchanges().pop().unwrap());
    assert_eq!((exchange.role.as_str(), exchange.accessor), ("app", login.accessor));
    assert_eq!(exchange.outcome, Ok(world.vault.leases().remove(0)));
}
