//! `azure`, `azure-managed-identity`, `azure-agent`.

use tokenex_testkit::issuer::verify_with_jwks;
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::azure::{EXCHANGE_AUDIENCE, PlatformTwin};

use super::world::{ISSUER, SUBJECT, World, field, ready};
use crate::catalog::Kind;

const IMDS: &str = "169.254.169.254";

#[tokio::test(start_paused = true)]
async fn an_identity_token_becomes_a_token_of_entra_and_stays_fresh_for_hours() {
    let world = World::new();
    let tenant = world.entra.tenant("contoso.example");
    let app = tenant.app("app");
    app.federate(ISSUER, SUBJECT, EXCHANGE_AUDIENCE).unwrap();
    let catalog = world
        .open(&format!(
            r#"
            [credential.graph]
            provider = "azure"
            identity = "job"
            tenant_id = "{}"
            client_id = "{}"
            scope = "https://graph.microsoft.com/.default"
            "#,
            tenant.id(),
            app.client_id(),
        ))
        .await;
    let graph = ready(&catalog, "graph").await;
    let claims = verify_with_jwks(&tenant.jwks(), &field(&graph, "access_token")).unwrap();
    assert_eq!(claims["appid"], app.client_id());
    assert_eq!(graph.value.fields(), ["access_token", "token_type"]);
    let managed = catalog.get("graph").unwrap();
    assert_eq!((managed.name(), managed.provider(), managed.kind()), ("graph", "azure", Kind::Bearer));
    assert!((8..=12).contains(&world.watch(managed, 6 * 60).await));
}

#[tokio::test(start_paused = true)]
async fn an_audience_of_ones_own_is_what_the_identity_is_asked_for() {
    let world = World::new();
    let tenant = world.entra.tenant("contoso.example");
    let app = tenant.app("app");
    app.federate(ISSUER, SUBJECT, "api://mine").unwrap();
    let catalog = world
        .open(&format!(
            r#"
            [credential.graph]
            provider = "azure"
            identity = "job"
            tenant_id = "{}"
            client_id = "{}"
            audience = "api://mine"
            authority_host = "https://login.microsoftonline.com"
            scope = "https://graph.microsoft.com/.default"
            "#,
            tenant.id(),
            app.client_id(),
        ))
        .await;
    ready(&catalog, "graph").await;
}

#[tokio::test(start_paused = true)]
async fn the_machines_identity_is_a_credential_and_the_proof_of_another_one() {
    let world = World::new();
    let tenant = world.entra.tenant("contoso.example");
    let (machine, app) = (tenant.user_assigned_identity("machine"), tenant.app("app"));
    app.federate_identity(&machine).unwrap();
    let platform = PlatformTwin::imds(&world.entra);
    platform.assign(&machine).route(&world.network, IMDS);
    let catalog = world
        .open(&format!(
            r#"
            [identity.machine]
            source = "azure-managed-identity"
            client_id = "{id}"
            platform = "imds"

            [credential.arm]
            provider = "azure-managed-identity"
            client_id = "{id}"
            scope = "https://management.azure.com/.default"

            [credential.graph]
            provider = "azure"
            identity = "machine"
            tenant_id = "{tenant}"
            client_id = "{app}"
            scope = "https://graph.microsoft.com/.default"
            "#,
            id = machine.client_id(),
            tenant = tenant.id(),
            app = app.client_id(),
        ))
        .await;
    let of = |token: &str| verify_with_jwks(&tenant.jwks(), token).unwrap();
    assert_eq!(of(&field(&ready(&catalog, "arm").await, "access_token"))["appid"], machine.client_id());
    assert_eq!(of(&field(&ready(&catalog, "graph").await, "access_token"))["appid"], app.client_id());
    world.watch(catalog.get("graph").unwrap(), 120).await;
}

#[tokio::test(start_paused = true)]
async fn an_agent_has_its_token_by_way_of_its_blueprint() {
    let world = World::new();
    let tenant = world.entra.tenant("contoso.example");
    let blueprint = tenant.blueprint("assistants");
    blueprint.federate(ISSUER, SUBJECT, EXCHANGE_AUDIENCE).unwrap();
    let agent = blueprint.agent("anna");
    let user = agent.agent_user("anna@contoso.example");
    let table = |name: &str, more: &str| {
        format!(
            r#"
            [credential.{name}]
            provider = "azure-agent"
            identity = "job"
            tenant_id = "{}"
            client_id = "{}"
            agent_id = "{}"
            scope = "https://graph.microsoft.com/.default"
            {more}
            "#,
            tenant.id(),
            blueprint.client_id(),
            agent.client_id(),
        )
    };
    let as_user = table("user", &format!("user_object_id = \"{}\"", user.object_id()));
    let catalog = world.open(&format!("{}{as_user}", table("agent", ""))).await;
    let of = |token: &str| verify_with_jwks(&tenant.jwks(), token).unwrap();
    let claims = of(&field(&ready(&catalog, "agent").await, "access_token"));
    assert_eq!(claims["appid"], agent.client_id());
    let claims = of(&field(&ready(&catalog, "user").await, "access_token"));
    assert_eq!(claims["oid"], user.object_id());
    world.watch(catalog.get("agent").unwrap(), 120).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_secret_from_a_file_is_a_proof_too() {
    let world = World::new();
    let tenant = world.entra.tenant("contoso.example");
    let app = tenant.app("app");
    let file = super::world::secret_file("client.secret", app.add_secret().value());
    let catalog = world
        .open(&format!(
            r#"
            [credential.graph]
            provider = "azure"
            client_secret = {{ file = "{}" }}
            tenant_id = "{}"
            client_id = "{}"
            scope = "https://graph.microsoft.com/.default"
            "#,
            file.0.display(),
            tenant.id(),
            app.client_id(),
        ))
        .await;
    ready(&catalog, "graph").await;
    assert_eq!(world.network.count("issuer.test"), 0, "an identity that nothing needs is not asked for");
}
