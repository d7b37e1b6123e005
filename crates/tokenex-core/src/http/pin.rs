//! Trust in one certificate, for servers of the platform whose certificate nobody signed.

use std::fmt;
use std::sync::Arc;

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, SignatureScheme};

use crate::{Error, ErrorKind, Result};

const SHA1_LEN: usize = 20;

/// Accepts the leaf certificate with this SHA-1 thumbprint and no other, whatever its names, dates and signer say. The
/// handshake still proves that the server has its key.
///
/// SHA-1 is what the platform hands out. Forging a second certificate for a given thumbprint would take a second
/// preimage, which is not what SHA-1 is broken for.
pub(super) struct PinnedCertificate {
    thumbprint: [u8; SHA1_LEN],
    algorithms: WebPkiSupportedAlgorithms,
}

impl PinnedCertificate {
    /// `thumbprint`: 40 hexadecimal digits, in any case, with or without colons or blanks between them.
    pub(super) fn new(thumbprint: &str, provider: &Arc<CryptoProvider>) -> Result<Self> {
        let digits: String = thumbprint.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
        Ok(Self {
            thumbprint: from_hex(&digits).ok_or_else(not_a_thumbprint)?,
            algorithms: provider.signature_verification_algorithms,
        })
    }
}

impl ServerCertVerifier for PinnedCertificate {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        if digest(&SHA1_FOR_LEGACY_USE_ONLY, leaf).as_ref() == self.thumbprint {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, leaf, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, leaf, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl fmt::Debug for PinnedCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinnedCertificate")
    }
}

fn from_hex(digits: &str) -> Option<[u8; SHA1_LEN]> {
    if digits.len() != 2 * SHA1_LEN || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; SHA1_LEN];
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

fn not_a_thumbprint() -> Error {
    Error::new(ErrorKind::Configuration, "the thumbprint of the pinned certificate is not one")
        .with_advice("it is the SHA-1 of the certificate: 40 hexadecimal digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumbprint_is_forty_hexadecimal_digits() {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let pin =
            PinnedCertificate::new("00:11:22:33:44:55:66:77:88:99:aA:Bb:cc:dd:ee:ff:00:11:22:33", &provider).unwrap();
        assert_eq!(pin.thumbprint[9..12], [0x99, 0xaa, 0xbb]);
        for bad in [
            "",
            "00112233",
            "zz112233445566778899aabbccddeeff00112233",
            &"0".repeat(64),
            "+1112233445566778899aabbccddeeff00112233",
        ] {
            assert!(PinnedCertificate::new(bad, &provider).is_err(), "{bad}");
        }
    }
}
