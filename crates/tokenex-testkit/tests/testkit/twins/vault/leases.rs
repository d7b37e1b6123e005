use serde_json::json;

use super::support::*;

#[test]
fn each_read_makes_a_user_that_lives_as_long_as_its_lease() {
    let world = World::new();
    let token = world.token();
    let (one, other) = (world.get(CREDS, &token), world.get(CREDS, &token));
    assert_eq!((one.lease_lives(), &one.body["renewable"]), (10, &json!(true)));
    let (name, password) = (one.text("/data/username"), one.text("/data/password"));
    assert!(name.starts_with("v-jwt-repo-app-"), "{name}");
    assert!(world.database.accepts(&name, &password));
    assert!(!world.database.accepts(&name, &other.text("/data/password")));

    let made_at = world.clock.now();
    let user = world.database.users().swap_remove(0);
    assert_eq!((user.username.as_str(), user.role.as_str()), (name.as_str(), "app"));
    assert_eq!((user.lease_id, user.made_at, user.ends_at), (one.text("/lease_id"), made_at, made_at + seconds(10)));
    assert_eq!(world.vault.leases(), [one.text("/lease_id"), other.text("/lease_id")]);
    assert_eq!(world.vault.issued(), 3);

    world.clock.advance(10);
    assert!(!world.database.accepts(&name, &password));
    assert_eq!(world.database.alive_at(made_at).len(), 2, "the book remembers");
    assert!(world.database.alive_at(made_at + seconds(10)).is_empty());
    assert!(world.vault.leases().is_empty());
}

#[test]
fn a_lease_is_extended_until_its_wall() {
    let world = World::new();
    let token = world.token();
    let lease = world.get(CREDS, &token).text("/lease_id");
    world.clock.advance(9);
    assert_eq!(world.renew_lease(&lease, 10, &token).lease_lives(), 10);
    world.clock.advance(9);
    assert_eq!(world.renew_lease(&lease, 3600, &token).lease_lives(), 12, "thirty seconds after its beginning it ends");
    assert_eq!(world.renew_lease(&lease, 2, &token).lease_lives(), 2, "a renewal can shorten");
    assert_eq!(world.renew_lease(&lease, 0, &token).lease_lives(), 10);
    world.clock.advance(10);
    assert_eq!(world.renew_lease(&lease, 10, &token).refused(), (400, "lease not found"));
    assert_eq!(world.post("sys/leases/renew", &token, json!({})).refused(), (400, "lease_id must be specified"));
}

#[test]
fn a_lease_dies_with_the_login_that_asked_for_it_whoever_renewed_it() {
    let world = World::new();
    let first = world.token();
    let user = world.get(CREDS, &first);
    let lease = user.text("/lease_id");
    let login_ends_at = world.clock.now() + seconds(60);
    world.database.role("app").max_ttl(seconds(3600));
    let user_of_an_hour = world.get(CREDS, &first).text("/lease_id");

    world.clock.advance(9);
    let second = world.token();
    assert_eq!(world.renew_lease(&lease, 10, &second).lease_lives(), 10, "any login may");
    assert_eq!(world.renew_lease(&user_of_an_hour, 600, &second).lease_lives(), 600, "and is told a lie");
    assert_eq!(world.database.users()[1].ends_at, login_ends_at);

    assert_eq!(world.post("auth/token/revoke-self", &first, json!({})).status, 204);
    assert_eq!(world.renew_lease(&lease, 10, &second).refused(), (400, "lease not found"));
    assert!(!world.database.accepts(&user.text("/data/username"), &user.text("/data/password")));
    assert!(world.database.alive_at(world.clock.now()).is_empty());
}

#[test]
fn the_end_of_a_login_by_itself_takes_its_leases_at_that_time() {
    let world = World::new();
    let token = world.token();
    world.database.role("app").ttl(seconds(600)).max_ttl(seconds(600));
    let made_at = world.clock.now();
    assert_eq!(world.get(CREDS, &token).lease_lives(), 600, "longer than the login");
    world.clock.advance(100);
    assert_eq!(world.database.users()[0].ends_at, made_at + seconds(60));
    assert_eq!(world.database.alive_at(made_at + seconds(59)).len(), 1);
    assert!(world.database.alive_at(made_at + seconds(60)).is_empty());
}

