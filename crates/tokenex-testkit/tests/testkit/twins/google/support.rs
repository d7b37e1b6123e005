//! A small world around the twin, and requests made by hand: they share no code with any client.

use bytes::Bytes;
use serde_json::{Value, json};
use tokenex_testkit::issuer::{IssuerKeys, PooledKeys, TokenBuilder};
use tokenex_testkit::twins::Twin;
use tokenex_testkit::twins::google::{GoogleTwin, IdentityProvider, Project, ServiceAccount};

use super::super::support::Standing;

pub(super) const ISSUER: &str = "https://issuer.test";
pub(super) const SUBJECT: &str = "repo:acme/app";
pub(super) const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";
pub(super) const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// A project with a provider for one issuer, and a service account that one subject may act as.
pub(super) struct World {
    pub(super) google: GoogleTwin,
    pub(super) project: Project,
    pub(super) provider: IdentityProvider,
    pub(super) account: ServiceAccount,
    pub(super) issuer: IssuerKeys,
    pub(super) clock: Standing,
}

impl World {
    pub(super) fn new() -> Self {
        let clock = Standing::new();
        let issuer = IssuerKeys::with(ISSUER, PooledKeys, clock.reader());
        let google = GoogleTwin::with_clock(clock.reader());
        google.reach(&issuer);
        let project = google.project("acme-prod", 123_456_789_012);
        let provider = project.provider("ci", "issuer", ISSUER);
        let account = project.service_account("deployer");
        account.bind(&provider.principal(SUBJECT));
        Self { google, project, provider, account, issuer, clock }
    }

    /// The identity token that the provider takes.
    pub(super) fn identity(&self) -> TokenBuilder {
        self.issuer.token().subject(SUBJECT).audience(self.provider.token_audience())
    }

    pub(super) fn post(&self, url: &str, kind: &str, bearer: Option<&str>, body: String) -> Answer {
        let mut request = http::Request::post(url).header("content-type", kind);
        if let Some(bearer) = bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        Answer::of(self.google.answer(&request.body(Bytes::from(body)).unwrap()))
    }

    /// The usual token exchange, with these members beside or instead of the usual ones.
    pub(super) fn exchange_with(&self, jwt: &str, more: Value) -> Answer {
        let mut body = json!({
            "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
            "audience": self.provider.audience(),
            "scope": CLOUD_PLATFORM,
            "requestedTokenType": "urn:ietf:params:oauth:token-type:access_token",
            "subjectToken": jwt,
            "subjectTokenType": JWT,
        });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        self.post("https://sts.googleapis.com/v1/token", "application/json", None, body.to_string())
    }

    pub(super) fn exchange(&self, jwt: &str) -> Answer {
        self.exchange_with(jwt, json!({}))
    }

    /// A federated access token.
    pub(super) fn federated(&self) -> String {
        self.exchange(&self.identity().sign()).text("access_token")
    }

    pub(super) fn impersonate(&self, bearer: &str, method: &str, body: &Value) -> Answer {
        let email = self.account.email();
        let url = format!("https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{email}:{method}");
        self.post(&url, "application/json", Some(bearer), body.to_string())
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
    pub(super) fn text(&self, name: &str) -> String {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body[name].as_str().unwrap().to_owned()
    }

    /// Status and `error` of OAuth's form.
    pub(super) fn oauth(&self) -> (u16, &str) {
        (self.status, self.body["error"].as_str().unwrap_or_default())
    }

    pub(super) fn description(&self) -> &str {
        self.body["error_description"].as_str().unwrap_or_default()
    }

    /// Status, Google's status and reason of Google's form.
    pub(super) fn google(&self) -> (u16, &str, &str) {
        let error = &self.body["error"];
        assert_eq!(error["code"], self.status, "{}", self.body);
        assert!(error["message"].is_string(), "{}", self.body);
        (
            self.status,
            error["status"].as_str().unwrap_or_default(),
            error["details"][0]["reason"].as_str().unwrap_or_default(),
        )
    }
}
