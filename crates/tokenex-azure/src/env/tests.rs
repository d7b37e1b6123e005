//! Environments, good and bad.

use super::*;

const WEBHOOK: [(&str, &str); 4] = [
    (TENANT, "72f988bf-86f1-41af-91ab-2d7cd011db47"),
    (CLIENT, "1950a258-227b-4e31-a9cf-717495945fc2"),
    (TOKEN_FILE, "/var/run/secrets/azure/tokens/azure-identity-token"),
    (AUTHORITY, "https://login.microsoftonline.us/"),
];

fn from(more: &[(&str, &str)]) -> Result<Entra> {
    let find = |name: &str| more.iter().chain(&WEBHOOK).find(|(n, _)| *n == name).map(|(_, value)| value.to_string());
    from_variables(find)?.build()
}

#[test]
fn the_variables_of_the_webhook_are_enough() {
    let entra = from(&[]).unwrap();
    assert_eq!(entra.token("https://vault.azure.net/.default").unwrap().scope().resource(), "https://vault.azure.net");
    let shown = format!("{entra:?}");
    assert!(shown.contains("login.microsoftonline.us") && shown.contains("1950a258"), "{shown}");
}

#[test]
fn all_that_is_missing_is_named_at_once_with_what_sets_it() {
    let error = from_variables(|name| (name == CLIENT).then(|| "x".to_owned())).unwrap_err();
    let text = error.to_string();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("environment")));
    assert!(text.contains("AZURE_TENANT_ID, AZURE_FEDERATED_TOKEN_FILE") && !text.contains(CLIENT), "{text}");
    assert!(text.contains("webhook") && text.contains("azure.workload.identity/use"), "{text}");
    // Empty is missing.
    assert!(from(&[(TENANT, " ")]).unwrap_err().to_string().contains(TENANT));
}

#[test]
fn a_bad_authority_is_blamed_on_its_variable() {
    let error = from(&[(AUTHORITY, "http://login.example/")]).unwrap_err();
    assert!(error.to_string().contains(AUTHORITY), "{error}");
    assert!(std::error::Error::source(&error).is_some_and(|why| why.to_string().contains("plain http")));
}

#[test]
fn what_describes_half_a_token_proxy_is_refused() {
    let proxy = (PROXY, "https://proxy.example");
    for (variables, word) in [
        (&[(PROXY_NAME, "x")][..], PROXY),
        (&[(PROXY_CA_FILE, "/x")], PROXY),
        (&[(PROXY, "http://proxy.example")], "https"),
        (&[(PROXY, "proxy.example")], "https"),
        (&[(PROXY, "https://user:hunter22@proxy.example")], "user name"),
        (&[(PROXY, "https://proxy.example/?hunter22")], "query"),
        (&[(PROXY, "https://")], "address"),
        (&[proxy, (PROXY_CA_FILE, "/x"), (PROXY_CA, "y")], "both"),
    ] {
        let error = from(variables).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains(word) && !format!("{error:?}").contains("hunter22"), "{error}");
    }
}

#[cfg(feature = "http")]
#[test]
fn a_token_proxy_is_where_requests_go() {
    let bindings = [
        (PROXY, "https://10.0.0.1:8443/"),
        (PROXY_NAME, "cluster.ests.aks.example"),
        (PROXY_CA_FILE, "/var/run/secrets/ca.crt"),
    ];
    let entra = from(&bindings).unwrap();
    assert_eq!(entra.target().name(), "https://10.0.0.1:8443");
    let error = from(&[(PROXY, "https://10.0.0.1"), (PROXY_CA, "no certificate")]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[cfg(not(feature = "http"))]
#[test]
fn without_http_a_token_proxy_needs_a_transport() {
    let error = from(&[(PROXY, "https://10.0.0.1")]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[cfg(feature = "http")]
mod sockets {
    use std::path::PathBuf;
    use std::time::Duration;

    use tokenex_core::Scheduler;
    use tokenex_testkit::issuer::{IssuerKeys, write_token_file};
    use tokenex_testkit::tls::Certificates;
    use tokenex_testkit::transport::InMemory;
    use tokenex_testkit::twins::Twin as _;
    use tokenex_testkit::twins::azure::{EXCHANGE_AUDIENCE, EntraTwin};

    use super::*;

    const NAME: &str = "cluster.ests.aks.test";

    /// A folder that goes with the test, however it ends.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            let folder = std::env::temp_dir().join(format!("tokenex-azure-{:016x}", fastrand::u64(..)));
            std::fs::create_dir(&folder).unwrap();
            Self(folder)
        }

        fn write(&self, name: &str, text: &str) -> String {
            let path = self.0.join(name);
            write_token_file(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[tokio::test]
    async fn with_identity_bindings_requests_go_to_the_proxy_and_its_ca_may_change() {
        let (issuer, twin) = (IssuerKeys::new("https://issuer.test"), EntraTwin::new());
        twin.reach(&issuer);
        let tenant = twin.tenant("contoso.example");
        let app = tenant.app("app");
        app.federate("https://issuer.test", "workload", EXCHANGE_AUDIENCE).unwrap();
        let (certificates, others) = (Certificates::for_names(&[NAME]), Certificates::for_names(&[NAME]));
        let proxy = twin.serve_tls(&certificates).await.unwrap();

        let folder = Folder::new();
        let token_file = folder.write("token", &issuer.token().audience(EXCHANGE_AUDIENCE).sign());
        let ca_file = folder.write("ca.crt", certificates.ca_pem());
        let variables = [
            (AUTHORITY, "https://login.microsoftonline.com/"),
            (TENANT, tenant.id()),
            (CLIENT, app.client_id()),
            (TOKEN_FILE, &token_file),
            (PROXY, &proxy.url()),
            (PROXY_NAME, NAME),
            (PROXY_CA_FILE, &ca_file),
        ];
        let entra = from(&variables).unwrap();
        // The scheduler's own network has nothing on it.
        let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).transport(InMemory::new()).start();
        let get = async |scope: &str| scheduler.keep(entra.token(scope).unwrap()).get().await;

        get("https://management.azure.com/.default").await.unwrap();
        folder.write("ca.crt", others.ca_pem());
        let error = get("https://vault.azure.net/.default").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
        folder.write("ca.crt", certificates.ca_pem());
        get("https://vault.azure.net/.default").await.unwrap();
        // In the middle of being replaced.
        folder.write("ca.crt", "");
        get("https://graph.microsoft.com/.default").await.unwrap();
        assert_eq!(twin.issued(), 3);
        scheduler.shutdown(Duration::from_secs(5)).await;
    }
}
