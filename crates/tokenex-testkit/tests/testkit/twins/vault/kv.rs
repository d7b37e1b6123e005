use serde_json::json;

use super::support::*;

#[test]
fn a_secret_of_version_1_is_its_pairs_and_a_hint_when_to_look_again() {
    let world = World::new();
    let token = world.token();
    let kv = world.vault.kv1("kv");
    assert_eq!(world.get("kv/a", &token).refused(), (404, ""));
    kv.put("a", json!({"k": "v"}));
    let read = world.get("kv/a", &token);
    assert_eq!(
        (read.text("/data/k"), read.lease_lives(), read.text("/lease_id")),
        ("v".to_owned(), 2_764_800, String::new())
    );
    assert_eq!(world.post("kv/a", &token, json!({"k": "w", "ttl": "30s"})).status, 204);
    assert_eq!(world.get("kv/a", &token).lease_lives(), 30);
    assert_eq!(world.post("kv/a", &token, json!({})).refused(), (400, "missing data fields"));
    kv.delete("a");
    assert_eq!(world.get("kv/a", &token).status, 404);
}

#[test]
fn a_secret_of_version_2_has_versions() {
    let world = World::new();
    let token = world.token();
    let kv = world.vault.kv2("secret");
    assert_eq!(world.get("secret/data/a", &token).refused(), (404, ""));
    kv.put("a", json!({"k": "one"}));
    let written = world.post("secret/data/a", &token, json!({"data": {"k": "two"}}));
    assert_eq!((written.status, &written.body["data"]["version"]), (200, &json!(2)));
    assert_eq!(world.get("secret/data/a", &token).text("/data/data/k"), "two");
    assert_eq!(world.get("secret/data/a?version=0", &token).text("/data/data/k"), "two");
    assert_eq!(world.get("secret/data/a?version=1", &token).text("/data/data/k"), "one");
    assert_eq!(world.get("secret/data/a?version=3", &token).refused(), (404, ""));
    assert_eq!(world.get("secret/data/a?version=x", &token).status, 400);
    assert_eq!(world.post("secret/data/a", &token, json!({"k": "v"})).refused(), (400, "no data provided"));
}

#[test]
fn a_deleted_version_is_404_with_its_metadata() {
    let world = World::new();
    let token = world.token();
    let kv = world.vault.kv2("secret");
    kv.put("a", json!({"k": "v"})).delete("a");
    let deleted = world.get("secret/data/a", &token);
    let data = &deleted.body["data"];
    assert_eq!((deleted.status, &data["data"], &data["metadata"]["version"]), (404, &json!(null), &json!(1)));
    assert_eq!(data["metadata"]["deletion_time"], "2026-01-01T00:00:00Z");
    kv.put("a", json!({"k": "w"})).destroy("a");
    let destroyed = world.get("secret/data/a", &token);
    assert_eq!((destroyed.status, &destroyed.body["data"]["metadata"]["destroyed"]), (404, &json!(true)));
    assert_eq!(world.vault.exchanges().last().unwrap().status(), Some(404));
}

#[test]
fn who_takes_version_2_for_version_1_is_warned_in_a_404_without_errors() {
    let world = World::new();
    world.vault.kv2("secret").put("a", json!({"k": "v"}));
    let answer = world.get("secret/a", &world.token());
    assert_eq!((answer.status, answer.body.get("errors")), (404, None));
    assert!(
        answer.body["warnings"][0].as_str().unwrap().starts_with("Invalid path for a versioned K/V secrets engine")
    );
}
