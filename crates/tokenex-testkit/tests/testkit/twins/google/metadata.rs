use bytes::Bytes;
use serde_json::Value;
use tokenex_testkit::twins::google::MetadataTwin;
use tokenex_testkit::twins::{Fault, Twin};

use super::super::support::claims;
use super::support::*;

fn ask(machine: &MetadataTwin, path: &str, flavor: bool) -> (u16, http::HeaderMap, String) {
    let mut request = http::Request::get(format!("http://metadata.google.internal{path}"));
    if flavor {
        request = request.header("Metadata-Flavor", "Google");
    }
    let (parts, body) = machine.answer(&request.body(Bytes::new()).unwrap()).into_parts();
    (parts.status.as_u16(), parts.headers, String::from_utf8(body.to_vec()).unwrap())
}

fn get(machine: &MetadataTwin, path: &str) -> (u16, String) {
    let (status, _, body) = ask(machine, &format!("/computeMetadata/v1/{path}"), true);
    (status, body)
}

#[test]
fn its_flavor_is_asked_for_and_shown() {
    let world = World::new();
    let machine = world.account.machine();
    let (status, headers, _) = ask(&machine, "/", false);
    assert_eq!((status, &headers["metadata-flavor"]), (200, &"Google".parse().unwrap()));
    let path = "/computeMetadata/v1/instance/service-accounts/default/token";
    let (status, headers, body) = ask(&machine, path, false);
    assert!(status == 403 && headers.contains_key("metadata-flavor") && body.contains("<html>"), "{body}");
    machine.without_flavor(true);
    assert!(!ask(&machine, path, true).1.contains_key("metadata-flavor"));
}

#[test]
fn access_tokens_are_the_same_until_five_minutes_before_their_end() {
    let world = World::new();
    let machine = world.account.machine();
    let token =
        || -> Value { serde_json::from_str(&get(&machine, "instance/service-accounts/default/token").1).unwrap() };
    let first = token();
    assert_eq!((first["expires_in"].as_u64(), first["token_type"].as_str()), (Some(3599), Some("Bearer")));
    let access = world.google.access(first["access_token"].as_str().unwrap()).unwrap();
    assert_eq!(access.member, world.account.member());
    world.clock.advance(3299);
    assert_eq!((&token()["access_token"], token()["expires_in"].as_u64()), (&first["access_token"], Some(300)));
    world.clock.advance(1);
    assert_ne!(token()["access_token"], first["access_token"]);
    assert_eq!(machine.issued(), 2);
}

#[test]
fn identity_tokens_are_for_one_audience_and_tell_of_the_machine_when_asked() {
    let world = World::new();
    let machine = world.account.machine();
    let path = "instance/service-accounts/default/identity";
    assert_eq!(get(&machine, path).0, 400);
    let short = get(&machine, &format!("{path}?audience=a")).1;
    let full = get(&machine, &format!("{path}?audience=a&format=full&licenses=TRUE")).1;
    assert!(world.google.id_token_keys().verify(&short).is_ok());
    assert_eq!((&claims(&short)["sub"], claims(&short).get("email")), (&world.account.unique_id().into(), None));
    assert_eq!(claims(&full)["email"], world.account.email());
    assert_eq!(claims(&full)["google"]["compute_engine"]["project_id"], "acme-prod");
    assert_eq!(get(&machine, &format!("{path}?audience=a")).1, short);
    assert_ne!(get(&machine, &format!("{path}?audience=b")).1, short);
}

#[test]
fn it_tells_of_account_and_project() {
    let world = World::new();
    let machine = world.account.machine();
    assert_eq!(get(&machine, "project/project-id").1, "acme-prod");
    assert_eq!(get(&machine, "project/numeric-project-id").1, "123456789012");
    let email = world.account.email();
    assert_eq!(get(&machine, "instance/service-accounts/default/email").1, email);
    let recursive = get(&machine, "instance/service-accounts/default/?recursive=true").1;
    assert_eq!(serde_json::from_str::<Value>(&recursive).unwrap()["email"], email);
    assert_eq!(get(&machine, "instance/service-accounts/other/token").0, 404);
    machine.without_account(true);
    assert_eq!(get(&machine, "instance/service-accounts/default/token").0, 404);
    machine.fault(1, Fault::Html(503));
    assert_eq!(get(&machine, "project/project-id").0, 503);
}
