//! tokenex and its peers: each holds credentials that come from a local server, and reads them.
//!
//! A peer is set up as its documentation says, with one HTTP client for all credentials where it allows that.

mod aws;
mod azure;
mod google;
mod object_store;
mod reqsign;
mod tokenex;

use std::path::PathBuf;
use std::sync::OnceLock;

pub use aws::{Aws, AwsProviderAlone};
pub use azure::AzureIdentity;
pub use google::GoogleCloudAuth;
pub use object_store::ObjectStore;
pub use reqsign::Reqsign;
pub use tokenex::{Borrowed, Tokenex};

use crate::server::Endpoint;

/// One credential in a program.
pub trait Held: Send + Sync + 'static {
    /// What each request of a program does before it is sent: get at the current credential. Returns a number that depends
    /// on it where the library lets one look, so that no compiler leaves the work out.
    fn read(&self) -> impl Future<Output = Result<usize, String>> + Send;
}

/// One library.
pub trait Library: Send + Sync + Sized + 'static {
    /// As in the report.
    const NAME: &'static str;
    /// What a program holds.
    type Held: Held;

    /// What all credentials of a program share. Called on a runtime.
    fn new() -> Self;

    /// One more credential, from `endpoint`. Called on a runtime.
    fn hold(&self, endpoint: &Endpoint) -> Self::Held;

    /// The only credential of a program: what credentials share is made here too, except for the HTTP client.
    fn first(&self, endpoint: &Endpoint) -> Self::Held {
        self.hold(endpoint)
    }
}

/// The identity token that all of them present; the server does not look at it.
pub const IDENTITY: &str = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci50ZXN0Iiwic3ViIjoiYmVuY2giLCJhdWQiOiJhcGk6Ly9B\
    enVyZUFEVG9rZW5FeGNoYW5nZSIsImV4cCI6NDEwMjQ0NDgwMH0.c2lnbmF0dXJl";

const TENANT: &str = "11111111-1111-1111-1111-111111111111";
const CLIENT: &str = "22222222-2222-2222-2222-222222222222";
const SCOPE: &str = "https://storage.azure.com/.default";

/// A file with [`IDENTITY`], for libraries that take nothing else.
fn identity_file() -> &'static PathBuf {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        let file = std::env::temp_dir().join(format!("tokenex-bench-{}.jwt", std::process::id()));
        std::fs::write(&file, IDENTITY).expect("a temporary file");
        file
    })
}

/// Removes what [`identity_file`] may have made.
pub fn clean_up() {
    let _ = std::fs::remove_file(std::env::temp_dir().join(format!("tokenex-bench-{}.jwt", std::process::id())));
}

/// One client as programs make it, without TLS roots to load: nothing here is encrypted.
pub fn http_client() -> reqwest::Client {
    let provider = rustls::crypto::ring::default_provider();
    let tls = rustls::ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().expect("a client")
}

/// Peers that make HTTP clients by themselves ask rustls for the default of the process.
pub fn install_crypto() {
    // An error says that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
