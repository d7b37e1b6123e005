//! The report as a whole: its shape, its words, and what is never in it.

use std::sync::PoisonError;

use tokenex_testkit::canary::Canary;
use tokenex_testkit::issuer::TokenBuilder;

use super::world::World;
use crate::program::tokenex;
use crate::world::eventually;

const STEPS: [&str; 10] =
    ["configuration", "token", "clock", "discovery", "keys", "signature", "audience", "exchange", "access", "probe"];

#[tokio::test]
async fn json_has_one_shape_whatever_was_found() {
    let world = World::new().await;
    world.role.delete();
    world.binding.remove();
    let diagnosis = world.doctor(&[]).await.exits(4);
    let members = |value: &serde_json::Value| -> Vec<String> {
        let mut names: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(members(&diagnosis.report), ["credentials", "exit", "result", "time", "version", "withdrawal"]);
    for credential in diagnosis.report["credentials"].as_array().unwrap() {
        assert_eq!(members(credential), ["asked", "exit", "made_from", "name", "provider", "result", "steps"]);
        let steps = credential["steps"].as_array().unwrap();
        assert_eq!(steps.iter().map(|step| step["name"].as_str().unwrap()).collect::<Vec<_>>(), STEPS);
        for step in steps {
            assert_eq!(members(step), ["expected", "fix", "found", "meaning", "name", "result", "said"]);
            assert!(!step["meaning"].as_str().unwrap().is_empty());
            let results = ["ok", "warning", "failed", "skipped"];
            assert!(results.contains(&step["result"].as_str().unwrap()), "{step}");
        }
    }
    assert!(diagnosis.end.stderr.is_empty(), "{}", diagnosis.end.stderr);
}

#[tokio::test]
async fn the_worst_of_all_credentials_is_the_exit_code_and_people_see_what_was_said_and_what_to_do() {
    let world = World::new().await;
    world.binding.remove();
    world.role.delete();
    let end = world.text(&["robot", "deploy", "kv"]).await.expect(4).silent();
    for part in [
        "  failed   access",
        "  failed   exchange",
        "said: \"Not authorized to perform sts:AssumeRoleWithWebIdentity\" (HTTP 403, AccessDenied, request ",
        "$ aws iam get-role --role-name deployer",
        "$ gcloud iam service-accounts add-iam-policy-binding",
        "1 ok, 2 failed (exit 4)",
    ] {
        assert!(end.stdout.contains(part), "nothing of {part:?}: {}", end.stdout);
    }
}

#[tokio::test]
async fn neither_tokens_nor_keys_nor_signatures_are_printed_whatever_breaks() {
    let world = World::new().await;
    let canary = Canary::new();
    let secret = world.exchanger.secret().to_owned();
    canary.watch("client secret", &secret);
    type Change = fn(TokenBuilder) -> TokenBuilder;
    let changes: [Change; 4] =
        [|token| token, TokenBuilder::forged, |token| token.subject("other"), |token| token.header("kid", "unknown")];
    for change in changes {
        world.tokens(change);
        let runs = [world.doctor(&[]).await.end, world.text(&[]).await, {
            let file = world.folder.path("tokenex.toml");
            let program = tokenex(["--log", "trace", "-c", file.to_str().unwrap(), "doctor"]);
            program.env("OCI_CLIENT_SECRET", &secret).run().await
        }];
        for end in runs {
            canary.search("standard output", end.stdout);
            canary.search("standard error", end.stderr);
        }
    }
    for token in world.handed_out.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        canary.watch("identity token", token);
    }
    for served in [&world.at.arm, &world.at.sts, &world.at.oci, &world.at.vault] {
        for request in served.server().requests() {
            for name in ["authorization", "x-amz-security-token", "x-vault-token"] {
                if request.header(name).len() > 8 {
                    canary.watch(name, request.header(name).trim_start_matches("Bearer "));
                }
            }
        }
    }
    assert!(canary.findings().secrets > 20, "{}", canary.findings());
    canary.assert_clean();
}

#[tokio::test]
async fn unknown_names_and_bad_files_are_told_before_anything_is_sent() {
    let world = World::new().await;
    let end = world.text(&["depoly"]).await.expect(2).says("no credential \"depoly\"").says("deploy");
    assert!(end.stdout.is_empty());
    world.write(|file| file.replace("[credential.deploy]", "[credential.deploy]\nnonsense = 1"));
    world.text(&["--format", "json"]).await.expect(2).says("nonsense");
    assert!(world.issuer.server().requests().is_empty());
}

#[tokio::test]
async fn an_interrupted_walk_withdraws_what_it_made() {
    let world = World::new().await;
    world.at.google.server().on("/slow", tokenex_testkit::web::Reply::silence());
    world.with_line("jwt", &format!("probe = \"{}/slow\"", world.at.google.url()));
    let running = world.start(&["kv", "jwt"]);
    eventually("the probe hangs", || !world.at.google.server().requests_to("/slow").is_empty()).await;
    assert_eq!(world.vault.logins().len(), 1);
    running.signal("INT");
    let end = running.end().await.expect(130);
    assert!(end.stdout.contains("revocation accepted"), "{end:#?}");
    assert!(world.vault.logins().is_empty());
}
