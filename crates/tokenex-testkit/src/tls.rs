//! Throw-away certificates: a CA and separate leaves.
//!
//! Two levels on purpose: Rust's TLS refuses a self-signed CA certificate as the certificate of a server.
//!
//! ```
//! use tokenex_testkit::tls::Certificates;
//!
//! let certificates = Certificates::for_loopback();
//! assert!(certificates.ca_pem().contains("BEGIN CERTIFICATE"));
//! let server = certificates.server_config(); // an `Arc<rustls::ServerConfig>`
//! let client = certificates.client_config(); // trusts this CA and nothing else
//! # let _ = (server, client);
//! ```

use std::fmt;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::canary::whole_run;

/// The names that [`Certificates::for_loopback`] is valid for.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A CA that nobody else trusts, and a server certificate signed by it. Lives in memory only.
pub struct Certificates {
    ca: rcgen::Issuer<'static, KeyPair>,
    ca_der: CertificateDer<'static>,
    ca_pem: String,
    leaf: Leaf,
}

/// A certificate with its private key.
pub struct Leaf {
    certificate_der: CertificateDer<'static>,
    certificate_pem: String,
    key: KeyPair,
}

impl Certificates {
    /// A server certificate for `localhost`, `127.0.0.1` and `::1`.
    pub fn for_loopback() -> Self {
        Self::for_names(&LOOPBACK)
    }

    /// A server certificate for these DNS names and IP addresses: for a wrong name, say `["elsewhere.test"]`.
    ///
    /// # Panics
    /// When a name is not a DNS name or an IP address.
    pub fn for_names(names: &[&str]) -> Self {
        Self::build(names, |_| {})
    }

    /// A server certificate for the loopback names that ran out in 2001.
    pub fn expired() -> Self {
        Self::build(&LOOPBACK, |leaf| {
            leaf.not_before = rcgen::date_time_ymd(2000, 1, 1);
            leaf.not_after = rcgen::date_time_ymd(2001, 1, 1);
        })
    }

    fn build(names: &[&str], adjust: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = CertificateParams::default();
        // Clients look a CA up by its name: two of the same name would make a wrong CA look like a bad signature.
        let name = format!("tokenex throw-away CA {:08x}", fastrand::u32(..));
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = new_key();
        let certificate = params.self_signed(&key).expect("a CA certificate can be made");
        let (ca_der, ca_pem) = (certificate.der().clone(), certificate.pem());
        let ca = rcgen::Issuer::new(params, key);
        let leaf = Leaf::sign(&ca, names, ExtendedKeyUsagePurpose::ServerAuth, adjust);
        Self { ca, ca_der, ca_pem, leaf }
    }

    /// The certificate of the CA, PEM: what a client must trust.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The server's certificate, PEM.
    pub fn leaf_pem(&self) -> &str {
        self.leaf.certificate_pem()
    }

    /// The SHA-1 thumbprint of the server's certificate, in hexadecimal digits: what platforms hand out for pinning.
    pub fn leaf_sha1(&self) -> String {
        let hash = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &self.leaf.certificate_der);
        hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The server's private key, PKCS#8 PEM.
    pub fn leaf_key_pem(&self) -> String {
        self.leaf.key_pem()
    }

    /// A client certificate for mutual TLS, signed by the same CA.
    pub fn client(&self, name: &str) -> Leaf {
        Leaf::sign(&self.ca, &[], ExtendedKeyUsagePurpose::ClientAuth, |leaf| {
            leaf.distinguished_name.push(DnType::CommonName, name);
        })
    }

    /// A server that shows the leaf, speaks HTTP/1.1 only, and asks for no client certificate.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        self.server(server_builder().with_no_client_auth())
    }

    /// As [`server_config`](Self::server_config), but clients must show a certificate of this CA.
    pub fn server_config_for_known_clients(&self) -> Arc<ServerConfig> {
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(self.roots()), provider())
            .build()
            .expect("one root is enough for a verifier");
        self.server(server_builder().with_client_cert_verifier(verifier))
    }

    /// A client that trusts this CA and nothing else.
    pub fn client_config(&self) -> Arc<ClientConfig> {
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("ring supports the default versions")
            .with_root_certificates(self.roots())
            .with_no_client_auth();
        Arc::new(config)
    }

    fn server(
        &self,
        builder: rustls::ConfigBuilder<ServerConfig, rustls::server::WantsServerCert>,
    ) -> Arc<ServerConfig> {
        let mut config = builder
            .with_single_cert(vec![self.leaf.certificate_der.clone()], self.leaf.key_der())
            .expect("the leaf and its key belong together");
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Arc::new(config)
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.ca_der.clone()).expect("the CA certificate is well formed");
        roots
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificates")
    }
}

impl Leaf {
    fn sign(
        ca: &rcgen::Issuer<'static, KeyPair>,
        names: &[&str],
        usage: ExtendedKeyUsagePurpose,
        adjust: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names are DNS names or IP addresses");
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        // Foreign clients (Python) check that the chain's key identifiers match.
        params.use_authority_key_identifier_extension = true;
        adjust(&mut params);
        let key = new_key();
        let certificate = params.signed_by(&key, ca).expect("a leaf certificate can be made");
        Self { certificate_der: certificate.der().clone(), certificate_pem: certificate.pem(), key }
    }

    /// The certificate, PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The private key, PKCS#8 PEM.
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    fn key_der(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }
}

impl fmt::Debug for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Leaf")
    }
}

fn new_key() -> KeyPair {
    let key = KeyPair::generate().expect("the system has randomness");
    if whole_run::is_on() {
        whole_run::secret("private key", key.serialize_pem());
    }
    key
}

/// Passed explicitly everywhere: a process-wide default would be a side effect on the program under test.
fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn server_builder() -> rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier> {
    ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("ring supports the default versions")
}
