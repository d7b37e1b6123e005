//! The certificates by which instances are known.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair as CertificateKey, KeyUsagePurpose};
use ring::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

use super::keys::KeyPair;

/// X.520's organizational unit once more: rcgen takes each type of name once, and instances have several units.
const UNIT: [u64; 4] = [2, 5, 4, 11];

/// What signs the certificates of instances: the intermediate of the metadata service.
pub(super) struct Authority {
    issuer: rcgen::Issuer<'static, CertificateKey>,
    pub(super) pem: String,
    /// Base64 of the DER, as it is sent to the federation endpoint.
    pub(super) base64: String,
}

/// The certificate of an instance with its key.
pub(super) struct Leaf {
    pub(super) pem: String,
    pub(super) base64: String,
    pub(super) pair: Arc<KeyPair>,
    der: Vec<u8>,
    pub(super) made_at: SystemTime,
    pub(super) ends_at: SystemTime,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "PKISVC Identity Intermediate");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = CertificateKey::generate().expect("the system has randomness");
        let certificate = params.self_signed(&key).expect("a CA certificate can be made");
        let (pem, base64) = (certificate.pem(), STANDARD.encode(certificate.der()));
        Self { issuer: rcgen::Issuer::new(params, key), pem, base64 }
    }

    pub(super) fn leaf(&self, instance: &str, tenancy: &str, now: SystemTime, lifetime: Duration) -> Leaf {
        let pair = KeyPair::pooled();
        let (made_at, ends_at) = (now, now + lifetime);
        let mut params = CertificateParams::default();
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, instance);
        name.push(DnType::OrganizationalUnitName, "opc-certtype:instance");
        name.push(DnType::CustomDnType(UNIT.to_vec()), format!("opc-tenant:{tenancy}"));
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        (params.not_before, params.not_after) = (made_at.into(), ends_at.into());
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(pair.pkcs8_der.as_slice());
        let key = CertificateKey::from_pkcs8_der_and_sign_algo(&key, &rcgen::PKCS_RSA_SHA256);
        let certificate = params.signed_by(&key.expect("a new key can be read"), &self.issuer);
        let certificate = certificate.expect("a leaf certificate can be made");
        let der = certificate.der().to_vec();
        Leaf { pem: certificate.pem(), base64: STANDARD.encode(&der), pair, der, made_at, ends_at }
    }
}

impl Leaf {
    /// Whether a key id names it: its hash as pairs of hexadecimal digits, in either case.
    pub(super) fn is(&self, kind: &str, fingerprint: &str) -> bool {
        let of = |algorithm: &'static Algorithm| {
            let hash = digest(algorithm, &self.der);
            hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
        };
        let own = match kind {
            "fed-x509" => of(&SHA1_FOR_LEGACY_USE_ONLY),
            "fed-x509-sha256" => of(&SHA256),
            _ => return false,
        };
        own.eq_ignore_ascii_case(fingerprint)
    }
}
