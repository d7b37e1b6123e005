//! The certificate of an instance.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use tokenex_core::{Error, ErrorKind, Result};
use x509_cert::Certificate as X509;
use x509_cert::der::Decode as _;
use x509_cert::spki::SubjectPublicKeyInfoRef;

use crate::key::SessionKey;

/// What an instance shows of itself.
pub(super) struct Identity {
    pub(super) certificate: Certificate,
    pub(super) key: SessionKey,
    /// Base64 of the DER, on one line.
    pub(super) intermediate: String,
}

impl Identity {
    /// Whether the key is that of the certificate.
    pub(super) fn fits(&self) -> bool {
        let own = SubjectPublicKeyInfoRef::try_from(self.key.public_der()).ok();
        own.is_some_and(|own| own.subject_public_key.raw_bytes() == self.certificate.public_key)
    }
}

/// The certificate, and what is needed of it.
#[derive(Debug)]
pub(super) struct Certificate {
    /// Base64 of the DER, on one line.
    pub(super) base64: String,
    /// The OCID of the instance's tenancy.
    pub(super) tenancy: String,
    /// SHA-1 of the DER, as Oracle names certificates. Nothing depends on it: the whole certificate is sent beside.
    pub(super) fingerprint: String,
    public_key: Vec<u8>,
}

/// The attributes of the subject that name the tenancy; the second is of older certificates.
const TENANCY: [&str; 2] = ["opc-tenant:", "opc-identity:"];

impl Certificate {
    pub(super) fn read(pem: &str) -> Result<Self> {
        let base64 = one_line(pem)?;
        let der = STANDARD.decode(&base64).map_err(|_| bad("the certificate of the instance is not base64"))?;
        let x509 = X509::from_der(&der).map_err(|_| bad("the certificate of the instance cannot be read"))?;
        let subject = &x509.tbs_certificate.subject;
        let texts =
            subject.0.iter().flat_map(|set| set.0.iter()).filter_map(|one| str::from_utf8(one.value.value()).ok());
        let tenancy = texts.filter_map(|text| TENANCY.iter().find_map(|prefix| text.strip_prefix(prefix))).next();
        // It becomes part of a header, between quotes and slashes.
        let tenancy =
            tenancy.filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)));
        let tenancy = tenancy.filter(|name| !name.is_empty());
        Ok(Self {
            tenancy: tenancy
                .ok_or_else(|| bad("the certificate of the instance does not name its tenancy"))?
                .to_owned(),
            fingerprint: fingerprint(&der),
            public_key: x509.tbs_certificate.subject_public_key_info.subject_public_key.raw_bytes().to_vec(),
            base64,
        })
    }
}

/// What is inside of the first certificate of a PEM text, without line feeds.
pub(super) fn one_line(pem: &str) -> Result<String> {
    let inside = pem.split_once("-----BEGIN CERTIFICATE-----").and_then(|(_, rest)| rest.split_once("-----END"));
    let (inside, _) = inside.ok_or_else(|| bad("what the metadata service calls a certificate is not PEM"))?;
    Ok(inside.split_ascii_whitespace().collect())
}

fn fingerprint(der: &[u8]) -> String {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, der);
    hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

fn bad(what: &'static str) -> Error {
    Error::new(ErrorKind::Protocol, what)
        .with_code("foreign_answer")
        .with_advice("does something else than Oracle's metadata service answer at its address?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_an_error_without_its_text() {
        let block = |inside: &str| format!("-----BEGIN CERTIFICATE-----\n{inside}\n-----END CERTIFICATE-----\n");
        for (text, word) in [
            (String::new(), "not PEM"),
            ("<html>hunter22</html>".to_owned(), "not PEM"),
            (block("hunter22!"), "not base64"),
            (block("hunter22"), "cannot be read"),
        ] {
            let printed = format!("{:?}", Certificate::read(&text).unwrap_err());
            assert!(printed.contains(word) && !printed.contains("hunter22"), "{printed}");
        }
    }
}
