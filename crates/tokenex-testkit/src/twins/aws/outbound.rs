//! `GetWebIdentityToken`: outbound identity federation.
//!
//! Sources: docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html and
//! docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound.html.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use super::calls::{self, Granted};
use super::parameters::{Problems, members, tags};
use super::refusal::{self, Refusal};
use super::sessions::Caller;
use super::sts::State;
use crate::issuer::{Algorithm, IssuerKeys, PooledKeys};
use crate::twins::form::Form;
use crate::twins::text::{guid, rfc3339};

const ACTION: &str = "sts:GetWebIdentityToken";

/// What every issuer of an account ends with.
const DOMAIN: &str = ".tokens.sts.global.api.aws";

/// A token lives so long unless told, in seconds.
const DEFAULT_DURATION: u64 = 300;

/// The most that tags may add, in bytes. AWS tells no number; this is more than 50 short tags and less than 50 long ones.
const PAYLOAD: usize = 10_000;

/// The issuer of an account. Disabling it leaves the issuer as it is.
#[derive(Default)]
pub(super) struct Outbound {
    keys: Option<IssuerKeys>,
    enabled: bool,
}

impl Outbound {
    /// Turns it on. The issuer is made at the first time, and is the same ever after.
    pub(super) fn enable(&mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> &IssuerKeys {
        self.enabled = true;
        self.keys.get_or_insert_with(|| IssuerKeys::with(format!("https://{}{DOMAIN}", guid()), PooledKeys, now))
    }

    pub(super) fn disable(&mut self) {
        self.enabled = false;
    }

    fn enabled(&self) -> Option<&IssuerKeys> {
        self.keys.as_ref().filter(|_| self.enabled)
    }

    /// Discovery and keys at this path; `None` where there is neither. They stay when the issuer is disabled, since its
    /// tokens live on.
    fn document(&self, path: &str) -> Option<Value> {
        let keys = self.keys.as_ref()?;
        let issuer = keys.issuer();
        match path {
            "/.well-known/jwks.json" => {
                keys.key(Algorithm::Rs256);
                Some(keys.jwks())
            }
            "/.well-known/openid-configuration" => Some(json!({
                "issuer": issuer,
                "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "ES384"],
                "claims_supported": ["sub", "aud", "exp", "iat", "iss", "jti", "https://sts.amazonaws.com/"],
            })),
            _ => None,
        }
    }
}

/// Whether AWS itself issued this: such tokens are not taken as web identity.
pub(super) fn is_issuer(issuer: &str) -> bool {
    issuer.strip_prefix("https://").is_some_and(|host| host.ends_with(DOMAIN))
}

/// Discovery and keys of the account whose issuer has this host. Under any other host, say an address of this machine,
/// those of the first account that has an issuer.
pub(super) fn document(state: &State, request: &Request<Bytes>) -> Option<Value> {
    let host = request.uri().host().unwrap_or_default();
    let named = host.ends_with(DOMAIN);
    let is_asked = |keys: &IssuerKeys| !named || keys.issuer().strip_prefix("https://") == Some(host);
    let mut issuers = state.iam.accounts.iter().map(|account| &account.outbound);
    issuers.find(|outbound| outbound.keys.as_ref().is_some_and(is_asked))?.document(request.uri().path())
}

pub(super) fn judge(
    state: &State,
    caller: &Caller,
    region: &str,
    request: &Request<Bytes>,
    form: &Form,
    now: SystemTime,
) -> Result<Granted, Refusal> {
    if request.uri().host() == Some("sts.amazonaws.com") {
        return Err(refusal::unknown_action("GetWebIdentityToken", calls::VERSION));
    }
    let mut problems = Problems::default();
    let audiences = members(form, "Audience", "");
    if audiences.is_empty() {
        problems.add("Audience", Some("null"), "Member must not be null");
    }
    problems.at_most("Audience", audiences.len(), 10);
    for audience in &audiences {
        problems.length("Audience", audience, (1, 1000));
    }
    let algorithm = problems.required(form, "SigningAlgorithm", (5, 5));
    let signing = match algorithm {
        "RS256" => Some(Algorithm::Rs256),
        "ES384" => Some(Algorithm::Es384),
        _ => None,
    };
    if signing.is_none() && !algorithm.is_empty() {
        let rule = "Member must satisfy enum value set: [RS256, ES384]";
        problems.add("SigningAlgorithm", Some(&format!("'{algorithm}'")), rule);
    }
    let duration = problems.number(form, "DurationSeconds", (60, 3600)).unwrap_or(DEFAULT_DURATION);
    let tags = tags(&mut problems, form);
    problems.none()?;

    if !calls::may(state, caller, ACTION) {
        return Err(refusal::denied(&caller.arn, ACTION, None));
    }
    let outbound = state.iam.account(&caller.account).and_then(|account| account.outbound.enabled());
    let keys = outbound.ok_or_else(refusal::outbound_disabled)?;
    let end = now + Duration::from_secs(duration);
    let session = caller.session.as_ref();
    if session.is_some_and(|session| session.ends_at < end) {
        return Err(refusal::duration_escalation());
    }
    if tags.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>() > PAYLOAD {
        return Err(refusal::payload_too_large());
    }

    let mut details = json!({ "aws_account": caller.account, "source_region": region });
    if let Some(session) = session {
        details["original_session_exp"] = json!(rfc3339(session.ends_at));
        details["principal_tags"] = json!(session.tags);
        if let Some(issuer) = &session.issuer {
            details["federated_provider"] = json!(issuer);
        }
        if let Some(identity) = &session.source_identity {
            details["source_identity"] = json!(identity);
        }
    }
    if !tags.is_empty() {
        details["request_tags"] = tags.into_iter().collect();
    }
    let jti = guid();
    let token = audiences.into_iter().fold(keys.token(), |token, audience| token.audience(audience));
    let token = token
        .algorithm(signing.unwrap_or(Algorithm::Rs256))
        // The role, and not its session.
        .subject(caller.principal_arn())
        .issued_at(now)
        .lifetime(Duration::from_secs(duration))
        .claim("jti", jti.clone())
        .claim("https://sts.amazonaws.com/", details);
    Ok(Granted {
        issued: jti,
        result: Box::new(move |xml| {
            xml.leaf("WebIdentityToken", &token.sign());
            xml.leaf("Expiration", &rfc3339(end));
        }),
    })
}
