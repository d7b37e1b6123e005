//! Managed identity over real sockets: MSAL takes the platforms' twins for the platforms, and our crate does in one chain
//! what MSAL does in two steps.

use serde_json::{Value, json};
use tokenex_azure::{Cloud, Entra, ManagedIdentity};
use tokenex_core::ErrorKind;
use tokenex_testkit::servers::PythonScript;
use tokenex_testkit::twins::azure::{EntraTwin, PlatformTwin};
use tokenex_testkit::twins::{Served, Twin as _};

use crate::msal::{answer, assert_refused, by_this_assertion, claims_of};
use crate::world::{PATIENCE, SECOND, STORAGE, World, claims, scheduler};

const VAULT: &str = "https://vault.azure.net";

/// What a platform tells its programs.
type Environment = Vec<(&'static str, String)>;

/// What MSAL says about the identity with this client id, or the platform's own, in the environment of the platform.
async fn ask(platform: &PlatformTwin, served: &Served, client_id: Option<&str>, resource: &str) -> Value {
    let question = json!({"client_id": client_id, "resource": resource});
    answer("managed_identity.py", &question, |script| with(script, platform.environment(&served.url()))).await
}

fn with(script: PythonScript, environment: Environment) -> PythonScript {
    environment.into_iter().fold(script, |script, (name, value)| script.variable(name, value))
}

/// The environment as our crate reads it.
fn lookup(environment: Environment) -> impl Fn(&str) -> Option<String> + Send + Sync {
    move |name| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
}

#[tokio::test]
async fn msal_takes_the_twins_for_the_platforms() {
    let world = World::new().await;
    type Make = fn(&EntraTwin) -> PlatformTwin;
    let refused = "No User Assigned or Delegated Managed Identity found";
    let platforms: [(Make, &str); 3] = [
        (PlatformTwin::imds, "Identity not found"),
        (PlatformTwin::app_service, refused),
        (PlatformTwin::machine_learning, refused),
    ];
    for (make, refusal) in platforms {
        let platform = make(&world.entra);
        let (machine, deployer) =
            (world.tenant.system_assigned_identity("vm"), world.tenant.user_assigned_identity("deployer"));
        platform.assign(&machine).assign(&deployer);
        let served = platform.serve().await.unwrap();

        for (client_id, identity) in [(None, &machine), (Some(deployer.client_id()), &deployer)] {
            let answer = ask(&platform, &served, client_id, VAULT).await;
            let claims = claims_of(&answer);
            assert_eq!((&claims["aud"], &claims["oid"]), (&json!(VAULT), &json!(identity.object_id())), "{platform:?}");
            let lifetime = answer["expires_in"].as_i64().unwrap();
            assert!((86_300..=86_400).contains(&lifetime), "{platform:?}: {lifetime}");
        }
        let stranger = world.tenant.user_assigned_identity("stranger");
        let answer = ask(&platform, &served, Some(stranger.client_id()), VAULT).await;
        assert!(answer["error_description"].as_str().unwrap().contains(refusal), "{platform:?}: {answer}");
        assert!(answer.get("access_token").is_none());
    }
}

#[tokio::test]
async fn msal_shows_the_token_of_a_managed_identity_as_the_proof_of_an_application() {
    let world = World::new().await;
    let (trusted, stranger) = (world.tenant.user_assigned_identity("one"), world.tenant.user_assigned_identity("two"));
    let app = world.tenant.app("deployer");
    app.federate_identity(&trusted).unwrap();
    let platform = PlatformTwin::imds(&world.entra);
    platform.assign(&trusted).assign(&stranger);
    let served = platform.serve().await.unwrap();
    let through = async |identity: &str| {
        let proof = ask(&platform, &served, Some(identity), "api://AzureADTokenExchange").await;
        let proof = proof["access_token"].as_str().unwrap();
        by_this_assertion(&world, &app, proof, STORAGE, &[None]).await[0].clone()
    };

    assert_eq!(claims_of(&through(trusted.client_id()).await)["appid"], app.client_id());
    assert_refused(&through(stranger.client_id()).await, 700_213);
}

#[tokio::test]
async fn our_crate_takes_the_platform_and_entra_in_one_chain() {
    let world = World::new().await;
    let identity = world.tenant.user_assigned_identity("deployer");
    let app = world.tenant.app("deployer");
    app.federate_identity(&identity).unwrap();
    let platform = PlatformTwin::app_service(&world.entra);
    platform.assign(&identity);
    let served = platform.serve().await.unwrap();

    let variables = lookup(platform.environment(&served.url()));
    let machine = ManagedIdentity::builder().client_id(identity.client_id()).variables(variables).build().unwrap();
    let entra = Entra::federated(world.tenant.id(), app.client_id(), machine)
        .cloud(Cloud::at(&world.served.url()).unwrap())
        .ca_pem(world.certificates.ca_pem())
        .build()
        .unwrap();
    let scheduler = scheduler();
    let token = scheduler.keep(entra.token(STORAGE).unwrap()).ready(PATIENCE).await.unwrap();

    assert_eq!(claims(token.secret().expose())["appid"], app.client_id());
    assert_eq!((platform.asked().len(), world.entra.exchanges().len()), (1, 1));
    scheduler.shutdown(SECOND).await;
}

/// Service Fabric shows a certificate that no CA vouches for, and tells its programs the thumbprint.
#[tokio::test]
async fn service_fabric_is_known_by_the_thumbprint_of_its_certificate() {
    let world = World::new().await;
    let identity = world.tenant.user_assigned_identity("deployer");
    let platform = PlatformTwin::service_fabric(&world.entra);
    platform.assign(&identity);
    let served = platform.serve_tls(&world.certificates).await.unwrap();
    let environment = |thumbprint: &str| {
        let mut variables = platform.environment(&served.url());
        variables.push(("IDENTITY_SERVER_THUMBPRINT", thumbprint.to_owned()));
        variables
    };
    let (right, wrong) = (world.certificates.leaf_sha1(), "0".repeat(40));

    let question = json!({"client_id": null, "resource": VAULT});
    let answer = answer("managed_identity.py", &question, |script| with(script, environment(&right))).await;
    assert_eq!(claims_of(&answer)["oid"], identity.object_id());

    let scheduler = scheduler();
    for (thumbprint, trusted) in [(&right, true), (&wrong, false)] {
        let machine = ManagedIdentity::builder().variables(lookup(environment(thumbprint))).build().unwrap();
        let token = scheduler.keep(machine.token(format!("{VAULT}/.default")).unwrap()).get().await;
        match token {
            Ok(token) => assert!(trusted && claims(token.secret().expose())["oid"] == identity.object_id()),
            Err(error) => assert!(!trusted && error.kind() == ErrorKind::Tls, "{error}"),
        }
    }
    scheduler.shutdown(SECOND).await;
}
