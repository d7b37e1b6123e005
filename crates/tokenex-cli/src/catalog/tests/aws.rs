//! `aws`, `aws-assume-role`, `aws-outbound`.

use serde_json::json;
use tokenex::core::time::TimeSource as _;
use tokenex_testkit::twins::aws::{Role, TrustStatement};
use tokenex_testkit::twins::azure::EXCHANGE_AUDIENCE;

use super::world::{ISSUER, SUBJECT, World, field, minutes, ready};
use crate::catalog::{Kind, Snapshot};

const AUDIENCE: &str = "sts.amazonaws.com";

/// A role that trusts the workload.
fn role(world: &World, name: &str, audience: &str) -> Role {
    let account = world.sts.account("123456789012");
    account.oidc_provider(ISSUER, audience);
    let role = account.role(name);
    role.trust_subject(ISSUER, SUBJECT, audience);
    role
}

fn table(role: &Role, more: &str) -> String {
    format!(
        r#"
        [credential.deploy]
        provider = "aws"
        identity = "job"
        role_arn = "{}"
        region = "eu-central-1"
        {more}
        "#,
        role.arn()
    )
}

fn works(world: &World, keys: &Snapshot) -> bool {
    let token = field(keys, "session_token");
    world.sts.accepts(&field(keys, "access_key_id"), &field(keys, "secret_access_key"), Some(&token))
}

#[tokio::test(start_paused = true)]
async fn a_role_is_assumed_with_an_identity_token_and_kept() {
    let world = World::new();
    let role = role(&world, "deploy", AUDIENCE);
    let catalog = world.open(&table(&role, "session_name = \"ci\"\nduration = \"30m\"")).await;
    let keys = ready(&catalog, "deploy").await;
    assert!(works(&world, &keys));
    assert_eq!(keys.value.fields(), ["access_key_id", "secret_access_key", "session_token"]);
    let managed = catalog.get("deploy").unwrap();
    assert_eq!(managed.kind(), Kind::AwsKeys);
    let held = managed.aws().unwrap().get().await.unwrap();
    assert_eq!(held.assumed_role_arn(), Some("arn:aws:sts::123456789012:assumed-role/deploy/ci"));
    let left = keys.expires_at.unwrap().duration_since(world.time.wall()).unwrap();
    assert!(left <= minutes(30) && left > minutes(29), "{left:?}");
    assert!((8..=14).contains(&world.watch(managed, 180).await));
}

#[tokio::test(start_paused = true)]
async fn an_audience_of_ones_own_is_asked_for() {
    let world = World::new();
    let role = role(&world, "deploy", "my-sts");
    let catalog = world.open(&table(&role, "audience = \"my-sts\"")).await;
    assert!(works(&world, &ready(&catalog, "deploy").await));
}

#[tokio::test(start_paused = true)]
async fn a_role_is_assumed_with_another_one() {
    let world = World::new();
    let first = role(&world, "deploy", AUDIENCE);
    let second = world.sts.account("210987654321").role("reports");
    second.trust(TrustStatement::principal(first.arn()).external_id("our-id").tag_session());
    let chain = format!(
        r#"
        [credential.reports]
        provider = "aws-assume-role"
        from = "deploy"
        role_arn = "{}"
        region = "eu-central-1"
        external_id = "our-id"
        tags = {{ team = "reports" }}
        transitive_tag_keys = ["team"]
        "#,
        second.arn()
    );
    let catalog = world.open(&format!("{}{chain}", table(&first, ""))).await;
    assert!(works(&world, &ready(&catalog, "reports").await));
    world.watch(catalog.get("reports").unwrap(), 180).await;
    let assumed = world.sts.exchanges().into_iter().filter(|call| call.action == "AssumeRole").count();
    assert!((4..=6).contains(&assumed), "{assumed}");
}

#[tokio::test(start_paused = true)]
async fn keys_in_a_secret_of_vault_can_assume_a_role() {
    let world = World::new();
    let key = world.sts.account("123456789012").user("vault");
    let role = world.sts.account("123456789012").role("reports");
    role.trust(TrustStatement::principal("arn:aws:iam::123456789012:user/vault"));
    world.vault_role("app").allow("aws/*");
    let data = json!({ "access_key": key.id(), "secret_key": key.secret(), "security_token": null });
    world.vault.path("aws/creds/app").on_read(move || data.clone()).lease(minutes(60), minutes(120));
    let catalog = world
        .open_some(
            &format!(
                r#"
                [credential.keys]
                provider = "vault"
                identity = "job"
                address = "https://vault.test:8200"
                role = "app"
                audience = "vault"
                path = "aws/creds/app"

                [credential.reports]
                provider = "aws-assume-role"
                from = "keys"
                role_arn = "{}"
                region = "eu-central-1"
                "#,
                role.arn()
            ),
            &["reports"],
        )
        .await;
    assert!(works(&world, &ready(&catalog, "reports").await));
    assert!(catalog.get("keys").is_none(), "it runs, and was not asked for");
}

#[tokio::test(start_paused = true)]
async fn an_identity_token_that_aws_signs_is_a_proof_for_entra() {
    let world = World::new();
    let role = role(&world, "deploy", AUDIENCE);
    let account = world.sts.account("123456789012").enable_outbound_federation();
    world.entra.reach(&account);
    let tenant = world.entra.tenant("contoso.example");
    let app = tenant.app("app");
    app.federate(account.issuer(), role.arn(), EXCHANGE_AUDIENCE).unwrap();
    let rest = format!(
        r#"
        [identity.aws]
        source = "aws-outbound"
        from = "deploy"
        region = "eu-central-1"
        duration = "2m"
        algorithm = "RS256"

        [credential.graph]
        provider = "azure"
        identity = "aws"
        tenant_id = "{}"
        client_id = "{}"
        scope = "https://graph.microsoft.com/.default"
        "#,
        tenant.id(),
        app.client_id(),
    );
    let catalog = world.open_some(&format!("{}{rest}", table(&role, "")), &["graph"]).await;
    ready(&catalog, "graph").await;
    world.watch(catalog.get("graph").unwrap(), 180).await;
    let names: Vec<_> = catalog.scheduler().status().await.into_iter().map(|status| status.name).collect();
    assert_eq!(names, ["deploy", "graph"]);
}
