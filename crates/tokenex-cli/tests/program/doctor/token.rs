//! Tokens that are not there, not valid, or for somebody else.

use std::time::SystemTime;

use serde_json::json;
use tokenex_testkit::web::Reply;

use super::world::{AWS_AUDIENCE, SUBJECT, World};
use crate::world::SECOND;

#[tokio::test]
async fn no_token_is_told_by_its_source_and_nothing_is_sent_to_the_target() {
    let world = World::new().await;
    world.write(|file| {
        let file =
            file.replace("[identity.ci]", "[identity.none]\nsource = \"file\"\npath = \"none.jwt\"\n[identity.ci]");
        file.replace("provider = \"aws\"\nidentity = \"ci\"", "provider = \"aws\"\nidentity = \"none\"")
    });
    let diagnosis = world.doctor(&["deploy"]).await.exits(3);
    let token = diagnosis.step("deploy", "token").is("failed");
    assert!(token.0["found"]["source"].as_str().unwrap().ends_with("none.jwt"), "{token:?}");
    for step in ["clock", "discovery", "keys", "signature", "audience", "exchange", "access", "probe"] {
        diagnosis.step("deploy", step).is("skipped").means("token failed");
    }
    assert!(world.sts.exchanges().is_empty());
}

#[tokio::test]
async fn an_expired_token_is_a_matter_of_the_identity_and_its_issuer_is_looked_at_all_the_same() {
    let world = World::new().await;
    world.tokens(|token| token.expired_since(600 * SECOND));
    let diagnosis = world.doctor(&["deploy"]).await.exits(3);
    diagnosis.step("deploy", "token").is("failed").means("expired").found("subject", SUBJECT);
    diagnosis.step("deploy", "keys").is("ok");
    diagnosis.step("deploy", "exchange").is("skipped").means("token failed");
    assert!(world.sts.exchanges().is_empty());
}

#[tokio::test]
async fn within_the_leeway_it_is_the_target_that_says_expired() {
    let world = World::new().await;
    world.tokens(|token| token.expired_since(100 * SECOND));
    let diagnosis = world.doctor(&["deploy"]).await.exits(3);
    diagnosis.step("deploy", "token").is("warning").means("expired 1 min 40 s ago");
    diagnosis.step("deploy", "exchange").is("failed").said("ExpiredTokenException", "Token expired");
}

#[tokio::test]
async fn a_token_that_is_not_valid_yet_points_to_the_clocks() {
    let world = World::new().await;
    let later = SystemTime::now() + 3600 * SECOND;
    world.tokens(move |token| token.issued_at(later).not_before(later));
    let diagnosis = world.doctor(&["kv"]).await.exits(3);
    diagnosis.step("kv", "token").is("failed").means("becomes valid only in");
    diagnosis.step("kv", "clock").is("warning").means("ahead of this machine");
    diagnosis.step("kv", "exchange").is("skipped");
}

#[tokio::test]
async fn a_token_for_somebody_else_is_not_sent_and_both_audiences_stand_side_by_side() {
    let world = World::new().await;
    world.folder.write("other.jwt", &world.issuer.token().subject(SUBJECT).audience("somebody").sign());
    world.write(|file| {
        let file =
            file.replace("[identity.ci]", "[identity.file]\nsource = \"file\"\npath = \"other.jwt\"\n[identity.ci]");
        file.replace("identity = \"ci\"", "identity = \"file\"")
    });
    let diagnosis = world.doctor(&["deploy"]).await.exits(3);
    let audience = diagnosis.step("deploy", "audience").is("failed").found("audience", "somebody");
    audience.expected("audience", AWS_AUDIENCE).means("projected volume");
    diagnosis.step("deploy", "exchange").is("skipped");
    assert!(world.sts.exchanges().is_empty());
    let text = world.text(&["deploy"]).await.expect(3).stdout;
    assert!(text.contains("audience    somebody\n") && text.contains("expected  sts.amazonaws.com"), "{text}");
}

#[tokio::test]
async fn an_issuer_whose_clock_is_off_is_named() {
    let world = World::new().await;
    let document = world.issuer.keys().discovery();
    world.issuer.discovery_answers(Reply::json(200, &document).header("date", "Tue, 01 Jan 2030 00:00:00 GMT"));
    let diagnosis = world.doctor(&["kv"]).await.exits(0);
    diagnosis.step("kv", "clock").is("warning").means("the issuer's clock is");
    assert_eq!(diagnosis.report["result"], "warning");
}

#[tokio::test]
async fn a_setting_that_only_this_machine_lacks_is_told_with_its_line() {
    let world = World::new().await;
    world.write(|file| {
        let file = file.replace("[identity.ci]", "[identity.job]\nsource = \"github-actions\"\n[identity.ci]");
        file.replace("provider = \"aws\"\nidentity = \"ci\"", "provider = \"aws\"\nidentity = \"job\"")
    });
    let diagnosis = world.doctor(&["deploy", "kv"]).await;
    let configuration = diagnosis.step("deploy", "configuration").is("failed");
    assert!(configuration.0["found"]["line"].as_str().unwrap().contains("tokenex.toml"), "{configuration:?}");
    assert_eq!(diagnosis.credential("deploy")["exit"], diagnosis.report["exit"]);
    assert_ne!(diagnosis.report["exit"], json!(0));
    assert_eq!(diagnosis.credential("kv")["result"], "ok");
}
