//! A small world around the twin, and requests made by hand: they share no code with any client.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokenex_testkit::issuer::{IssuerKeys, PooledKeys, TokenBuilder};
use tokenex_testkit::twins::Twin;
use tokenex_testkit::twins::vault::{Database, JwtRole, VaultTwin};

use super::super::support::Standing;

pub(super) const ISSUER: &str = "https://issuer.test";
pub(super) const SUBJECT: &str = "repo:acme/app";
pub(super) const CREDS: &str = "database/creds/app";

/// A server with a role for one subject, whose logins live for a minute and at most for two, and with a database whose users
/// live for ten seconds and at most for thirty.
pub(super) struct World {
    pub(super) vault: VaultTwin,
    pub(super) role: JwtRole,
    pub(super) database: Database,
    pub(super) issuer: IssuerKeys,
    pub(super) clock: Standing,
}

impl World {
    pub(super) fn new() -> Self {
        let clock = Standing::new();
        let issuer = IssuerKeys::with(ISSUER, PooledKeys, clock.reader());
        let vault = VaultTwin::with_clock(clock.reader());
        vault.reach(&issuer);
        let role = vault.jwt_auth("jwt", ISSUER).role("app");
        role.audience("vault").subject(SUBJECT).ttl(seconds(60)).max_ttl(seconds(120));
        role.allow("database/*").allow("sys/leases/revoke").allow("secret/*").allow("kv/*");
        let database = vault.database("database");
        database.role("app").ttl(seconds(10)).max_ttl(seconds(30));
        Self { vault, role, database, issuer, clock }
    }

    /// The identity token that the role takes.
    pub(super) fn identity(&self) -> TokenBuilder {
        self.issuer.token().subject(SUBJECT).audience("vault")
    }

    pub(super) fn send(&self, method: &str, path: &str, token: Option<&str>, body: &Value) -> Answer {
        let mut request = http::Request::builder().method(method).uri(format!("https://vault.test:8200/v1/{path}"));
        if let Some(token) = token {
            request = request.header("x-vault-token", token);
        }
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        Answer::of(self.vault.answer(&request.body(body).unwrap()))
    }

    pub(super) fn get(&self, path: &str, token: &str) -> Answer {
        self.send("GET", path, Some(token), &Value::Null)
    }

    pub(super) fn post(&self, path: &str, token: &str, body: Value) -> Answer {
        self.send("POST", path, Some(token), &body)
    }

    pub(super) fn log_in_as(&self, role: &str, jwt: &str) -> Answer {
        self.send("POST", "auth/jwt/login", None, &json!({"role": role, "jwt": jwt}))
    }

    /// The token of a new login.
    pub(super) fn token(&self) -> String {
        self.log_in_as("app", &self.identity().sign()).text("/auth/client_token")
    }

    pub(super) fn renew_lease(&self, lease: &str, increment: u64, token: &str) -> Answer {
        self.post("sys/leases/renew", token, json!({"lease_id": lease, "increment": increment}))
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
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// A member of an answer that is not a refusal.
    pub(super) fn text(&self, pointer: &str) -> String {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body.pointer(pointer).and_then(Value::as_str).expect(pointer).to_owned()
    }

    /// Status and words of a refusal.
    pub(super) fn refused(&self) -> (u16, &str) {
        let errors = self.body["errors"].as_array().expect("a refusal has errors");
        (self.status, errors.first().and_then(Value::as_str).unwrap_or_default())
    }

    /// How long a renewed login lives.
    pub(super) fn login_lives(&self) -> u64 {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body["auth"]["lease_duration"].as_u64().unwrap()
    }

    /// How long a lease is.
    pub(super) fn lease_lives(&self) -> u64 {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body["lease_duration"].as_u64().unwrap()
    }
}

pub(super) const DENIED: (u16, &str) = (403, "permission denied");
pub(super) const NOT_ALLOWED: (u16, &str) = (403, "1 error occurred:\n\t* permission denied\n\n");

pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
