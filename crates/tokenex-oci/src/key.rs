//! The session key: an RSA key pair made in memory, to which session tokens are bound.

mod generate;
mod pem;

use std::fmt;
use std::sync::Arc;

use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rsa::pkcs1;
use rsa::pkcs8::{EncodePublicKey as _, PrivateKeyInfo, SecretDocument};
use rsa::{BigUint, RsaPublicKey};
use tokenex_core::{Error, ErrorKind, Result, Secret};

/// The RSA key pair that a session token is bound to: whoever shows the token signs each request with it.
///
/// It is made in memory for each exchange. Clones share one key, which is wiped when the last one is dropped: its encoded form,
/// that is. What `ring` made of it for signing is freed and not overwritten, since that crate has no way to.
///
/// Nothing prints the private half. It leaves the process only through [`to_pkcs8_pem`](Self::to_pkcs8_pem) and
/// [`SessionFiles`](crate::SessionFiles).
#[derive(Clone)]
pub struct SessionKey(Arc<Inner>);

struct Inner {
    pair: RsaKeyPair,
    /// SubjectPublicKeyInfo.
    public: Box<[u8]>,
    /// PKCS#8; wipes itself.
    private: SecretDocument,
}

/// How long a new session key is. Oracle's own clients make 2048 bits, the newer one for Go 3072.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum KeySize {
    /// 2048 bits: made in a tenth of a second, as a rule.
    #[default]
    Rsa2048,
    /// 3072 bits: takes several times as long, to make and for each signature.
    Rsa3072,
}

impl KeySize {
    /// The length of the modulus in bits.
    pub fn bits(self) -> usize {
        match self {
            Self::Rsa2048 => 2048,
            Self::Rsa3072 => 3072,
        }
    }
}

impl SessionKey {
    /// Makes a new key.
    ///
    /// That is work for a whole core, so it happens on tokio's threads for blocking work, and for one key at a time in the whole
    /// process: other handles go on meanwhile.
    ///
    /// Cancel safe: who gives up while waiting leaves the queue; a key that is being made is finished and thrown away.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] outside of a tokio runtime, [`ErrorKind::Shutdown`] when that ends meanwhile, and
    /// [`ErrorKind::Other`] when the system has no randomness.
    pub async fn generate(size: KeySize) -> Result<Self> {
        generate::generate(size).await
    }

    /// Reads a private RSA key of 2048 to 4096 bits in PEM: PKCS#8 (`PRIVATE KEY`, [RFC 5208](https://www.rfc-editor.org/rfc/rfc5208)),
    /// the same encrypted (`ENCRYPTED PRIVATE KEY`), or PKCS#1 (`RSA PRIVATE KEY`). White space and lines around it do no harm.
    ///
    /// Of encrypted keys it reads PBES2 with AES, as OpenSSL writes them since version 1.1. Undoing that takes tens of
    /// milliseconds by design: not on a thread that others wait for. A pass phrase for a key that is not encrypted is ignored.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`], saying what is wrong, without anything of the text.
    pub fn from_pem(pem: &Secret, passphrase: Option<&Secret>) -> Result<Self> {
        Self::from_pkcs8(pem::decode(pem.expose(), passphrase.map(Secret::expose))?)
    }

    /// The length of the modulus in bits.
    pub fn size(&self) -> usize {
        self.0.pair.public().modulus_len() * 8
    }

    /// The public half as DER SubjectPublicKeyInfo ([RFC 5280 section 4.1](https://www.rfc-editor.org/rfc/rfc5280#section-4.1)).
    pub fn public_der(&self) -> &[u8] {
        &self.0.public
    }

    /// What the CLI's configuration calls `fingerprint`: the MD5 of [`public_der`](Self::public_der), in hexadecimal with colons
    /// ([key's fingerprint](https://docs.oracle.com/iaas/Content/API/Concepts/apisigningkey.htm)). A name, and no protection.
    pub fn fingerprint(&self) -> String {
        use md5::{Digest as _, Md5};
        colons(&Md5::digest(self.public_der()))
    }

    /// The private half as PKCS#8 in PEM, for what wants a file.
    pub fn to_pkcs8_pem(&self) -> Secret {
        pem::encode(self.0.private.as_bytes())
    }

    /// Signs with RSASSA-PKCS1-v1_5 and SHA-256
    /// ([RFC 8017 section 8.2](https://www.rfc-editor.org/rfc/rfc8017#section-8.2)), the one algorithm that Oracle Cloud takes.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let mut signature = vec![0; self.0.pair.public().modulus_len()];
        self.0
            .pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| Error::new(ErrorKind::Other, "the request could not be signed with the session key"))?;
        Ok(signature)
    }

    /// Whether both are one key.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        self.public_der() == other.public_der()
    }

    fn from_pkcs8(private: SecretDocument) -> Result<Self> {
        let info = private.decode_msg::<PrivateKeyInfo<'_>>().map_err(|_| bad("the key in the PEM is not PKCS#8"))?;
        if info.algorithm.oid != pkcs1::ALGORITHM_OID {
            return Err(bad("the key is not an RSA key, and Oracle Cloud takes no other"));
        }
        let pair = checked(info.private_key)?;
        let public = public_der(&pair).ok_or_else(|| bad("the public half of the key cannot be encoded"))?;
        Ok(Self(Arc::new(Inner { pair, public, private })))
    }
}

/// The pair, once its parts fit together and its length is one that ring signs with.
fn checked(pkcs1: &[u8]) -> Result<RsaKeyPair> {
    let key = pkcs1::RsaPrivateKey::try_from(pkcs1).map_err(|_| bad("the RSA key is damaged"))?;
    let modulus = key.modulus.as_bytes();
    let bits = modulus.len() * 8 - modulus.first().map_or(0, |first| first.leading_zeros() as usize);
    if !(2048..=4096).contains(&bits) {
        return Err(bad(format!("the RSA key has {bits} bits; keys of 2048 to 4096 bits can sign")));
    }
    // Its words are constants, and say which part is at fault.
    RsaKeyPair::from_der(pkcs1).map_err(|why| bad(format!("the RSA key is damaged ({why})")))
}

fn public_der(pair: &RsaKeyPair) -> Option<Box<[u8]>> {
    let public = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public());
    let key = RsaPublicKey::new(BigUint::from_bytes_be(&public.n), BigUint::from_bytes_be(&public.e)).ok()?;
    Some(key.to_public_key_der().ok()?.as_bytes().into())
}

/// Bytes in hexadecimal with colons, as fingerprints are written.
pub(crate) fn colons(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

fn bad(what: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Configuration, what)
        .with_code("bad_key")
        .with_advice("give a private RSA key in PEM: `openssl genrsa 2048` prints one")
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKey({} bits, {})", self.size(), self.fingerprint())
    }
}
