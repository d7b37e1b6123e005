//! `/v1/x509` of `auth.{region}.oraclecloud.com`: the certificate of an instance becomes a session token.
//!
//! Oracle does not document this endpoint; this is what its clients send.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};

use super::answer;
use super::book::Call;
use super::certificate::Leaf;
use super::public_key::PublicKey;
use super::refusal::{self, Refusal};
use super::signature::{Cover, Signature};
use super::state::State;
use super::tokens::members;

pub(super) const PATH: &str = "/v1/x509";

/// How long the tokens of instances live.
const LIFETIME: Duration = Duration::from_secs(1200);

pub(super) fn judge(
    state: &mut State,
    request: &Request<Bytes>,
    call: &mut Call,
    now: SystemTime,
) -> Result<Response<Bytes>, Refusal> {
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let place = find(state, &body, now).map_err(refusal::not_authenticated)?;
    state.instances[place].ocid.clone_into(&mut call.principal);
    authenticate(state, place, request, &body, call, now).map_err(refusal::not_authenticated)?;
    let key = body["publicKey"].as_str().and_then(PublicKey::from_base64);
    let key = key.ok_or_else(|| refusal::invalid_parameter("publicKey is not an RSA key of 2048 bits or more."))?;
    let (tenancy, instance) = (&state.tenancy, &state.instances[place]);
    let lifetime = instance.token_lifetime.unwrap_or(LIFETIME);
    let claims = json!({
        "sub": instance.ocid,
        "aud": "oci",
        "tenant": tenancy,
        "ptype": "instance",
        "ttype": "x509",
        "opc-certtype": "instance",
        "opc-tenant": tenancy,
        "opc-compartment": instance.compartment,
        "opc-instance": instance.ocid,
    });
    let token = state.tokens.issue(members(claims), key, now, lifetime);
    Ok(answer::json(StatusCode::OK, &json!({ "token": token }), now))
}

/// The instance whose certificate this is.
fn find(state: &State, body: &Value, now: SystemTime) -> Result<usize, &'static str> {
    let certificate = body["certificate"].as_str().ok_or("there is no certificate")?;
    let known = |leaf: &Leaf| leaf.base64 == certificate && leaf.ends_at > now;
    let place = state.instances.iter().position(|instance| instance.leaves.iter().any(&known));
    place.ok_or("the certificate is unknown or has ended")
}

fn authenticate(
    state: &State,
    place: usize,
    request: &Request<Bytes>,
    body: &Value,
    call: &mut Call,
    now: SystemTime,
) -> Result<(), &'static str> {
    let intermediates = body["intermediateCertificates"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !intermediates.iter().any(|sent| *sent == *state.authority().base64) {
        return Err("the intermediate certificate is absent");
    }
    let signature = Signature::of(request)?;
    call.signed.clone_from(&signature.headers);
    let parts: Vec<&str> = signature.key_id.split('/').collect();
    let [tenancy, kind, fingerprint] = parts[..] else { return Err("the key id names no certificate") };
    if tenancy != state.tenancy {
        return Err("the key id names another tenancy");
    }
    let mut leaves = state.instances[place].leaves.iter().filter(|leaf| body["certificate"] == *leaf.base64);
    let leaf = leaves.find(|leaf| leaf.is(kind, fingerprint)).ok_or("the key id names another certificate")?;
    signature.verify(request, Cover::Federation, &leaf.pair.public, now)
}
