//! The claims of Entra's tokens.
//!
//! Sources: learn.microsoft.com, "Access token claims reference" and "Token claims for agent identities".

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use crate::issuer::{Algorithm, IssuerKeys};

use super::directory::{AppState, Kind, TenantState};
use super::resource::{Resource, TokenVersion};
use super::text::{epoch, random_text};
use super::users::User;

/// Entra dates its tokens back by this, so that slower clocks take them: `exp` less `iat` is 3900 for an hour.
const BACKDATED: Duration = Duration::from_secs(300);

/// How the client proved itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    Secret,
    Assertion,
    /// By the platform that it runs on.
    Platform,
}

/// A token that is decided and not signed yet, since signing takes long.
pub(super) struct Unsigned {
    keys: IssuerKeys,
    claims: Map<String, Value>,
}

/// Who a token is about, beside the client itself.
pub(super) enum About<'a> {
    Client,
    /// The exchange token of a blueprint for the agent at this path.
    FmiPath(&'a str),
    User(&'a User),
}

/// Rounded up: a token never ends before what `expires_in` says.
fn end(at: SystemTime) -> u64 {
    epoch(at + Duration::from_nanos(999_999_999))
}

impl Unsigned {
    pub(super) fn new(
        tenant: &TenantState,
        client: &AppState,
        about: &About<'_>,
        resource: &Resource,
        proof: Proof,
        now: SystemTime,
        lifetime: Duration,
    ) -> Self {
        let object_id = client.object_id_in(&tenant.id).unwrap_or_default();
        let issued_at = epoch(now - BACKDATED);
        let mut claims = json!({
            "aud": resource.audience,
            "iat": issued_at,
            "nbf": issued_at,
            "exp": end(now + lifetime),
            "aio": random_text(),
            "idtyp": "app",
            "oid": object_id,
            "rh": format!("1.{}", random_text()),
            "sub": object_id,
            "tid": tenant.id,
            "uti": random_text(),
        });
        let how = match proof {
            Proof::Secret => "1",
            Proof::Assertion | Proof::Platform => "2",
        };
        match resource.version {
            TokenVersion::V1 => {
                claims["iss"] = json!(tenant.v1_issuer());
                claims["idp"] = json!(tenant.v1_issuer());
                claims["appid"] = json!(client.client_id);
                claims["appidacr"] = json!(how);
                claims["ver"] = json!("1.0");
            }
            TokenVersion::V2 => {
                claims["iss"] = json!(tenant.v2_issuer());
                claims["azp"] = json!(client.client_id);
                claims["azpacr"] = json!(how);
                claims["ver"] = json!("2.0");
            }
        }
        if let Some(resource_id) = client.resource_id() {
            claims["xms_mirid"] = json!(resource_id);
        }
        if let Kind::Agent(blueprint) = &client.kind {
            claims["xms_par_app_azp"] = json!(blueprint);
            claims["xms_act_fct"] = json!("11");
            claims["xms_sub_fct"] = json!("11");
        }
        match about {
            About::Client => {}
            About::FmiPath(path) => {
                claims["sub"] = json!(fmi_subject(&tenant.id, &client.client_id, path));
            }
            About::User(user) => {
                claims["idtyp"] = json!("user");
                claims["oid"] = json!(user.object_id);
                claims["sub"] = json!(user.object_id);
                claims["upn"] = json!(user.principal_name);
                claims["name"] = json!(user.principal_name);
                claims["scp"] = json!(resource.permissions.join(" "));
                if user.agent.is_some() {
                    claims["xms_sub_fct"] = json!("13");
                }
            }
        }
        let Value::Object(claims) = claims else { unreachable!("claims are an object") };
        Self { keys: tenant.keys.clone(), claims }
    }

    /// An ID token (OpenID Connect Core 1.0 section 2): who signed in, for the client itself.
    pub(super) fn for_sign_in(
        tenant: &TenantState,
        client: &AppState,
        user: &User,
        now: SystemTime,
        lifetime: Duration,
    ) -> Self {
        let issued_at = epoch(now - BACKDATED);
        let claims = json!({
            "aud": client.client_id,
            "iss": tenant.v2_issuer(),
            "iat": issued_at,
            "nbf": issued_at,
            "exp": end(now + lifetime),
            "name": user.principal_name,
            "oid": user.object_id,
            "preferred_username": user.principal_name,
            "sub": user.object_id,
            "tid": tenant.id,
            "uti": random_text(),
            "ver": "2.0",
        });
        let Value::Object(claims) = claims else { unreachable!("claims are an object") };
        Self { keys: tenant.keys.clone(), claims }
    }

    pub(super) fn uti(&self) -> &str {
        self.claims["uti"].as_str().unwrap_or_default()
    }

    pub(super) fn sign(self) -> String {
        let token = self.keys.token().algorithm(Algorithm::Rs256).without("jti");
        self.claims.into_iter().fold(token, |token, (name, value)| token.claim(name, value)).sign()
    }
}

/// The subject of a blueprint's exchange token for one agent.
pub(super) fn fmi_subject(tenant: &str, client_id: &str, path: &str) -> String {
    format!("/eid1/c/pub/t/{tenant}/a/{client_id}/{path}")
}
