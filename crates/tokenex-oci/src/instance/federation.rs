//! The federation endpoint of a region: the certificate of an instance for a session token.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Uri, header};
use serde_json::json;
use tokenex_core::{Attempt, Result, Secret};

use super::certificate::Identity;
use crate::errors::{self, Step};
use crate::key::SessionKey;
use crate::session_token::SessionToken;
use crate::signer::RequestSigner;
use crate::wire;

/// The endpoint of a region; `None` when that is no region, or no domain.
pub(super) fn endpoint_of(region: &str, realm_domain: &str) -> Option<Uri> {
    let is_name = |name: &str| {
        !name.is_empty()
            && name.split('.').all(|label| {
                !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            })
    };
    if !is_name(region) || region.contains('.') || !is_name(realm_domain) {
        return None;
    }
    format!("https://auth.{region}.{realm_domain}/v1/x509").parse().ok()
}

/// Asks for a token that is bound to `key`, and signs that with the key of the certificate.
pub(super) async fn token(cx: &Attempt, endpoint: Uri, identity: &Identity, key: SessionKey) -> Result<SessionToken> {
    let certificate = &identity.certificate;
    let body = json!({
        "certificate": certificate.base64,
        "publicKey": STANDARD.encode(key.public_der()),
        "intermediateCertificates": [identity.intermediate],
    });
    let mut request = Request::new(Bytes::from(body.to_string()));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = endpoint;
    request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let key_id = Secret::new(format!("{}/fed-x509/{}", certificate.tenancy, certificate.fingerprint));
    let signer = RequestSigner::new(key_id, identity.key.clone()).without_host().at(cx.target_time());
    let (parts, body) = cx.send(signer.sign(request)?).await?.into_parts();
    if !parts.status.is_success() {
        let refusal = errors::refusal(Step::Federation, parts.status, &parts.headers, &body, &[]);
        return Err(match cx.retry_after(&parts.headers) {
            Some(wait) => refusal.with_retry_after(wait),
            None => refusal,
        });
    }
    let token = wire::token(&body).and_then(|token| SessionToken::new(token, key));
    token.map_err(|error| error.with_status(parts.status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_is_made_of_region_and_realm_and_of_nothing_else() {
        let uri = endpoint_of("eu-frankfurt-1", "oraclecloud.com").unwrap();
        assert_eq!(uri, "https://auth.eu-frankfurt-1.oraclecloud.com/v1/x509");
        for (region, realm) in [
            ("", "oraclecloud.com"),
            ("fra", ""),
            ("a.evil", "oraclecloud.com"),
            ("fra", "evil/oraclecloud.com"),
            ("fra", "a..b"),
            ("fra@evil", "oraclecloud.com"),
            ("fra", "oraclecloud.com:1"),
        ] {
            assert_eq!(endpoint_of(region, realm), None);
        }
    }
}
