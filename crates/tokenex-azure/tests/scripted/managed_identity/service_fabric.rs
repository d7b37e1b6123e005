//! Service Fabric's certificate, over real sockets: only the one with the thumbprint is trusted.

use std::time::Duration;

use tokenex_azure::{ManagedIdentity, Platform};
use tokenex_core::{ErrorKind, Scheduler};
use tokenex_testkit::tls::Certificates;
use tokenex_testkit::twins::azure::{EntraTwin, PlatformTwin};
use tokenex_testkit::twins::{Served, Twin as _};

use crate::managed_identity::machine::VAULT;

/// A cluster whose application has an identity.
async fn cluster(certificates: &Certificates) -> (PlatformTwin, Served) {
    let entra = EntraTwin::new();
    let twin = PlatformTwin::service_fabric(&entra);
    twin.assign(&entra.tenant("contoso.example").user_assigned_identity("app"));
    let served = twin.serve_tls(certificates).await.unwrap();
    (twin, served)
}

fn identity(twin: &PlatformTwin, served: &Served, thumbprint: String) -> ManagedIdentity {
    let mut environment = twin.environment(&served.url());
    environment.push(("IDENTITY_SERVER_THUMBPRINT", thumbprint));
    let lookup = move |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
    ManagedIdentity::builder().variables(lookup).build().unwrap()
}

#[tokio::test]
async fn the_certificate_with_the_thumbprint_is_trusted_though_its_signer_and_name_are_not() {
    let certificates = Certificates::for_names(&["elsewhere.test"]);
    let (twin, served) = cluster(&certificates).await;
    let identity = identity(&twin, &served, certificates.leaf_sha1().to_uppercase());
    assert_eq!(identity.platform(), Platform::ServiceFabric);
    let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).start();
    let token = scheduler.keep(identity.token(VAULT).unwrap());
    token.ready(Duration::from_secs(10)).await.unwrap();
    assert_eq!(twin.asked()[0].resource, "https://vault.azure.net");

    // What the application is not given is an error that says where to give it.
    twin.rotate_secret();
    let refused = scheduler.keep(identity.token(VAULT).unwrap()).get().await.unwrap_err();
    assert_eq!((refused.kind(), refused.code()), (ErrorKind::NotFound, Some("ManagedIdentityNotFound")), "{refused}");
    assert!(!refused.is_transient() && refused.to_string().contains("manifest"), "{refused}");
    scheduler.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn another_certificate_is_never_sent_the_secret() {
    let (twin, served) = cluster(&Certificates::for_loopback()).await;
    let identity = identity(&twin, &served, Certificates::for_loopback().leaf_sha1());
    let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).start();
    let error = scheduler.keep(identity.token(VAULT).unwrap()).get().await.unwrap_err();
    assert_eq!((error.kind(), error.step()), (ErrorKind::Tls, Some("managed identity (Service Fabric)")), "{error}");
    assert!(served.server().requests().is_empty());
    scheduler.shutdown(Duration::from_secs(5)).await;
}