#[test]
fn a_revoked_lease_takes_its_user_and_another_revocation_says_nothing() {
    let world = World::new();
    let token = world.token();
    let user = world.get(CREDS, &token);
    let body = json!({"lease_id": user.text("/lease_id"), "sync": true});
    assert_eq!(world.post("sys/leases/revoke", &token, body.clone()).status, 204);
    assert!(!world.database.accepts(&user.text("/data/username"), &user.text("/data/password")));
    assert_eq!(world.post("sys/leases/revoke", &token, body).status, 204);
    assert_eq!(world.post("sys/leases/revoke", &token, json!({})).refused(), (400, "lease_id must be specified"));
}

#[test]
fn a_role_that_is_not_there_or_not_allowed_makes_no_user() {
    let world = World::new();
    let token = world.token();
    assert_eq!(world.get("database/creds/other", &token).refused(), (400, "unknown role: other"));
    world.database.role("app").allowed(false);
    let words = "1 error occurred:\n\t* \"app\" is not an allowed role\n\n";
    assert_eq!(world.get(CREDS, &token).refused(), (500, words));
    world.database.role("app").allowed(true);
    assert_eq!(world.post(CREDS, &token, json!({})).status, 405);
    assert!(world.database.users().is_empty());
    world.database.role("app").delete();
    assert_eq!(world.get(CREDS, &token).refused(), (400, "unknown role: app"));
}

#[test]
fn while_the_database_is_down_nothing_is_made_extended_or_revoked() {
    let world = World::new();
    let token = world.token();
    let lease = world.get(CREDS, &token).text("/lease_id");
    world.database.down();
    let made = world.get(CREDS, &token);
    assert!(made.refused().0 == 500 && made.refused().1.contains("unable to start transaction"), "{}", made.body);
    let renewed = world.renew_lease(&lease, 10, &token);
    assert!(
        renewed.refused().0 == 400 && renewed.refused().1.starts_with("failed to renew entry: "),
        "{}",
        renewed.body
    );
    let body = json!({"lease_id": lease, "sync": true});
    let revoked = world.post("sys/leases/revoke", &token, body.clone());
    assert!(revoked.refused().0 == 400 && revoked.refused().1.starts_with("failed to revoke entry: "));
    assert_eq!(world.database.alive_at(world.clock.now()).len(), 1);
    world.database.up();
    assert_eq!(world.renew_lease(&lease, 10, &token).status, 200);
    assert_eq!(world.post("sys/leases/revoke", &token, body).status, 204);
}

#[test]
fn a_path_of_any_engine_answers_what_it_is_told_with_or_without_a_lease() {
    let world = World::new();
    world.role.allow("pki/issue/web").allow("aws/sts/deploy").allow("ssh/verify");
    world.vault.path("pki/issue/web").on_write(|body| json!({"certificate": body["common_name"]}));
    let sts = world.vault.path("aws/sts/deploy");
    sts.on_read(|| json!({"access_key": "ASIA"})).lease(seconds(900), seconds(900)).renewable(false);
    world.vault.path("ssh/verify").on_write(|_| json!(null));
    let token = world.token();

    let issued = world.post("pki/issue/web", &token, json!({"common_name": "a.test"}));
    assert_eq!((issued.text("/data/certificate"), issued.text("/lease_id")), ("a.test".to_owned(), String::new()));
    assert_eq!(world.get("pki/issue/web", &token).status, 405);
    assert_eq!(world.post("ssh/verify", &token, json!({})).status, 204);
    let leased = world.get("aws/sts/deploy", &token);
    assert_eq!((leased.lease_lives(), &leased.body["renewable"]), (900, &json!(false)));
    let renewal = world.renew_lease(&leased.text("/lease_id"), 10, &token);
    assert_eq!(renewal.refused(), (400, "lease is not renewable"));
}
