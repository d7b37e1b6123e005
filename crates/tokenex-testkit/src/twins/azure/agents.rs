//! Grants of agent identities: for the agent's own user account, on behalf of a person, and by refresh token.
//!
//! Sources: learn.microsoft.com, "Agent identities: OAuth protocols", "Agent user OAuth flow", "Agent on-behalf-of OAuth
//! flow".

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::assertion;
use super::claims::{About, Unsigned};
use super::directory::{Directory, Kind, TenantState};
use super::refusal::{self, Refusal};
use super::resource::{self, EXCHANGE_AUDIENCE_ID};
use super::state::State;
use super::text::{random_text, secret};
use super::token_endpoint::{Client, Granted, grant, need};
use super::users::RefreshToken;
use crate::twins::form::Form;
use crate::twins::issuers::audiences;

/// The agent's own user account.
pub(super) const USER_FIC: &str = "user_fic";
/// A person who signed in at the blueprint (RFC 7523 section 2.1).
pub(super) const ON_BEHALF_OF: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// A later token for the same user (RFC 6749 section 6).
pub(super) const REFRESH: &str = "refresh_token";

/// Whether a blueprint may make an exchange token for this path: it must be one of its agent identities.
pub(super) fn check_path(
    directory: &Directory,
    tenant: &TenantState,
    blueprint: &str,
    path: &str,
) -> Result<(), Refusal> {
    let agent = directory.app(path).filter(|agent| agent.object_id_in(&tenant.id).is_some());
    match agent.map(|agent| &agent.kind) {
        Some(Kind::Agent(own)) if own == blueprint => Ok(()),
        _ => Err(refusal::fmi_path_not_allowed(path)),
    }
}

/// Judges a request that ends in a token for a user.
pub(super) fn judge(
    state: &mut State,
    grant_type: &str,
    client: &Client,
    form: &Form,
    now: SystemTime,
) -> Result<Granted, Refusal> {
    match grant_type {
        USER_FIC => {
            let user = agent_user(state, client, form, now)?;
            granted(state, client, form, need(form, "scope")?, user, now)
        }
        ON_BEHALF_OF => {
            let user = on_behalf_of(state, client, form, now)?;
            granted(state, client, form, need(form, "scope")?, user, now)
        }
        _ => {
            let token = need(form, "refresh_token")?;
            let known = state.refresh_tokens.iter().find(|known| known.text == token);
            let known = known.filter(|known| known.client_id == client.client_id).ok_or_else(refusal::bad_grant)?;
            let (user, scope) = (known.user.clone(), form.get("scope").unwrap_or(&known.scope).to_owned());
            granted(state, client, form, &scope, user, now)
        }
    }
}

/// The object id of the agent's user account: named in the request, and vouched for by the agent's own exchange token.
fn agent_user(state: &State, client: &Client, form: &Form, now: SystemTime) -> Result<String, Refusal> {
    let vouching = need(form, "user_federated_identity_credential")?;
    let (tenant, agent) = state.parties(client);
    let claims = assertion::verify_own(tenant, vouching, now, state.settings.leeway)?;
    if claims["sub"] != agent.object_id_in(&tenant.id).unwrap_or_default() {
        return Err(refusal::subject_not_trusted(claims["sub"].as_str().unwrap_or_default()));
    }
    if claims["aud"] != EXCHANGE_AUDIENCE_ID {
        return Err(refusal::audience_not_trusted(claims["aud"].as_str().unwrap_or_default()));
    }
    let (name, id) = (form.get("username"), form.get("user_id"));
    let wanted = name.or(id).ok_or_else(|| refusal::parameter_absent("username"))?;
    let user = state.directory.users.iter().filter(|user| user.tenant == tenant.id).find(|user| {
        name.is_some_and(|name| user.principal_name.eq_ignore_ascii_case(name))
            || (name.is_none() && id.is_some_and(|id| user.object_id.eq_ignore_ascii_case(id)))
    });
    let user = user.ok_or_else(|| refusal::user_not_found(wanted, &tenant.domain))?;
    if user.agent.as_deref() == Some(client.client_id.as_str()) {
        Ok(user.object_id.clone())
    } else {
        Err(refusal::not_consented(&client.client_id))
    }
}

/// The object id of the person who signed in at the blueprint.
fn on_behalf_of(state: &State, client: &Client, form: &Form, now: SystemTime) -> Result<String, Refusal> {
    let user_token = need(form, "assertion")?;
    if need(form, "requested_token_use")? != "on_behalf_of" {
        return Err(refusal::parameter_absent("requested_token_use"));
    }
    let (tenant, app) = state.parties(client);
    let claims = tenant.keys.verify(user_token).map_err(|_| refusal::bad_user_assertion())?;
    assertion::check_times(&claims, now, state.settings.leeway).map_err(|_| refusal::user_assertion_outside_time())?;
    // An agent acts for people who signed in at its blueprint.
    let at = match &app.kind {
        Kind::Agent(blueprint) => blueprint,
        _ => &app.client_id,
    };
    let uri = format!("api://{at}");
    if !audiences(&claims).iter().any(|found| found == at || **found == uri) {
        return Err(refusal::user_assertion_audience(&audiences(&claims).join(" "), at));
    }
    let user = claims["oid"].as_str().and_then(|id| state.directory.users.iter().find(|user| user.object_id == id));
    user.map(|user| user.object_id.clone()).ok_or_else(refusal::bad_user_assertion)
}

fn granted(
    state: &mut State,
    client: &Client,
    form: &Form,
    scope: &str,
    user: String,
    now: SystemTime,
) -> Result<Granted, Refusal> {
    let scopes: Vec<&str> = scope.split_whitespace().collect();
    let (tenant, app) = state.parties(client);
    let resource = resource::of_user_scope(&state.directory, tenant, scope)?;
    let account = state.directory.users.iter().find(|known| known.object_id == user).ok_or_else(refusal::bad_grant)?;
    let mut granted = grant(tenant, app, &About::User(account), &resource, client.proof, &state.settings, now);
    granted.body["scope"] = json!(scope);
    if scopes.contains(&"openid") {
        granted.id = Some(Unsigned::for_sign_in(tenant, app, account, now, state.settings.lifetime));
    }
    if form.get("client_info") == Some("1") {
        let info = json!({"uid": account.object_id, "utid": tenant.id});
        granted.body["client_info"] = json!(URL_SAFE_NO_PAD.encode(info.to_string()));
    }
    if scopes.contains(&"offline_access") {
        let text = secret("refresh token", format!("1.{}{}", random_text(), random_text()));
        granted.body["refresh_token"] = Value::String(text.clone());
        let client_id = client.client_id.clone();
        state.refresh_tokens.push(RefreshToken { text, client_id, user, scope: scope.to_owned() });
    }
    Ok(granted)
}
