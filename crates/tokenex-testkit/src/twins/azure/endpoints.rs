//! The addresses that Entra answers at.

use std::time::SystemTime;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, DATE, PRAGMA};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::book::Exchange;
use super::discovery;
use super::entra::EntraTwin;
use super::refusal::{self, Refusal};
use super::text::{guid, is_guid};
use super::token_endpoint;
use crate::twins::Twin;
use crate::twins::form::Form;

impl EntraTwin {
    fn token(&self, tenant: &str, request: &Request<Bytes>) -> Response<Bytes> {
        let now = self.now();
        let correlation_id = correlation_id(request);
        let refused = |refusal: &Refusal| self.json(refusal.status, &refusal.body(&correlation_id, now));
        self.faults().answer(
            || match self.exchange(tenant, &Form::of_body(request), &correlation_id, now) {
                Ok(body) => self.json(StatusCode::OK, &body),
                Err(refusal) => refused(&refusal),
            },
            |status| refused(&refusal::of_status(status)),
        )
    }

    fn exchange(&self, tenant: &str, form: &Form, correlation_id: &str, now: SystemTime) -> Result<Value, Refusal> {
        let granted = {
            let mut state = self.state();
            let granted = match state.refusals.pop_front() {
                Some(code) => Err(refusal::of_code(code)),
                None => token_endpoint::judge(&mut state, tenant, form, now),
            };
            let text = |name| form.get(name).unwrap_or_default().to_owned();
            state.book.write(Exchange {
                at: now,
                tenant: tenant.to_owned(),
                grant_type: text("grant_type"),
                client_id: text("client_id"),
                scope: text("scope"),
                fmi_path: form.get("fmi_path").map(str::to_owned),
                user: form.get("username").or_else(|| form.get("user_id")).map(str::to_owned),
                correlation_id: correlation_id.to_owned(),
                outcome: match &granted {
                    Ok(granted) => Ok(granted.access.uti().to_owned()),
                    Err(refusal) => Err(refusal.code),
                },
            });
            granted?
        };
        // Signing takes a while, so it happens without the lock.
        let mut body = granted.body;
        if let Some(id) = granted.id {
            body["id_token"] = json!(id.sign());
        }
        body["access_token"] = json!(granted.access.sign());
        Ok(body)
    }

    pub(super) fn json(&self, status: StatusCode, body: &Value) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = status;
        let date = HeaderValue::try_from(httpdate::fmt_http_date(self.now())).expect("a date is a header value");
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store, no-cache"));
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        headers.insert(DATE, date);
        response
    }
}

impl Twin for EntraTwin {
    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let path: Vec<&str> = request.uri().path().trim_matches('/').split('/').collect();
        match (request.method(), path.as_slice()) {
            (&Method::POST, [tenant, "oauth2", "v2.0", "token"]) => self.token(tenant, request),
            (method, [_, "oauth2", "v2.0", "token"]) => {
                let refusal = refusal::only_post(method);
                self.json(refusal.status, &refusal.body(&correlation_id(request), self.now()))
            }
            (&Method::GET, [tenant, rest @ ..]) => {
                let found =
                    self.state().directory.tenant(tenant).map(|known| discovery::document(known, rest, request));
                match found {
                    Some(Some(document)) => self.json(StatusCode::OK, &document),
                    Some(None) => self.json(StatusCode::NOT_FOUND, &Value::Null),
                    None => {
                        let refusal = refusal::tenant_not_found(tenant);
                        self.json(refusal.status, &refusal.body(&correlation_id(request), self.now()))
                    }
                }
            }
            _ => self.json(StatusCode::NOT_FOUND, &Value::Null),
        }
    }
}

/// The caller's, where it sent one.
fn correlation_id(request: &Request<Bytes>) -> String {
    let sent = request.headers().get("client-request-id").and_then(|value| value.to_str().ok());
    sent.filter(|id| is_guid(id)).map_or_else(guid, str::to_owned)
}
