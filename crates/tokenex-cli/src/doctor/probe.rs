//! The request after the exchange: whether the credential opens what it is for.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, Uri};
use serde_json::Value;
use tokenex::Error;
use tokenex::core::{ErrorKind, Transport as _};

use super::explain;
use super::finding::{Finding, Step, Verdict, what_and_advice};
use crate::catalog::{Managed, OneByOne};
use crate::config::CredentialSpec;
use crate::failure::Failure;

/// A slower service is broken for most of its callers.
const LIMIT: Duration = Duration::from_secs(15);

/// Headers in which services name a request for their support.
const REQUEST_IDS: [&str; 5] =
    ["x-amzn-requestid", "x-amz-request-id", "x-ms-request-id", "request-id", "opc-request-id"];

/// Calls the address with the credential, and reads nothing of a good answer.
pub(super) async fn call(parts: &OneByOne<'_>, spec: &CredentialSpec, managed: &Managed) -> Finding {
    let Some(address) = &spec.probe else {
        return Finding::skipped(Step::Probe, "the file has no `probe` for it");
    };
    // What stands behind `?` may be anybody's.
    let shown = address.split(['?', '#']).next().unwrap_or_default();
    let finding = match try_it(parts, spec, managed, address).await {
        Ok((status, _)) if status.is_success() => {
            Finding::ok(Step::Probe, format!("the credential opens it (HTTP {})", status.as_u16()))
        }
        Ok((_, Some(refused))) => {
            let help = explain::probe(spec);
            let meaning = help.notes.iter().fold(what_and_advice(&refused), |all, note| format!("{all}; {note}"));
            let exit = Failure::from(&refused).exit();
            Finding::new(Step::Probe, Verdict::Failed(exit), meaning).said(&refused).fixes(help.fix)
        }
        Ok((status, None)) => Finding::warning(
            Step::Probe,
            format!("HTTP {}: neither allowed nor refused; is it an address that answers to GET?", status.as_u16()),
        ),
        Err(error) => {
            let exit = Failure::from(&error).exit();
            Finding::new(Step::Probe, Verdict::Failed(exit), what_and_advice(&error)).said(&error)
        }
    };
    finding.found("address", shown)
}

/// The status, and what it is when it is a refusal.
async fn try_it(
    parts: &OneByOne<'_>,
    spec: &CredentialSpec,
    managed: &Managed,
    address: &str,
) -> Result<(StatusCode, Option<Error>), Error> {
    let uri: Uri = address.parse().map_err(|_| Error::new(ErrorKind::Configuration, "`probe` is no address"))?;
    let request = parts.request(spec, managed, &uri).await?;
    let secrets = shown_in(&request);
    let response = parts.transport().send(request, LIMIT).await?;
    let refused = refusal(&response, &secrets.iter().map(String::as_str).collect::<Vec<_>>());
    Ok((response.status(), refused))
}

/// What must not come back in what the service says.
fn shown_in(request: &Request<Bytes>) -> Vec<String> {
    let sensitive = request.headers().values().filter(|value| value.is_sensitive());
    let words =
        sensitive.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split([' ', '"', '$', ',', '=']));
    words.filter(|word| word.len() >= 12).map(str::to_owned).collect()
}

/// 401 and 403 at all services; at Oracle Cloud 404 too, which it answers to whoever lacks a policy
/// (<https://docs.oracle.com/iaas/Content/API/References/apierrors.htm>).
fn refusal(response: &Response<Bytes>, secrets: &[&str]) -> Option<Error> {
    let status = response.status();
    let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let (code, message) = match words(&body) {
        (None, None) => xml(response.body()),
        words => words,
    };
    let (kind, what, advice) = match status.as_u16() {
        401 => (
            ErrorKind::Denied,
            "the exchange went well, and the service does not accept the credential",
            "is it for this service: the scope, the audience, the region?",
        ),
        403 => (
            ErrorKind::Denied,
            "the exchange went well, and the credential may not do this",
            "trust is in order: what is missing is a permission",
        ),
        404 if code.as_deref() == Some("NotAuthorizedOrNotFound") => (
            ErrorKind::Denied,
            "the exchange went well, and the credential may not do this, or there is no such thing",
            "trust is in order: most likely a policy is missing",
        ),
        429 | 500..=599 => (ErrorKind::Unavailable, "the service cannot answer now", ""),
        _ => return None,
    };
    let mut error = Error::new(kind, what).with_status(status);
    if !advice.is_empty() {
        error = error.with_advice(advice);
    }
    if let Some(code) = code.filter(|code| code.len() <= 100) {
        error = error.with_code(&code);
    }
    if let Some(message) = message {
        error = error.with_said(&message, secrets);
    }
    match request_id(response.headers()) {
        Some(id) => Some(error.with_request_id(id)),
        None => Some(error),
    }
}

fn request_id(headers: &HeaderMap) -> Option<&str> {
    REQUEST_IDS.iter().find_map(|name| headers.get(*name)?.to_str().ok())
}

/// Code and message, where JSON errors of the services have them.
fn words(body: &Value) -> (Option<String>, Option<String>) {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let error = &body["error"];
    let code =
        text(&error["status"]).or_else(|| text(&error["code"])).or_else(|| text(&body["code"])).or_else(|| text(error));
    let message =
        [&error["message"], &body["error_description"], &body["message"], &body["Message"], &body["errors"][0]];
    let message = message.into_iter().find_map(text);
    (code, message)
}

/// The same of AWS's XML. Only whole elements count.
fn xml(body: &[u8]) -> (Option<String>, Option<String>) {
    let text = std::str::from_utf8(body).unwrap_or_default();
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        Some(rest.split_once(&format!("</{name}>"))?.0.to_owned())
    };
    (element("Code"), element("Message"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: &str) -> Response<Bytes> {
        Response::builder().status(status).body(Bytes::from(body.to_owned())).unwrap()
    }

    #[test]
    fn a_refusal_is_read_in_the_form_of_each_service() {
        for (status, body, code, said) in [
            (
                403,
                json!({ "error": { "code": "AuthorizationFailed", "message": "no" } }),
                Some("AuthorizationFailed"),
                "no",
            ),
            (
                403,
                json!({ "error": { "code": 403, "status": "PERMISSION_DENIED", "message": "no" } }),
                Some("PERMISSION_DENIED"),
                "no",
            ),
            (404, json!({ "code": "NotAuthorizedOrNotFound", "message": "no" }), Some("NotAuthorizedOrNotFound"), "no"),
            (403, json!({ "errors": ["permission denied"] }), None, "permission denied"),
        ] {
            let error = refusal(&answer(status, &body.to_string()), &[]).unwrap();
            assert_eq!((error.kind(), error.code(), error.said()), (ErrorKind::Denied, code, Some(said)), "{body}");
        }
        let xml = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
        let error = refusal(&answer(403, xml), &[]).unwrap();
        assert_eq!((error.code(), error.said()), (Some("AccessDenied"), Some("no")));
    }

    #[test]
    fn what_is_no_refusal_is_none() {
        assert!(refusal(&answer(404, "{}"), &[]).is_none());
        assert!(refusal(&answer(302, ""), &[]).is_none());
        assert_eq!(refusal(&answer(503, ""), &[]).unwrap().kind(), ErrorKind::Unavailable);
    }
}
