//! A small world around the twin, and requests made by hand: they share no code with any client.

use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _};
use serde_json::Value;
use tokenex_testkit::issuer::{IssuerKeys, PooledKeys, TokenBuilder};
use tokenex_testkit::twins::Twin;
use tokenex_testkit::twins::oci::{Bucket, ConfidentialApp, IdentityDomain, OciTwin, Trust, User};

use super::super::support::Standing;

pub(super) const ISSUER: &str = "https://issuer.test";
pub(super) const SUBJECT: &str = "repo:acme/app:ref:refs/heads/main";
pub(super) const HOST: &str = "idcs-1.identity.oraclecloud.com";
pub(super) const USER: &str = "urn:oci:token-type:oci-upst";
pub(super) const RESOURCE: &str = "urn:oci:token-type:oci-rpst";
pub(super) const API: &str = "https://objectstorage.eu-frankfurt-1.oraclecloud.com";

/// A session key of a client. Two are enough for all tests.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) public: String,
    pair: Arc<RsaKeyPair>,
}

pub(super) static KEY: LazyLock<Key> = LazyLock::new(|| Key::new(2048));
pub(super) static OTHER: LazyLock<Key> = LazyLock::new(|| Key::new(2048));

impl Key {
    pub(super) fn public_of(bits: usize) -> String {
        let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, bits).unwrap();
        STANDARD.encode(key.to_public_key().to_public_key_der().unwrap().as_bytes())
    }

    pub(super) fn from_pkcs1_pem(pem: &str) -> Self {
        let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        Self::of(&rsa::RsaPrivateKey::from_pkcs1_der(&STANDARD.decode(base64).unwrap()).unwrap())
    }

    fn new(bits: usize) -> Self {
        Self::of(&rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, bits).unwrap())
    }

    fn of(key: &rsa::RsaPrivateKey) -> Self {
        let public = STANDARD.encode(key.to_public_key().to_public_key_der().unwrap().as_bytes());
        Self { public, pair: Arc::new(RsaKeyPair::from_pkcs8(key.to_pkcs8_der().unwrap().as_bytes()).unwrap()) }
    }

    pub(super) fn sign(&self, message: &str) -> String {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
        STANDARD.encode(signature)
    }
}

/// A tenancy with a domain, whose trust makes one subject of one issuer a service user.
pub(super) struct World {
    pub(super) oci: OciTwin,
    pub(super) domain: IdentityDomain,
    pub(super) app: ConfidentialApp,
    pub(super) trust: Trust,
    pub(super) user: User,
    pub(super) bucket: Bucket,
    pub(super) issuer: IssuerKeys,
    pub(super) clock: Standing,
}

impl World {
    pub(super) fn new() -> Self {
        let clock = Standing::new();
        let issuer = IssuerKeys::with(ISSUER, PooledKeys, clock.reader());
        let oci = OciTwin::with_clock(clock.reader());
        oci.reach(&issuer);
        let domain = oci.domain(HOST);
        let app = domain.app_with("client", "se:ret%+");
        let user = domain.user("deployer");
        let trust = domain.trust("ci", ISSUER);
        trust.oauth_client(&app).audience("client").impersonate(&format!("sub eq {SUBJECT}"), &user).active(true);
        let bucket = oci.bucket("backups");
        bucket.allow_user(&user);
        Self { oci, domain, app, trust, user, bucket, issuer, clock }
    }

    /// The identity token that the trust takes.
    pub(super) fn identity(&self) -> TokenBuilder {
        self.issuer.token().subject(SUBJECT).audience("client")
    }

    /// The usual exchange, with these fields beside or instead of the usual ones; an empty one is left out.
    pub(super) fn exchange_with(&self, jwt: &str, more: &[(&str, &str)]) -> Answer {
        let usual = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("requested_token_type", USER),
            ("subject_token", jwt),
            ("subject_token_type", "jwt"),
            ("public_key", &KEY.public),
        ];
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in usual.iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name)).chain(more) {
            if !value.is_empty() {
                form.append_pair(name, value);
            }
        }
        let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", self.app.client_id(), self.app.secret())));
        self.post_form(Some(&basic), form.finish())
    }

    pub(super) fn post_form(&self, authorization: Option<&str>, form: String) -> Answer {
        let mut request = http::Request::post(format!("https://{HOST}/oauth2/v1/token"))
            .header("content-type", "application/x-www-form-urlencoded");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        Answer::of(self.domain.answer(&request.body(Bytes::from(form)).unwrap()))
    }

    pub(super) fn exchange(&self, jwt: &str) -> Answer {
        self.exchange_with(jwt, &[])
    }

    /// A session token bound to [`KEY`].
    pub(super) fn token(&self) -> String {
        self.exchange(&self.identity().sign()).token()
    }

    pub(super) fn call(&self, signed: Signed) -> Answer {
        Answer::of(self.oci.answer(&signed.request_by((signed.with)(), self.clock.now())))
    }

    /// What the book says of the last call: what Oracle does not tell.
    pub(super) fn reason(&self) -> &'static str {
        self.oci.calls().last().unwrap().reason().unwrap_or_default()
    }

    /// The address of an object, or of the list of them.
    pub(super) fn object(&self, name: &str) -> String {
        format!("{API}/n/{}/b/backups/o{name}", self.oci.namespace())
    }
}

