//! Whom to trust, and how to show who we are.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, DnsName, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use super::pin::PinnedCertificate;
use crate::{Error, ErrorKind, Result, Secret};

#[derive(Default)]
pub(super) struct Tls {
    /// The certificates of the operating system when absent.
    pub(super) ca_pem: Option<Vec<Vec<u8>>>,
    pub(super) identity: Option<ClientIdentity>,
    /// Trusts the one certificate with this thumbprint, in place of any CA.
    pub(super) pin: Option<String>,
}

pub(super) struct ClientIdentity {
    pub(super) certificates: Vec<u8>,
    pub(super) key: Secret,
}

impl Tls {
    pub(super) fn config(&self) -> Result<ClientConfig> {
        // Explicit, because a default of the process would be a side effect on the program around us.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let pin = match (&self.pin, &self.ca_pem) {
            (Some(_), Some(_)) => {
                return Err(wrong("`pin_certificate_sha1` and `ca_pem` cannot be set together")
                    .with_advice("a pinned certificate is trusted by itself, whoever signed it"));
            }
            (Some(thumbprint), None) => Some(PinnedCertificate::new(thumbprint, &provider)?),
            (None, _) => None,
        };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|why| wrong("TLS cannot be set up").with_source(why))?;
        let builder = match (pin, &self.ca_pem) {
            (Some(pin), _) => builder.dangerous().with_custom_certificate_verifier(Arc::new(pin)),
            (None, Some(pems)) => builder.with_root_certificates(roots(pems)?),
            (None, None) => builder.with_platform_verifier().map_err(|why| {
                wrong("the certificates that this machine trusts cannot be loaded")
                    .with_advice("install the package ca-certificates, or give the CA with `ca_pem`")
                    .with_source(why)
            })?,
        };
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let (chain, key) = identity.read()?;
                builder.with_client_auth_cert(chain, key).map_err(|why| {
                    wrong("the client certificate cannot be used with its private key")
                        .with_advice("check that both belong together: their public keys must be the same")
                        .with_source(why)
                })?
            }
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

impl ClientIdentity {
    fn read(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
        let chain = certificates(&self.certificates, "the client certificate")?;
        // The reason why a key cannot be read is not kept: it must not quote the key.
        let key = PrivateKeyDer::from_pem_slice(self.key.expose().as_bytes()).map_err(|_| {
            wrong("the private key of the client certificate is not a PEM text")
                .with_advice("give an unencrypted key that begins with -----BEGIN PRIVATE KEY-----")
        })?;
        Ok((chain, key))
    }
}

fn roots(pems: &[Vec<u8>]) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in pems.iter().map(|pem| certificates(pem, "the CA")).collect::<Result<Vec<_>>>()?.concat() {
        roots.add(certificate).map_err(|why| wrong("a certificate of the CA is malformed").with_source(why))?;
    }
    Ok(roots)
}

fn certificates(pem: &[u8], whose: &str) -> Result<Vec<CertificateDer<'static>>> {
    let read: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(wrong(format!("the PEM text of {whose} holds no readable certificate"))
            .with_advice("give the text itself, not its path; it begins with -----BEGIN CERTIFICATE-----")),
    }
}

/// An address is no use here: TLS names servers by DNS name only (RFC 6066 section 3).
pub(super) fn check_server_name(name: &str) -> Result<()> {
    match DnsName::try_from(name) {
        Ok(_) if name.parse::<std::net::IpAddr>().is_err() => Ok(()),
        _ => Err(wrong(format!("the server name {name:?} is not a DNS name"))
            .with_advice("give one of the DNS names in the server's certificate, without scheme and port")),
    }
}

fn wrong(what: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Configuration, what)
}
