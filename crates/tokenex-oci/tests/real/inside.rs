//! Oracle's SDK for Python takes the twins for the endpoints inside of Oracle Cloud: as a function, an instance, a pod.

use serde_json::{Value, json};
use tokenex_testkit::issuer::IssuerKeys;
use tokenex_testkit::tls::Certificates;
use tokenex_testkit::twins::Twin as _;

use crate::world::{REGION, SECOND, World, ask};

#[tokio::test]
async fn it_is_a_function_by_texts_and_by_files() {
    let world = World::new().await;
    let function = world.oci.resource_principal("fnfunc");
    let question = json!({ "api": world.api_served.url() });
    let call = async |token: &str, key: &str| {
        ask("resource_principal.py", &question, |script| {
            script
                .variable("OCI_RESOURCE_PRINCIPAL_VERSION", "2.2")
                .variable("OCI_RESOURCE_PRINCIPAL_RPST", token)
                .variable("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", key)
                .variable("OCI_RESOURCE_PRINCIPAL_REGION", REGION)
        })
        .await
    };
    let expected = json!({
        "namespace": world.oci.namespace(),
        "tenancy": world.oci.tenancy(),
        "compartment": function.compartment(),
    });
    let session = function.session(600 * SECOND);
    assert_eq!(call(session.token(), &session.private_pem()).await, expected);
    let (token, key) =
        (world.folder.write("rpst", session.token()), world.folder.write("key", &session.private_pkcs1_pem()));
    assert_eq!(call(token.to_str().unwrap(), key.to_str().unwrap()).await, expected);
    assert_eq!(world.callers(), vec![function.ocid(); 2]);

    let other = function.session(600 * SECOND);
    assert_eq!(call(other.token(), &session.private_pem()).await["error"], "401 NotAuthenticated");
}

#[tokio::test]
async fn it_is_an_instance_and_hears_of_bad_days() {
    let world = World::new().await;
    let instance = world.oci.instance(REGION);
    let metadata = instance.serve().await.unwrap();
    let question =
        json!({ "api": world.api_served.url(), "federation": format!("{}/v1/x509", world.api_served.url()) });
    let call = async || {
        let base = format!("{}/opc/v2", metadata.url());
        ask("instance.py", &question, |script| script.variable("OCI_METADATA_BASE_URL", base)).await
    };
    let answer: Value = call().await;
    assert_eq!(answer, json!({ "namespace": world.oci.namespace(), "tenancy": world.oci.tenancy() }));
    assert_eq!(world.callers(), vec![instance.ocid(); 2], "the federation endpoint, then the API");
    world.oci.fault_federation(1, tokenex_testkit::twins::Fault::Throttled(tokenex_testkit::twins::RetryAfter::Absent));
    assert_eq!(call().await["error"], "429 TooManyRequests");
}

#[tokio::test]
async fn it_is_a_pod_of_an_enhanced_cluster_only() {
    let world = World::new().await;
    let accounts = IssuerKeys::new("https://kubernetes.test");
    let cluster = world.oci.cluster(&accounts);
    let certificates = Certificates::for_loopback();
    let served = cluster.serve_tls(&certificates).await.unwrap();
    let call = async |service_account: String| {
        let question = json!({
            "service_account": service_account,
            "host": "127.0.0.1",
            "port": served.server().addr().port(),
            "region": REGION,
            "api": world.api_served.url(),
        });
        ask("pod.py", &question, |script| script.trust(certificates.ca_pem())).await
    };
    let account = accounts.token().subject("system:serviceaccount:shop:checkout");
    assert_eq!(call(account.sign()).await, json!({ "namespace": world.oci.namespace() }));
    assert_eq!(world.callers(), [cluster.ocid()]);
    assert_eq!(call(account.clone().forged().sign()).await["error"], "401 Failed to get RPST token from proxymux");
    cluster.enhanced(false);
    assert_eq!(call(account.sign()).await["error"], "403 Please ensure the cluster type is enhanced");
}
