//! `tokenex check`.

use serde_json::Value;

use crate::program::tokenex;
use crate::world::{Folder, World};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/tokenex.toml");

#[tokio::test]
async fn the_sample_of_the_documentation_is_in_order() {
    let end = tokenex(["check", "-c", SAMPLE]).run().await.expect(0);
    assert!(end.stdout.is_empty());
    assert!(end.stderr.ends_with("is in order: 10 identities, 15 credentials\n"), "{end:?}");
}

#[tokio::test]
async fn nobody_is_asked_and_nothing_is_run() {
    let world = World::new().await;
    world.tokenex(&["check"]).run().await.expect(0).says("is in order");
    assert!(world.vault.exchanges().is_empty() && world.sts.exchanges().is_empty());
    let folder = Folder::new();
    folder.write(
        "tokenex.toml",
        "version = 1\n[identity.a]\nsource = \"command\"\nargv = [\"touch\", \"made\"]\n[credential.b]\nprovider = \"passthrough\"\nidentity = \"a\"\n",
    );
    tokenex(["check"]).folder(&folder).run().await.expect(0).says("tokenex.toml is in order: 1 identity, 1 credential");
    assert_eq!(folder.names(), ["tokenex.toml"]);
}

#[tokio::test]
async fn all_problems_come_at_once_with_their_lines() {
    let folder = Folder::new();
    folder.write(
        "tokenex.toml",
        "version = 1\n\n[identity.job]\nsource = \"evn\"\n\n[credential.db]\nprovider = \"vault\"\nidentiy = \"job\"\naddress = \"http://vault.example\"\nrole = \"app\"\n\n[policy]\njitter = 3\n",
    );
    let end = tokenex(["check"]).folder(&folder).run().await.expect(2);
    assert!(end.stdout.is_empty());
    for part in [
        "--> tokenex.toml:4:10",
        "did you mean `env`?",
        "--> tokenex.toml:6:13",
        "`path` is missing",
        "one of `identity`, `from` is missing",
        "--> tokenex.toml:8:1",
        "did you mean `identity`?",
        "--> tokenex.toml:9:11",
        "dangerous_allow_http = true",
        "--> tokenex.toml:13:10",
        "tokenex: tokenex.toml has 6 problems",
    ] {
        assert!(end.stderr.contains(part), "{part}: {}", end.stderr);
    }
}

#[tokio::test]
async fn what_only_the_library_knows_is_found_too() {
    let folder = Folder::new();
    let aws = |more: &str| {
        folder.write(
            "tokenex.toml",
            &format!("version = 1\n[identity.job]\nsource = \"env\"\nvar = \"T\"\n[credential.a]\nprovider = \"aws\"\nidentity = \"job\"\nregion = \"eu-central-1\"\n{more}\n"),
        );
        tokenex(["check"]).folder(&folder).run()
    };
    aws("role_arn = \"arn:aws:iam::123456789012:user/x\"").await.expect(2).says("--> tokenex.toml:9:1").says("ARN");
    let end = aws("role_arn = \"arn:aws:iam::123456789012:role/x\"\nduration = \"13h\"").await;
    end.expect(2).says("--> tokenex.toml:10:1").says("duration");
}

#[tokio::test]
async fn a_warning_is_told_and_does_no_harm() {
    let folder = Folder::new();
    folder.write("tokenex.toml", "version = 1\n[identity.job]\nsource = \"env\"\nvar = \"T\"\n");
    let end = tokenex(["check"]).folder(&folder).run().await.expect(0);
    end.says("warning: no credential uses the identity \"job\"").says("1 identity, 0 credentials, 2 warnings");
}

#[tokio::test]
async fn the_schema_is_json_and_needs_no_file() {
    let end = tokenex(["check", "--schema"]).run().await.expect(0).silent();
    let schema: Value = serde_json::from_str(&end.stdout).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let words: Vec<_> = schema["properties"]["credential"]["additionalProperties"]["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| table["properties"]["provider"]["const"].as_str().unwrap())
        .collect();
    assert_eq!(
        words,
        [
            "azure",
            "azure-managed-identity",
            "azure-agent",
            "aws",
            "aws-assume-role",
            "gcp",
            "oci",
            "vault",
            "passthrough"
        ]
    );
}
