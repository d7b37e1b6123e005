//! Private keys as text ([RFC 7468](https://www.rfc-editor.org/rfc/rfc7468)).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs1;
use rsa::pkcs8::{EncryptedPrivateKeyInfo, PrivateKeyInfo, SecretDocument};
use tokenex_core::{Result, Secret};
use zeroize::Zeroizing;

use super::bad;

/// The key in the text, as PKCS#8.
pub(super) fn decode(text: &str, passphrase: Option<&str>) -> Result<SecretDocument> {
    let (label, inside) = block(text)?;
    match label {
        "PRIVATE KEY" => document(&bytes(inside)?),
        "RSA PRIVATE KEY" if inside.contains("ENCRYPTED") => {
            Err(bad("the key is encrypted in OpenSSL's old way, which is not read")
                .with_advice("`openssl pkcs8 -topk8 -in key.pem` writes it in the present way"))
        }
        "RSA PRIVATE KEY" => wrap(&bytes(inside)?),
        "ENCRYPTED PRIVATE KEY" => decrypt(&bytes(inside)?, passphrase),
        "EC PRIVATE KEY" => Err(bad("the key is not an RSA key, and Oracle Cloud takes no other")),
        "OPENSSH PRIVATE KEY" => Err(bad("the key is in OpenSSH's form, which is not read")
            .with_advice("`ssh-keygen -p -m PEM -f key` writes it as PEM")),
        _ => Err(bad("the PEM holds no private key")),
    }
}

/// PKCS#8 as text.
pub(super) fn encode(der: &[u8]) -> Secret {
    const LINE: usize = 64;
    let base64 = Zeroizing::new(STANDARD.encode(der));
    // Made with room for everything, so that growing leaves no copies behind.
    let mut text = String::with_capacity(base64.len() + base64.len() / LINE + 64);
    text.push_str("-----BEGIN PRIVATE KEY-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str("-----END PRIVATE KEY-----\n");
    Secret::new(text)
}

/// The label of the first block, and what is inside of it.
fn block(text: &str) -> Result<(&str, &str)> {
    let found = || {
        let (_, rest) = text.split_once("-----BEGIN ")?;
        let (label, rest) = rest.split_once("-----")?;
        let (inside, _) = rest.split_once("-----END ")?;
        Some((label, inside))
    };
    found().ok_or_else(|| bad("the key is not PEM"))
}

fn bytes(inside: &str) -> Result<Zeroizing<Vec<u8>>> {
    let mut base64 = Zeroizing::new(String::with_capacity(inside.len()));
    base64.extend(inside.split_ascii_whitespace());
    STANDARD.decode(base64.as_bytes()).map(Zeroizing::new).map_err(|_| bad("the PEM of the key is not base64"))
}

fn document(der: &[u8]) -> Result<SecretDocument> {
    SecretDocument::try_from(der).map_err(|_| bad("the key in the PEM is not PKCS#8"))
}

/// PKCS#1 in the envelope of PKCS#8.
fn wrap(der: &[u8]) -> Result<SecretDocument> {
    SecretDocument::try_from(PrivateKeyInfo::new(pkcs1::ALGORITHM_ID, der)).map_err(|_| bad("the RSA key is damaged"))
}

fn decrypt(der: &[u8], passphrase: Option<&str>) -> Result<SecretDocument> {
    let Some(passphrase) = passphrase else {
        return Err(
            bad("the key is encrypted, and there is no pass phrase").with_advice("give the pass phrase as well")
        );
    };
    let encrypted = EncryptedPrivateKeyInfo::try_from(der).map_err(|_| {
        bad("the key is encrypted in a way that is not read")
            .with_advice("`openssl pkcs8 -topk8 -v2 aes-256-cbc -in key.pem` writes it with AES")
    })?;
    encrypted.decrypt(passphrase).map_err(|_| {
        bad("the key cannot be decrypted")
            .with_advice("is it the pass phrase of this key, and is the key encrypted with AES?")
    })
}
