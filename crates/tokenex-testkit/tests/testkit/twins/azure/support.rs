//! A small world around the twin, and requests made by hand: they share no code with any client.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde_json::Value;
use tokenex_testkit::issuer::{IssuerKeys, PooledKeys, TokenBuilder};
use tokenex_testkit::twins::Twin;
use tokenex_testkit::twins::azure::{App, EXCHANGE_AUDIENCE, EntraTwin, Tenant};

pub(super) const ISSUER: &str = "https://issuer.test";
pub(super) const SUBJECT: &str = "system:serviceaccount:app:default";
pub(super) const MANAGEMENT: &str = "https://management.azure.com/.default";
pub(super) const FORM: &str = "application/x-www-form-urlencoded";
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A tenant with one application that trusts one subject of one issuer, on a clock that stands until it is moved.
pub(super) struct World {
    pub(super) entra: EntraTwin,
    pub(super) tenant: Tenant,
    pub(super) app: App,
    pub(super) issuer: IssuerKeys,
    seconds: Arc<AtomicU64>,
}

impl World {
    pub(super) fn new() -> Self {
        let seconds = Arc::new(AtomicU64::new(1_767_225_600));
        let now = {
            let seconds = Arc::clone(&seconds);
            move || UNIX_EPOCH + Duration::from_secs(seconds.load(Ordering::Relaxed))
        };
        let issuer = IssuerKeys::with(ISSUER, PooledKeys, now.clone());
        let entra = EntraTwin::with_clock(now);
        entra.reach(&issuer);
        let tenant = entra.tenant("contoso.onmicrosoft.com");
        let app = tenant.app("deployer");
        Self { entra, tenant, app, issuer, seconds }
    }

    /// With the trust in the issuer's subject set up.
    pub(super) fn federated() -> Self {
        let world = Self::new();
        world.app.federate(ISSUER, SUBJECT, EXCHANGE_AUDIENCE).unwrap();
        world
    }

    pub(super) fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.seconds.load(Ordering::Relaxed))
    }

    pub(super) fn advance(&self, by: Duration) {
        self.seconds.fetch_add(by.as_secs(), Ordering::Relaxed);
    }

    /// The identity token that the application trusts.
    pub(super) fn identity(&self) -> TokenBuilder {
        self.issuer.token().subject(SUBJECT).audience(EXCHANGE_AUDIENCE)
    }

    pub(super) fn post(&self, tenant: &str, form: &[(&str, &str)]) -> Answer {
        let url = format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token");
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        let request = http::Request::post(url).header("content-type", FORM);
        Answer::of(self.entra.answer(&request.body(Bytes::from(body.finish())).unwrap()))
    }

    /// The client credentials grant with this assertion.
    pub(super) fn exchange(&self, assertion: &str) -> Answer {
        self.exchange_as(self.app.client_id(), assertion, MANAGEMENT, &[])
    }

    pub(super) fn exchange_as(&self, client_id: &str, assertion: &str, scope: &str, more: &[(&str, &str)]) -> Answer {
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", client_id),
            ("scope", scope),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion),
        ];
        form.extend_from_slice(more);
        self.post(self.tenant.id(), &form)
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

    /// The access token; fails the test when there is none.
    pub(super) fn token(&self) -> &str {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body["access_token"].as_str().unwrap()
    }

    pub(super) fn claims(&self) -> Value {
        claims(self.token())
    }

    /// Status, `error` and code of a refusal.
    pub(super) fn refusal(&self) -> (u16, &str, u64) {
        let text = |name: &str| self.body[name].as_str().unwrap_or_default();
        (self.status, text("error"), self.body["error_codes"][0].as_u64().unwrap_or_default())
    }
}

pub(super) fn claims(jwt: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1).unwrap()).unwrap()).unwrap()
}
