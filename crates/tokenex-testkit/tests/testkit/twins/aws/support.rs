//! A small world around the twin, and calls made by hand: they share no code with any client, nor with the twin.

use bytes::Bytes;
use ring::{digest, hmac};
use tokenex_testkit::issuer::{IssuerKeys, PooledKeys, TokenBuilder};
use tokenex_testkit::twins::Twin;
use tokenex_testkit::twins::aws::{Account, Role, StsTwin};

use super::super::support::Standing;

pub(super) const ISSUER: &str = "https://issuer.test";
pub(super) const SUBJECT: &str = "repo:acme/app:ref:refs/heads/main";
pub(super) const AUDIENCE: &str = "sts.amazonaws.com";
pub(super) const HOST: &str = "sts.eu-west-1.amazonaws.com";

/// An account that knows one issuer, with one role that trusts one subject of it.
pub(super) struct World {
    pub(super) sts: StsTwin,
    pub(super) account: Account,
    pub(super) role: Role,
    pub(super) issuer: IssuerKeys,
    pub(super) clock: Standing,
}

impl World {
    pub(super) fn new() -> Self {
        let clock = Standing::new();
        let issuer = IssuerKeys::with(ISSUER, PooledKeys, clock.reader());
        let sts = StsTwin::with_clock(clock.reader());
        sts.reach(&issuer);
        let account = sts.account("123456789012");
        account.oidc_provider(ISSUER, AUDIENCE);
        let role = account.role("deployer");
        role.trust_subject(ISSUER, SUBJECT, AUDIENCE);
        Self { sts, account, role, issuer, clock }
    }

    /// The identity token that the role trusts.
    pub(super) fn identity(&self) -> TokenBuilder {
        self.issuer.token().subject(SUBJECT).audience(AUDIENCE)
    }

    /// A call without a signature.
    pub(super) fn call(&self, action: &str, parameters: &[(&str, &str)]) -> Answer {
        self.send(post(HOST), body(action, parameters))
    }

    pub(super) fn send(&self, request: http::request::Builder, body: String) -> Answer {
        Answer::of(self.sts.answer(&request.body(Bytes::from(body)).unwrap()))
    }

    pub(super) fn web_identity(&self, jwt: &str) -> Answer {
        self.web_identity_with(jwt, &[])
    }

    /// With these parameters beside, or instead of, the usual ones.
    pub(super) fn web_identity_with(&self, jwt: &str, more: &[(&str, &str)]) -> Answer {
        let mut parameters = vec![("RoleArn", self.role.arn()), ("RoleSessionName", "ci"), ("WebIdentityToken", jwt)];
        parameters.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        parameters.extend_from_slice(more);
        self.call("AssumeRoleWithWebIdentity", &parameters)
    }

    /// The keys of a session of the role.
    pub(super) fn session(&self) -> Keys {
        self.web_identity(&self.identity().sign()).keys()
    }

    /// A signed call.
    pub(super) fn signed(&self, keys: &Keys, action: &str, parameters: &[(&str, &str)]) -> Answer {
        self.sign(Signing { keys, host: HOST, region: "eu-west-1", late_by: 0 }, &body(action, parameters))
    }

    pub(super) fn sign(&self, signing: Signing<'_>, body: &str) -> Answer {
        let (authorization, date) = signing.authorization(&self.clock, body);
        let mut request = post(signing.host).header("x-amz-date", date).header("authorization", authorization);
        if let Some(token) = &signing.keys.token {
            request = request.header("x-amz-security-token", token);
        }
        self.send(request, body.to_owned())
    }
}

/// A form for this endpoint.
pub(super) fn post(host: &str) -> http::request::Builder {
    http::Request::post(format!("https://{host}/")).header("content-type", "application/x-www-form-urlencoded")
}

pub(super) fn body(action: &str, parameters: &[(&str, &str)]) -> String {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.append_pair("Action", action).append_pair("Version", "2011-06-15").extend_pairs(parameters);
    body.finish()
}

#[derive(Clone)]
pub(super) struct Keys {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) token: Option<String>,
}

pub(super) struct Signing<'a> {
    pub(super) keys: &'a Keys,
    pub(super) host: &'a str,
    pub(super) region: &'a str,
    /// How old the signature is, in seconds.
    pub(super) late_by: i64,
}

impl Signing<'_> {
    fn authorization(&self, clock: &Standing, body: &str) -> (String, String) {
        let at = time::UtcDateTime::from(clock.now()) - time::Duration::seconds(self.late_by);
        let day = format!("{:04}{:02}{:02}", at.year(), u8::from(at.month()), at.day());
        let date = format!("{day}T{:02}{:02}{:02}Z", at.hour(), at.minute(), at.second());
        let mut headers = vec![("host", self.host), ("x-amz-date", &date)];
        headers.extend(self.keys.token.as_deref().map(|token| ("x-amz-security-token", token)));
        let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let canonical = format!("POST\n/\n\n{lines}\n{names}\n{}", sha256(body));
        let scope = format!("{day}/{}/sts/aws4_request", self.region);
        let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha256(&canonical));
        let mut key = format!("AWS4{}", self.keys.secret).into_bytes();
        for part in [day.as_str(), self.region, "sts", "aws4_request", &to_sign] {
            key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), part.as_bytes()).as_ref().to_vec();
        }
        let id = &self.keys.id;
        let signature = hex(&key);
        (format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}"), date)
    }
}

fn sha256(text: &str) -> String {
    hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An answer, with its XML as it is.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: http::HeaderMap,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn of(response: http::Response<Bytes>) -> Self {
        let (parts, body) = response.into_parts();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// The text of the first element of this name; empty where there is none.
    pub(super) fn element(&self, name: &str) -> &str {
        let begin = self.body.split_once(&format!("<{name}>")).map(|(_, rest)| rest);
        begin.and_then(|rest| rest.split_once(&format!("</{name}>"))).map_or("", |(text, _)| text)
    }

    pub(super) fn keys(&self) -> Keys {
        assert_eq!(self.status, 200, "{}", self.body);
        let text = |name| self.element(name).to_owned();
        Keys { id: text("AccessKeyId"), secret: text("SecretAccessKey"), token: Some(text("SessionToken")) }
    }

    /// Status and code of a refusal.
    pub(super) fn refusal(&self) -> (u16, &str) {
        assert_eq!(self.element("RequestId"), self.headers["x-amzn-requestid"].to_str().unwrap());
        (self.status, self.element("Code"))
    }

    pub(super) fn message(&self) -> &str {
        self.element("Message")
    }
}
