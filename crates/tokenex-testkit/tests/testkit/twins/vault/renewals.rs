use serde_json::json;

use super::support::*;

#[test]
fn a_login_is_renewed_by_its_role_until_its_wall() {
    let world = World::new();
    let token = world.token();
    let renew = || world.post("auth/token/renew-self", &token, json!({}));
    world.clock.advance(50);
    assert_eq!(renew().login_lives(), 60);
    world.clock.advance(50);
    assert_eq!(renew().login_lives(), 20, "two minutes after its beginning it ends");
    world.clock.advance(19);
    assert_eq!(world.get("auth/token/lookup-self", &token).body["data"]["ttl"], 1);
    world.clock.advance(1);
    assert_eq!(renew().refused(), DENIED);
    assert!(world.vault.logins().is_empty());
    assert_eq!(world.vault.issued(), 1, "renewals issue nothing");
}

#[test]
fn an_increment_counts_from_now_and_may_shorten() {
    let world = World::new();
    let token = world.token();
    let renew = |increment| world.post("auth/token/renew-self", &token, json!({"increment": increment}));
    assert_eq!(renew(json!("2m")).login_lives(), 120);
    assert_eq!(renew(json!("1h")).login_lives(), 120);
    assert_eq!(renew(json!(3)).login_lives(), 3);
    assert_eq!(renew(json!("0")).login_lives(), 60);
    let field = "Field validation failed: error converting input for field \"increment\": ";
    assert_eq!(renew(json!("soon")).refused(), (400, &*format!("{field}time: invalid duration \"soon\"")));
    assert_eq!(renew(json!(-1)).refused(), (400, &*format!("{field}cannot provide negative value '-1'")));
}

#[test]
fn a_login_without_its_role_cannot_be_renewed_and_lives_on() {
    let world = World::new();
    let token = world.token();
    world.role.delete();
    let renewal = world.post("auth/token/renew-self", &token, json!({}));
    let words = "1 error occurred:\n\t* failed to renew entry: role app does not exist during renewal\n\n";
    assert_eq!(renewal.refused(), (500, words));
    assert_eq!(world.get("auth/token/lookup-self", &token).status, 200);
}

#[test]
fn a_login_ends_itself_and_a_dead_one_may_nothing() {
    let world = World::new();
    let token = world.token();
    assert_eq!(world.post("auth/token/revoke-self", &token, json!({})).status, 204);
    for answer in [
        world.get("auth/token/lookup-self", &token),
        world.get(CREDS, &token),
        world.post("auth/token/renew-self", &token, json!({})),
        world.post("auth/token/revoke-self", &token, json!({})),
        world.get(CREDS, "hvs.unknown"),
        world.send("GET", CREDS, None, &json!(null)),
    ] {
        assert_eq!(answer.refused(), DENIED);
    }
}

#[test]
fn an_operator_ends_all_logins_of_a_role() {
    let world = World::new();
    let (one, other) = (world.token(), world.token());
    world.role.revoke_logins();
    assert!([one, other].iter().all(|token| world.get("auth/token/lookup-self", token).refused() == DENIED));
    assert_eq!(world.get("auth/token/lookup-self", &world.token()).status, 200);
}

#[test]
fn a_batch_login_is_neither_renewed_nor_revoked_and_cuts_its_leases() {
    let world = World::new();
    world.role.batch().ttl(seconds(15));
    let login = world.log_in_as("app", &world.identity().sign());
    let auth = &login.body["auth"];
    assert_eq!(
        (&auth["accessor"], &auth["renewable"], &auth["token_type"]),
        (&json!(""), &json!(false), &json!("batch"))
    );
    let token = login.text("/auth/client_token");
    let itself = |what: &str| world.post(&format!("auth/token/{what}-self"), &token, json!({}));
    assert_eq!(itself("renew").refused(), (400, "batch tokens cannot be renewed"));
    assert_eq!(itself("revoke").refused(), (400, "batch tokens cannot be revoked"));

    world.clock.advance(8);
    let user = world.get(CREDS, &token);
    assert_eq!(user.lease_lives(), 7);
    world.clock.advance(3);
    assert_eq!(world.renew_lease(&user.text("/lease_id"), 10, &token).lease_lives(), 4);
    world.role.revoke_logins();
    assert_eq!(world.get("auth/token/lookup-self", &token).status, 200, "nothing ends a batch token");
    world.clock.advance(4);
    assert_eq!(world.get(CREDS, &token).refused(), DENIED);
}
