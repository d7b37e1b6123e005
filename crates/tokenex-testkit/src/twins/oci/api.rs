//! A little of Object Storage: enough to see whether requests are signed.
//!
//! Source: docs.oracle.com/iaas/api/#/en/objectstorage/20160918/.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::TRANSFER_ENCODING;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::answer;
use super::book::Call;
use super::bucket::add_bucket;
use super::cloud::OciTwin;
use super::federation;
use super::refusal::{self, Refusal};
use super::signature::{Cover, Signature};
use super::state::{BucketState, State};
use crate::twins::Twin;
use crate::twins::form::Form;

/// What is asked for.
enum Operation {
    Namespace,
    CreateBucket,
    ListObjects(String),
    GetObject(String, String),
    PutObject(String, String),
    DeleteObject(String, String),
}

impl Operation {
    /// `/n/{namespace}/b/{bucket}/o/{object}`, cut off anywhere. The name of an object may have slashes.
    fn of(request: &Request<Bytes>, namespace: &str) -> Option<Self> {
        let decoded = |text: &str| Some(percent_decode_str(text).decode_utf8().ok()?.into_owned());
        let parts = request.uri().path().splitn(7, '/').map(decoded).collect::<Option<Vec<_>>>()?;
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let own = |asked: &str| asked == namespace;
        match (request.method(), parts.as_slice()) {
            (&Method::GET, ["", "n"] | ["", "n", ""]) => Some(Self::Namespace),
            (&Method::POST, ["", "n", asked, "b"]) if own(asked) => Some(Self::CreateBucket),
            (&Method::GET, ["", "n", asked, "b", bucket, "o"]) if own(asked) => {
                Some(Self::ListObjects((*bucket).to_owned()))
            }
            (method, ["", "n", asked, "b", bucket, "o", object]) if own(asked) => {
                let (bucket, object) = ((*bucket).to_owned(), (*object).to_owned());
                match *method {
                    Method::GET => Some(Self::GetObject(bucket, object)),
                    Method::PUT => Some(Self::PutObject(bucket, object)),
                    Method::DELETE => Some(Self::DeleteObject(bucket, object)),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

type Judge = fn(&mut State, &Request<Bytes>, &mut Call, SystemTime) -> Result<Response<Bytes>, Refusal>;

impl Twin for OciTwin {
    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let request_id = answer::request_id(request);
        let refused = |status| self.refused(&refusal::service_of_status(status));
        let (faults, judge): (_, Judge) = if request.uri().path() == federation::PATH {
            (self.federation_faults(), federation::judge)
        } else {
            (self.faults(), judge)
        };
        let answer = faults.answer(|| self.call(request, &request_id, judge), refused);
        answer::named(answer, &request_id)
    }
}

impl OciTwin {
    /// Judges a request and writes it down.
    fn call(&self, request: &Request<Bytes>, request_id: &str, judge: Judge) -> Response<Bytes> {
        let now = self.now();
        let mut call = Call {
            at: now,
            method: request.method().to_string(),
            target: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
            principal: String::new(),
            signed: Vec::new(),
            request_id: request_id.to_owned(),
            outcome: Ok(()),
        };
        let mut state = self.state();
        let judged = judge(&mut state, request, &mut call, now);
        call.outcome = judged.as_ref().map(drop).map_err(|refusal| (refusal.code, refusal.reason));
        state.calls.write(call);
        drop(state);
        judged.unwrap_or_else(|refusal| self.refused(&refusal))
    }

    fn refused(&self, refusal: &Refusal) -> Response<Bytes> {
        answer::json(refusal.status, &refusal.service_body(), self.now())
    }
}

fn judge(
    state: &mut State,
    request: &Request<Bytes>,
    call: &mut Call,
    now: SystemTime,
) -> Result<Response<Bytes>, Refusal> {
    let operation = Operation::of(request, &state.namespace).ok_or_else(refusal::no_such_path)?;
    let cover = if matches!(operation, Operation::PutObject(..)) { Cover::Upload } else { Cover::Request };
    let principal = authenticate(state, request, cover, call, now).map_err(refusal::not_authenticated)?;
    // Object Storage takes no body in chunks.
    if request.headers().contains_key(TRANSFER_ENCODING) {
        return Err(refusal::length_absent());
    }
    match operation {
        Operation::Namespace => Ok(answer::json(StatusCode::OK, &json!(state.namespace), now)),
        Operation::CreateBucket => create_bucket(state, request, principal, now),
        Operation::ListObjects(bucket) => {
            let bucket = allowed(state, &bucket, &principal)?;
            let query = Form::of_query(request.uri());
            let prefix = query.get("prefix").unwrap_or_default();
            let mut names: Vec<&String> = bucket.objects.keys().filter(|name| name.starts_with(prefix)).collect();
            names.sort();
            let objects: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
            Ok(answer::json(StatusCode::OK, &json!({ "objects": objects, "prefixes": [] }), now))
        }
        Operation::GetObject(bucket, object) => {
            let found = allowed(state, &bucket, &principal)?.objects.get(&object).cloned();
            let found = found.ok_or_else(|| refusal::not_authorized("there is no such object"))?;
            Ok(answer::bytes(found, "application/octet-stream", now))
        }
        Operation::PutObject(bucket, object) => {
            allowed(state, &bucket, &principal)?.objects.insert(object, request.body().clone());
            let mut response = answer::bytes(Bytes::new(), "application/json", now);
            let etag =
                HeaderValue::try_from(format!("{:032x}", fastrand::u128(..))).expect("digits are a header value");
            response.headers_mut().insert("etag", etag);
            Ok(response)
        }
        Operation::DeleteObject(bucket, object) => {
            let found = allowed(state, &bucket, &principal)?.objects.remove(&object);
            found.ok_or_else(|| refusal::not_authorized("there is no such object"))?;
            let mut response = answer::bytes(Bytes::new(), "application/json", now);
            *response.status_mut() = StatusCode::NO_CONTENT;
            Ok(response)
        }
    }
}

/// The claims of whoever signed the request. The error is for the book.
fn authenticate(
    state: &State,
    request: &Request<Bytes>,
    cover: Cover,
    call: &mut Call,
    now: SystemTime,
) -> Result<Value, &'static str> {
    let signature = Signature::of(request)?;
    call.signed.clone_from(&signature.headers);
    let token = signature.session_token().ok_or("the key id holds no session token")?;
    let held = state.tokens.good(token, now).ok_or("the token is unknown or has ended")?;
    held.subject().clone_into(&mut call.principal);
    signature.verify(request, cover, &held.key, now)?;
    Ok(held.claims.clone())
}

/// A bucket that this principal may use. Oracle does not tell whether it is there.
fn allowed<'a>(state: &'a mut State, bucket: &str, principal: &Value) -> Result<&'a mut BucketState, Refusal> {
    let bucket = state.bucket_mut(bucket).ok_or_else(|| refusal::not_authorized("there is no such bucket"))?;
    if bucket.policies.iter().any(|policy| policy(principal)) {
        Ok(bucket)
    } else {
        Err(refusal::not_authorized("no policy allows it"))
    }
}

/// Everybody in the tenancy may make buckets; whoever does may use them.
fn create_bucket(
    state: &mut State,
    request: &Request<Bytes>,
    principal: Value,
    now: SystemTime,
) -> Result<Response<Bytes>, Refusal> {
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let (Some(name), Some(compartment)) = (body["name"].as_str(), body["compartmentId"].as_str()) else {
        return Err(refusal::invalid_parameter("name and compartmentId are needed."));
    };
    if state.bucket_mut(name).is_some() {
        return Err(refusal::bucket_exists(name));
    }
    add_bucket(state, name);
    let owner = principal["sub"].clone();
    let bucket = state.bucket_mut(name).expect("it was just made");
    bucket.policies.push(Arc::new(move |claims| claims["sub"] == owner));
    let made = json!({
        "namespace": state.namespace,
        "name": name,
        "compartmentId": compartment,
        "createdBy": principal["sub"],
        "timeCreated": crate::twins::text::rfc3339(now),
        "etag": format!("{:032x}", fastrand::u128(..)),
        "metadata": {},
    });
    Ok(answer::json(StatusCode::OK, &made, now))
}
