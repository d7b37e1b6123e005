//! `/{tenant}/oauth2/v2.0/token`: grants judged.
//!
//! Source: learn.microsoft.com, "Microsoft identity platform and the OAuth 2.0 client credentials flow".

use std::time::SystemTime;

use serde_json::{Value, json};

use super::agents;
use super::assertion;
use super::claims::{About, Proof, Unsigned};
use super::directory::{AppState, Kind, TenantState};
use super::refusal::{self, Refusal};
use super::resource::{self, Resource};
use super::secrets;
use super::state::{Settings, State};
use crate::twins::form::Form;

/// The only type of client assertion (RFC 7523 section 2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a request gets: its body once the tokens are signed.
pub(super) struct Granted {
    pub(super) access: Unsigned,
    /// The ID token of a user who is signed in.
    pub(super) id: Option<Unsigned>,
    /// The members beside the tokens.
    pub(super) body: Value,
}

/// Who asks, as far as it is proven.
pub(super) struct Client {
    pub(super) tenant: usize,
    pub(super) client_id: String,
    pub(super) proof: Proof,
}

/// Judges one request to the token endpoint of `tenant`.
pub(super) fn judge(state: &mut State, tenant: &str, form: &Form, now: SystemTime) -> Result<Granted, Refusal> {
    let grant = need(form, "grant_type")?;
    let client_id = need(form, "client_id")?;
    if ["common", "organizations", "consumers"].contains(&tenant) {
        return Err(refusal::grant_not_on_common());
    }
    let found = state
        .directory
        .tenants
        .iter()
        .position(|known| known.id.eq_ignore_ascii_case(tenant) || known.domain.eq_ignore_ascii_case(tenant));
    let tenant = found.ok_or_else(|| refusal::tenant_not_found(tenant))?;
    let tenant_id = state.directory.tenants[tenant].id.clone();
    let known = state.directory.app_mut(client_id).filter(|app| app.object_id_in(&tenant_id).is_some());
    if !known.is_some_and(|app| app.spreading.visible(now)) {
        return Err(refusal::application_not_found(client_id, &state.directory.tenants[tenant].domain));
    }
    let client = |proof| Client { tenant, client_id: client_id.to_owned(), proof };
    match grant {
        "client_credentials" => {
            let client = client(authenticate(state, client_id, form, now)?);
            client_credentials(state, &client, form, now)
        }
        agents::USER_FIC | agents::ON_BEHALF_OF | agents::REFRESH => {
            let client = client(authenticate(state, client_id, form, now)?);
            agents::judge(state, grant, &client, form, now)
        }
        other => Err(refusal::unknown_grant(other)),
    }
}

/// A member that must be there.
pub(super) fn need<'a>(form: &'a Form, name: &str) -> Result<&'a str, Refusal> {
    form.get(name).ok_or_else(|| refusal::parameter_absent(name))
}

fn authenticate(state: &mut State, client_id: &str, form: &Form, now: SystemTime) -> Result<Proof, Refusal> {
    if let Some(assertion) = form.get("client_assertion") {
        match need(form, "client_assertion_type")? {
            JWT_BEARER => {}
            other => return Err(refusal::assertion_type(other)),
        }
        assertion::check(state, client_id, assertion, now)?;
        return Ok(Proof::Assertion);
    }
    let Some(secret) = form.get("client_secret") else { return Err(refusal::no_proof()) };
    let app = state.directory.app_mut(client_id).expect("the client was looked up before");
    secrets::check(&mut app.secrets, client_id, secret, now)?;
    Ok(Proof::Secret)
}

fn client_credentials(state: &State, client: &Client, form: &Form, now: SystemTime) -> Result<Granted, Refusal> {
    let scope = need(form, "scope")?;
    let (tenant, app) = state.parties(client);
    let resource = resource::of_default_scope(&state.directory, tenant, scope)?;
    let about = match (&app.kind, form.get("fmi_path")) {
        (_, None) if app.kind != Kind::Blueprint || resource.is_exchange() => About::Client,
        (Kind::Blueprint, Some(path)) if resource.is_exchange() => {
            agents::check_path(&state.directory, tenant, &app.client_id, path)?;
            About::FmiPath(path)
        }
        (Kind::Blueprint, _) => return Err(refusal::blueprint_asks_for_itself(&app.client_id, &resource.audience)),
        (_, _) => return Err(refusal::fmi_path_not_allowed(&app.client_id)),
    };
    Ok(grant(tenant, app, &about, &resource, client.proof, &state.settings, now))
}

/// The answer to a request that is in order.
pub(super) fn grant(
    tenant: &TenantState,
    app: &AppState,
    about: &About<'_>,
    resource: &Resource,
    proof: Proof,
    settings: &Settings,
    now: SystemTime,
) -> Granted {
    let lifetime = settings.lifetime;
    let access = Unsigned::new(tenant, app, about, resource, proof, now, lifetime);
    let seconds = |seconds: u64| if settings.seconds_as_text { json!(seconds.to_string()) } else { json!(seconds) };
    let mut body = json!({
        "token_type": "Bearer",
        "expires_in": seconds(lifetime.as_secs()),
        "ext_expires_in": seconds(lifetime.as_secs()),
    });
    if let Some(refresh_in) = settings.refresh_in {
        body["refresh_in"] = seconds(refresh_in.as_secs());
    }
    Granted { access, id: None, body }
}
