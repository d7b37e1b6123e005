//! What several tests need.

use std::future::Future;
use std::time::Duration;

use tokenex_testkit::tls::Certificates;

/// Fails a test that hangs instead of hanging with it. Far longer than anything takes.
pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), work).await.expect("it hangs")
}

/// A client that trusts the CA of `certificates` and nothing else, and follows no redirect.
pub(crate) fn client(certificates: &Certificates) -> reqwest::Client {
    reqwest::Client::builder()
        .tls_backend_preconfigured((*certificates.client_config()).clone())
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .http1_only()
        .build()
        .unwrap()
}

/// For servers without TLS: a client needs some trust to be built at all.
pub(crate) fn plain_client() -> reqwest::Client {
    client(&Certificates::for_loopback())
}
