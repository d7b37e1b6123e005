//! All is well.

use super::world::{SUBJECT, World};

#[tokio::test]
async fn each_step_of_each_provider_is_in_order_and_what_was_made_is_withdrawn() {
    let world = World::new().await;
    let diagnosis = world.doctor(&[]).await.exits(0);
    assert_eq!(diagnosis.report["result"], "ok", "{:#}", diagnosis.report);
    for (name, steps) in [
        ("arm", ["ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "skipped", "ok"]),
        ("deploy", ["ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "skipped", "ok"]),
        (
            "report",
            ["ok", "skipped", "skipped", "skipped", "skipped", "skipped", "skipped", "ok", "skipped", "skipped"],
        ),
        ("robot", ["ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "skipped"]),
        ("session", ["ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "skipped", "ok"]),
        ("db", ["ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "skipped"]),
        ("kv", ["ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok"]),
        ("jwt", ["ok", "ok", "ok", "ok", "ok", "ok", "ok", "skipped", "skipped", "skipped"]),
    ] {
        let results = diagnosis.credential(name)["steps"].as_array().unwrap().iter().map(|step| &step["result"]);
        assert_eq!(results.collect::<Vec<_>>(), steps, "{name}: {:#}", diagnosis.credential(name));
    }
    diagnosis.step("deploy", "token").found("issuer", world.issuer.url()).found("subject", SUBJECT);
    diagnosis.step("deploy", "audience").expected("audience", "sts.amazonaws.com");
    assert_eq!((world.vault.logins().len(), world.vault.leases().len()), (0, 0), "the login and its lease are revoked");
    let revoked = |path: &str| world.vault.exchanges().iter().any(|exchange| exchange.path == path);
    assert!(revoked("auth/token/revoke-self") && revoked("sys/leases/revoke"));
    assert!(diagnosis.report["withdrawal"]["revocations_accepted"].as_u64() >= Some(2), "{:#}", diagnosis.report);
    let left = diagnosis.report["withdrawal"]["left"].as_array().unwrap();
    let deploy = left.iter().find(|left| left["name"] == "deploy").expect("AWS takes nothing back");
    assert!(deploy["until"].as_str().unwrap().ends_with('Z') && deploy["because"].is_string());
}

#[tokio::test]
async fn one_exchange_is_made_for_a_credential_and_parents_come_first() {
    let world = World::new().await;
    let diagnosis = world.doctor(&["report"]).await.exits(0);
    let names: Vec<_> = diagnosis.report["credentials"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["deploy", "report"]);
    assert_eq!(
        (&diagnosis.credential("deploy")["asked"], &diagnosis.credential("report")["asked"]),
        (&false.into(), &true.into())
    );
    assert_eq!(diagnosis.credential("report")["made_from"], serde_json::json!(["deploy"]));
    let actions: Vec<_> = world.sts.exchanges().into_iter().map(|exchange| exchange.action).collect();
    assert_eq!(actions, ["AssumeRoleWithWebIdentity", "GetCallerIdentity", "AssumeRole"]);
}

#[tokio::test]
async fn a_credential_that_is_an_identity_token_is_walked_before_what_is_made_from_it() {
    let world = World::new().await;
    world.write(|file| {
        let file = file.replace("https://api.example", "vault");
        file.replace(
            "[credential.kv]\nprovider = \"vault\"\nidentity = \"ci\"",
            "[credential.kv]\nprovider = \"vault\"\nfrom = \"jwt\"",
        )
    });
    let diagnosis = world.doctor(&["kv"]).await.exits(0);
    assert_eq!(diagnosis.credential("kv")["made_from"], serde_json::json!(["jwt"]));
    diagnosis.step("kv", "token").is("ok").found("source", "credential jwt").found("audience", "vault");
    assert_eq!(diagnosis.credential("jwt")["result"], "ok");
}

#[tokio::test]
async fn people_get_a_line_for_each_step_and_a_word_about_what_is_left() {
    let world = World::new().await;
    let end = world.text(&["kv", "deploy"]).await.expect(0).silent();
    for part in [
        "kv (vault)",
        "  ok       token",
        "repo:acme/app:ref:refs/heads/main",
        "the target may see it differently",
        "the login may ask for secret/data/app",
        "the credential opens it (HTTP 200)",
        "revocation accepted",
        "deploy lives until ",
        "2 ok (exit 0)",
    ] {
        assert!(end.stdout.contains(part), "nothing of {part:?}: {}", end.stdout);
    }
}

#[tokio::test]
async fn several_credentials_of_one_login_tell_the_same_of_its_token() {
    let world = World::new().await;
    let diagnosis = world.doctor(&["db", "kv"]).await.exits(0);
    assert_eq!(diagnosis.step("db", "token").0["found"], diagnosis.step("kv", "token").0["found"]);
    assert_eq!(world.vault.exchanges().iter().filter(|exchange| exchange.path == "auth/jwt/login").count(), 1);
}