/// A request in the making, which anything can be wrong with.
#[derive(Clone)]
pub(super) struct Signed {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) key_id: String,
    pub(super) headers: &'static str,
    pub(super) body: String,
    /// `Content-Type`, where it is signed.
    pub(super) kind: &'static str,
    pub(super) version: &'static str,
    pub(super) algorithm: &'static str,
    pub(super) with: fn() -> &'static Key,
    /// Seconds that its date is ahead of the twin's clock.
    pub(super) ahead: i64,
    /// What is changed after it was signed.
    pub(super) tampered: Vec<(&'static str, &'static str)>,
}

pub(super) const GET_HEADERS: &str = "date (request-target) host";
pub(super) const BODY_HEADERS: &str = "date (request-target) host content-length content-type x-content-sha256";

impl Signed {
    pub(super) fn get(url: impl Into<String>, token: &str) -> Self {
        Self::with(Method::GET, url, token, GET_HEADERS, "")
    }

    pub(super) fn with(
        method: Method,
        url: impl Into<String>,
        token: &str,
        headers: &'static str,
        body: impl Into<String>,
    ) -> Self {
        Self {
            method,
            url: url.into(),
            key_id: format!("ST${token}"),
            headers,
            body: body.into(),
            kind: "application/json",
            version: "1",
            algorithm: "rsa-sha256",
            with: || &KEY,
            ahead: 0,
            tampered: Vec::new(),
        }
    }

    pub(super) fn request_by(&self, key: &Key, now: SystemTime) -> http::Request<Bytes> {
        let seconds = std::time::Duration::from_secs(self.ahead.unsigned_abs());
        let date = httpdate::fmt_http_date(if self.ahead < 0 { now - seconds } else { now + seconds });
        let hash = STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, self.body.as_bytes()));
        let uri: http::Uri = self.url.parse().unwrap();
        let value = |name: &str| match name {
            "(request-target)" => {
                format!("{} {}", self.method.as_str().to_lowercase(), uri.path_and_query().unwrap())
            }
            "host" => uri.authority().unwrap().to_string(),
            "date" | "x-date" => date.clone(),
            "content-length" => self.body.len().to_string(),
            "content-type" => self.kind.to_owned(),
            "x-content-sha256" => hash.clone(),
            _ => panic!("no value for {name}"),
        };
        let names: Vec<&str> = self.headers.split(' ').collect();
        let lines: Vec<String> = names.iter().map(|name| format!("{name}: {}", value(name))).collect();
        let signature = key.sign(&lines.join("\n"));
        let authorization = format!(
            "Signature version=\"{}\",keyId=\"{}\",algorithm=\"{}\",headers=\"{}\",signature=\"{signature}\"",
            self.version, self.key_id, self.algorithm, self.headers
        );
        let mut request =
            http::Request::builder().method(&self.method).uri(&uri).header("authorization", authorization);
        for name in names.iter().filter(|name| **name != "(request-target)") {
            if !self.tampered.iter().any(|(tampered, _)| tampered == name) {
                request = request.header(*name, value(name));
            }
        }
        for (name, value) in self.tampered.iter().filter(|(name, value)| *name != "body" && !value.is_empty()) {
            request = request.header(*name, *value);
        }
        let body = self.tampered.iter().find(|(name, _)| *name == "body").map_or(&*self.body, |(_, body)| body);
        request.body(Bytes::from(body.to_owned())).unwrap()
    }
}

/// An answer, read.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: http::HeaderMap,
    pub(super) body: Value,
}

impl Answer {
    pub(super) fn of(response: http::Response<Bytes>) -> Self {
        let (parts, body) = response.into_parts();
        let body = serde_json::from_slice(&body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned()));
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub(super) fn token(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body["token"].as_str().unwrap().to_owned()
    }

    /// Status and `error` of OAuth's form.
    pub(super) fn oauth(&self) -> (u16, &str) {
        (self.status, self.body["error"].as_str().unwrap_or_default())
    }

    pub(super) fn description(&self) -> &str {
        self.body["error_description"].as_str().unwrap_or_default()
    }

    /// Status and `code` of a service's form.
    pub(super) fn service(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }
}
