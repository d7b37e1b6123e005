//! What a service means by its answer to a probe.

use bytes::Bytes;
use http::{HeaderMap, Response};
use serde_json::Value;
use tokenex::Error;
use tokenex::core::ErrorKind;

/// Headers in which services name a request for their support.
const REQUEST_IDS: [&str; 5] =
    ["x-amzn-requestid", "x-amz-request-id", "x-ms-request-id", "request-id", "opc-request-id"];

/// An answer as an error, when it is a refusal: 401 and 403 at all services; at Oracle Cloud 404 too, which it answers to
/// whoever lacks a policy (<https://docs.oracle.com/iaas/Content/API/References/apierrors.htm>).
pub(crate) fn refusal(response: &Response<Bytes>, secrets: &[&str]) -> Option<Error> {
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
