use serde_json::json;
use tokenex_testkit::twins::{Fault, RetryAfter, Twin};

use super::support::*;

#[test]
fn a_sealed_server_answers_503_and_its_leases_end_meanwhile() {
    let world = World::new();
    let token = world.token();
    let lease = world.get(CREDS, &token).text("/lease_id");
    world.vault.seal();
    assert_eq!(world.get(CREDS, &token).refused(), (503, "Vault is sealed"));
    assert_eq!(world.log_in_as("app", &world.identity().sign()).refused(), (503, "Vault is sealed"));
    world.clock.advance(10);
    world.vault.unseal();
    assert_eq!(world.get("auth/token/lookup-self", &token).status, 200, "tokens live on");
    assert_eq!(world.renew_lease(&lease, 10, &token).refused(), (400, "lease not found"));
}

#[test]
fn bad_days_are_for_one_path_or_for_all_and_leave_no_trace_in_the_book() {
    let world = World::new();
    let token = world.token();
    world.vault.fault_at(CREDS, 1, Fault::Throttled(RetryAfter::Seconds(7)));
    world.vault.fault(2, Fault::OutOfOrder(500, RetryAfter::Absent));
    for path in ["auth/token/lookup-self", CREDS] {
        assert_eq!(world.get(path, &token).refused(), (500, "internal error"));
    }
    assert_eq!(world.get("auth/token/lookup-self", &token).status, 200);
    let throttled = world.get(CREDS, &token);
    assert_eq!(throttled.refused(), (429, "request path \"database/creds/app\": rate limit quota exceeded"));
    assert_eq!(throttled.headers["retry-after"], "7");
    assert_eq!(world.get(CREDS, &token).status, 200);
    assert_eq!(world.vault.exchanges().len(), 3);

    world.vault.fault_at(CREDS, 5, Fault::Html(502));
    world.vault.fault(5, Fault::Empty(503));
    world.vault.heal();
    assert_eq!(world.get(CREDS, &token).status, 200);
}

#[test]
fn half_an_answer_leaves_a_user_behind() {
    let world = World::new();
    let token = world.token();
    world.vault.fault_at(CREDS, 1, Fault::HalfBody);
    let half = world.get(CREDS, &token);
    assert_eq!((half.status, half.body), (200, json!(null)));
    assert_eq!(world.database.alive_at(world.clock.now()).len(), 1);
}

#[test]
fn an_address_outside_of_the_api_is_404() {
    let world = World::new();
    let request = http::Request::get("https://vault.test:8200/ui/").body(bytes::Bytes::new()).unwrap();
    assert_eq!(Answer::of(world.vault.answer(&request)).refused(), (404, ""));
}

#[test]
fn nothing_that_the_twin_shows_holds_a_token_or_a_password() {
    let world = World::new();
    let token = world.token();
    let password = world.get(CREDS, &token).text("/data/password");
    let shown = format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        world.vault,
        world.role,
        world.database,
        world.database.role("app"),
        world.database.users(),
        world.vault.logins(),
        world.vault.exchanges()
    );
    assert!(shown.contains("app") && !shown.contains(&token) && !shown.contains(&password), "{shown}");
}
