//! What a platform says when it refuses.
//!
//! Each says it in a form of its own:
//!
//! | who | form |
//! |---|---|
//! | IMDS, Arc, Cloud Shell | `{"error": "invalid_request", "error_description": "..."}`, and at times Entra's own answer |
//! | App Service, Machine Learning | `{"statusCode": 400, "message": "..."}`, in letters of any case |
//! | Service Fabric | `{"error": {"code": "...", "message": "...", "correlationId": "..."}}` |

use serde_json::{Map, Value};
use tokenex_core::Error;

use crate::wire::Refused;

/// What was said, whatever the form.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Said {
    pub(super) code: Option<String>,
    pub(super) text: String,
    request_id: Option<String>,
    correlation_id: Option<String>,
    time: Option<String>,
}

impl Said {
    /// `None` when it is in none of these forms: a page, half an answer, nothing.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        if let Some(refused) = Refused::read(body) {
            return Some(Self {
                code: refused.number.map(|number| format!("AADSTS{number}")).or(refused.name),
                text: refused.said,
                request_id: refused.trace_id,
                correlation_id: refused.correlation_id,
                time: refused.time,
            });
        }
        let members: Map<String, Value> = serde_json::from_slice(body).ok()?;
        let inner = member(&members, "error").and_then(Value::as_object).unwrap_or(&members);
        let text = |name| member(inner, name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let message = text("message").or_else(|| text("exceptionMessage"));
        let code = text("code");
        if message.is_none() && code.is_none() {
            return None;
        }
        let message = message.unwrap_or_default();
        Some(Self {
            code: code_of_entra(message).or(code).map(str::to_owned),
            text: message.to_owned(),
            correlation_id: text("correlationId").map(str::to_owned),
            ..Self::default()
        })
    }

    /// Adds what was said to the error. `request_id` is the one of the answer's header.
    pub(super) fn enrich(self, mut error: Error, request_id: Option<&str>, secrets: &[&str]) -> Error {
        if let Some(code) = &self.code {
            error = error.with_code(code);
        }
        if let Some(id) = self.request_id.as_deref().or(request_id) {
            error = error.with_request_id(id);
        }
        if let Some(id) = &self.correlation_id {
            error = error.with_correlation_id(id);
        }
        if let Some(time) = &self.time {
            error = error.with_time(time);
        }
        error.with_said(&self.text, secrets)
    }
}

/// The code at the head of what Entra said, passed on by the platform as it is: `AADSTS500011: ...`.
fn code_of_entra(message: &str) -> Option<&str> {
    let digits = message.strip_prefix("AADSTS")?;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    (end > 0).then(|| &message[..message.len() - digits.len() + end])
}

/// A member by its name, in letters of any case: it depends on the version of the platform's framework.
fn member<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> (String, String) {
        let said = Said::read(body.as_bytes()).unwrap();
        (said.code.unwrap_or_default(), said.text)
    }

    #[test]
    fn each_form_is_read() {
        for (body, code, text) in [
            (
                r#"{"error":"invalid_request","error_description":"Identity not found"}"#,
                "invalid_request",
                "Identity not found",
            ),
            (r#"{"statusCode":400,"message":"No identity."}"#, "", "No identity."),
            (r#"{"StatusCode":500,"Message":"An error","CorrelationId":"c"}"#, "", "An error"),
            (r#"{"ExceptionMessage":"An error","ExceptionType":"x"}"#, "", "An error"),
            (r#"{"error":{"correlationId":"c","code":"InvalidApiVersion","message":"no"}}"#, "InvalidApiVersion", "no"),
            (r#"{"message":"AADSTS500011: not there"}"#, "AADSTS500011", "AADSTS500011: not there"),
            (r#"{"error":{"code":"BadRequest","message":"AADSTS50001"}}"#, "AADSTS50001", "AADSTS50001"),
            (r#"{"error":{"code":"BadRequest","message":"AADSTS"}}"#, "BadRequest", "AADSTS"),
        ] {
            assert_eq!(read(body), (code.to_owned(), text.to_owned()), "{body}");
        }
    }

    #[test]
    fn entras_own_answer_is_read_with_its_ids() {
        let said = Said::read(
            br#"{"error":"invalid_resource","error_codes":[500011],"trace_id":"t","correlation_id":"c",
            "error_description":"AADSTS500011: The resource was not found. Trace ID: t Correlation ID: c Timestamp: x"}"#,
        )
        .unwrap();
        assert_eq!((said.code.as_deref(), said.text.as_str()), (Some("AADSTS500011"), "The resource was not found."));
        assert_eq!((said.request_id.as_deref(), said.correlation_id.as_deref()), (Some("t"), Some("c")));
    }

    #[test]
    fn what_is_in_no_form_is_none() {
        for body in ["", "<html>", "{}", "[]", "null", r#"{"error":{}}"#, r#"{"message":5}"#, r#"{"message":"half"#] {
            assert_eq!(Said::read(body.as_bytes()), None, "{body}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_body_is_read_or_refused_without_a_panic(body: Vec<u8>, text in ".{0,200}") {
            let _ = (Said::read(&body), Said::read(text.as_bytes()));
        }
    }
}
