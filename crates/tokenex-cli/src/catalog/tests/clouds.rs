//! `gcp`, `oci`, `passthrough`.

use tokenex::core::Claims;
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::google::Project;

use super::world::{ISSUER, SUBJECT, World, field, ready, secret_file};
use crate::catalog::Kind;

fn project(world: &World) -> (Project, String, String) {
    let project = world.google.project("acme-prod", 123_456_789_012);
    let provider = project.provider("workloads", "issuer", ISSUER);
    let account = project.service_account("deploy");
    account.bind(&provider.principal(SUBJECT));
    let table = format!(
        r#"
        [credential.storage]
        provider = "gcp"
        identity = "job"
        audience = "{}"
        "#,
        provider.audience()
    );
    (project, table, account.email().to_owned())
}

#[tokio::test(start_paused = true)]
async fn an_identity_token_becomes_a_federated_token() {
    let world = World::new();
    let (_, table, _) = project(&world);
    let catalog = world.open(&table).await;
    let token = field(&ready(&catalog, "storage").await, "access_token");
    assert!(world.google.access(&token).is_some());
    assert_eq!(world.network.count("iamcredentials.googleapis.com"), 0);
    world.watch(catalog.get("storage").unwrap(), 180).await;
}

#[tokio::test(start_paused = true)]
async fn with_a_service_account_it_goes_on_to_that_account() {
    let world = World::new();
    let (_, table, email) = project(&world);
    let more = format!(
        r#"
        service_account = "{email}"
        scopes = ["https://www.googleapis.com/auth/devstorage.read_only"]
        lifetime = "30m"
        "#
    );
    let catalog = world.open(&format!("{table}{more}")).await;
    let token = field(&ready(&catalog, "storage").await, "access_token");
    let access = world.google.access(&token).unwrap();
    assert!(format!("{access:?}").contains(&email), "{access:?}");
    assert!(format!("{access:?}").contains("devstorage.read_only"), "{access:?}");
    world.watch(catalog.get("storage").unwrap(), 180).await;
    let names: Vec<_> = catalog.scheduler().status().await.into_iter().map(|status| status.name).collect();
    assert_eq!(names, ["storage", "storage (federated)"]);
}

#[tokio::test(start_paused = true)]
async fn one_token_of_google_can_impersonate_several_accounts() {
    let world = World::new();
    let (_, table, email) = project(&world);
    let acting = |name: &str| {
        format!("\n[credential.{name}]\nprovider = \"gcp\"\nfrom = \"storage\"\nservice_account = \"{email}\"\n")
    };
    let catalog = world.open_some(&format!("{table}{}{}", acting("one"), acting("two")), &["one", "two"]).await;
    ready(&catalog, "one").await;
    ready(&catalog, "two").await;
    let names: Vec<_> = catalog.scheduler().status().await.into_iter().map(|status| status.name).collect();
    assert_eq!(names, ["one", "storage", "two"]);
    assert_eq!(world.network.count("sts.googleapis.com"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_identity_token_becomes_a_session_of_oracle_cloud_with_its_key() {
    const HOST: &str = "idcs-1.identity.oraclecloud.com";
    let world = World::new();
    let domain = world.oci.domain(HOST);
    domain.route(&world.network, HOST);
    let (app, user) = (domain.app("exchanger"), domain.user("deployer"));
    let trust = domain.trust("ci", ISSUER);
    trust.oauth_client(&app).audience(app.client_id());
    trust.impersonate(&format!("sub eq {SUBJECT}"), &user).active(true);
    let secret = secret_file("oci.secret", &app.secret());
    let catalog = world
        .open(&format!(
            r#"
            [credential.buckets]
            provider = "oci"
            identity = "job"
            domain_url = "{}"
            client_id = "{}"
            client_secret = {{ file = "{}" }}
            region = "eu-frankfurt-1"
            "#,
            domain.url(),
            app.client_id(),
            secret.0.display(),
        ))
        .await;
    let session = ready(&catalog, "buckets").await;
    assert_eq!(session.value.fields(), ["token", "private_key"]);
    assert_eq!(field(&session, "region"), "eu-frankfurt-1");
    assert!(world.oci.claims(&field(&session, "token")).is_some());
    assert!(field(&session, "private_key").starts_with("-----BEGIN PRIVATE KEY-----"));
    let managed = catalog.get("buckets").unwrap();
    assert_eq!(managed.kind(), Kind::OciSession);
    world.watch(managed, 120).await;
}

#[tokio::test(start_paused = true)]
async fn the_identity_token_itself_can_be_kept_and_handed_on() {
    let world = World::new();
    let tenant = world.entra.tenant("contoso.example");
    let app = tenant.app("app");
    app.federate(ISSUER, SUBJECT, "https://api.example").unwrap();
    let catalog = world
        .open(&format!(
            r#"
            [credential.token]
            provider = "passthrough"
            identity = "job"
            audience = "https://api.example"

            [identity.same]
            source = "credential"
            from = "token"

            [credential.one]
            provider = "azure"
            identity = "same"
            tenant_id = "{tenant}"
            client_id = "{app}"
            audience = "https://api.example"
            scope = "https://graph.microsoft.com/.default"

            [credential.two]
            provider = "azure"
            from = "token"
            tenant_id = "{tenant}"
            client_id = "{app}"
            audience = "https://api.example"
            scope = "https://vault.azure.net/.default"
            "#,
            tenant = tenant.id(),
            app = app.client_id(),
        ))
        .await;
    let token = ready(&catalog, "token").await;
    let claims = Claims::read(&field(&token, "access_token")).unwrap();
    assert_eq!((claims.subject(), claims.audiences()), (Some(SUBJECT), &["https://api.example".to_owned()][..]));
    assert_eq!(catalog.get("token").unwrap().kind(), Kind::Jwt);
    ready(&catalog, "one").await;
    ready(&catalog, "two").await;
    assert_eq!(world.network.count("issuer.test"), 1, "all of them show the one that is kept");
    world.watch(catalog.get("two").unwrap(), 180).await;
}
