//! Who asks a token endpoint: an application by its secret, or an instance by a signature.

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use http::header::AUTHORIZATION;

use super::refusal::{self, Refusal};
use super::signature::{Cover, Signature};
use super::state::{DomainState, State};

/// A client that has proved who it is.
pub(super) enum Client {
    App(String),
    Instance(String),
}

impl Client {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::App(name) | Self::Instance(name) => name,
        }
    }
}

pub(super) fn authenticate(
    state: &mut State,
    host: &str,
    request: &Request<Bytes>,
    now: SystemTime,
) -> Result<Client, Refusal> {
    let value = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match value.strip_prefix("Basic ") {
        Some(basic) => by_secret(state.domain_mut(host), basic, now).map(Client::App),
        None => by_signature(state, host, request, now).map(Client::Instance),
    }
}

/// Id and secret stand in the header as they are: Oracle's own clients do not percent-encode them, as RFC 6749 section 2.3.1
/// asks.
fn by_secret(domain: &mut DomainState, basic: &str, now: SystemTime) -> Result<String, Refusal> {
    let text = STANDARD.decode(basic).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.ok_or_else(refusal::invalid_client)?;
    let (client_id, secret) = text.split_once(':').ok_or_else(refusal::invalid_client)?;
    let app = domain.apps.iter_mut().find(|app| app.client_id == client_id).ok_or_else(refusal::invalid_client)?;
    if !app.spreading.visible(now) || !app.active || app.secret != secret {
        return Err(refusal::invalid_client());
    }
    if !app.client_credentials {
        return Err(refusal::unauthorized_client("The client lacks the grant type client_credentials."));
    }
    Ok(client_id.to_owned())
}

fn by_signature(state: &State, host: &str, request: &Request<Bytes>, now: SystemTime) -> Result<String, Refusal> {
    let signature = Signature::of(request).map_err(|_| refusal::invalid_client())?;
    let token = signature.session_token().ok_or_else(refusal::invalid_client)?;
    let held = state.tokens.good(token, now).ok_or_else(refusal::invalid_client)?;
    signature.verify(request, Cover::Request, &held.key, now).map_err(|_| refusal::invalid_client())?;
    let instance = held.subject();
    if !state.domain(host).instances.iter().any(|known| known == instance) {
        return Err(refusal::unauthorized_client("The principal may not exchange tokens in this domain."));
    }
    Ok(instance.to_owned())
}
