//! What comes back when a request is refused.

use std::time::Duration;

use serde_json::{Map, Value};

type Members = Map<String, Value>;

/// A refusal in either of the two forms that Google's endpoints use: that of OAuth
/// ([RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)) and that of Google's APIs
/// ([errors](https://google.aip.dev/193)).
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Refused {
    /// `invalid_grant`, or the status of an API: `PERMISSION_DENIED`.
    pub(crate) code: Option<String>,
    /// What it says to people.
    pub(crate) said: String,
    /// Why, where an API says so: `SERVICE_DISABLED`.
    pub(crate) reason: Option<String>,
    /// Which project is meant by the reason: `projects/123`.
    pub(crate) project: Option<String>,
    /// How long to wait, where an API says so.
    pub(crate) retry_in: Option<Duration>,
}

impl Refused {
    /// `None` when the body is not one of Google's: a proxy's page, half an answer.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let members: Members = serde_json::from_slice(body).ok()?;
        match members.get("error")? {
            Value::String(code) if !code.is_empty() => Some(Self {
                code: Some(code.clone()),
                said: text(&members, "error_description").unwrap_or_default(),
                ..Self::default()
            }),
            Value::Object(error) => Some(Self::of_an_api(error)),
            _ => None,
        }
    }

    fn of_an_api(error: &Members) -> Self {
        let details =
            || error.get("details").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
        let info = details().find(|detail| detail.contains_key("reason"));
        let project = info.and_then(|info| text(info.get("metadata")?.as_object()?, "consumer"));
        Self {
            code: text(error, "status"),
            said: text(error, "message").unwrap_or_default(),
            reason: info.and_then(|info| text(info, "reason")),
            project: project.filter(|name| is_project(name)),
            retry_in: details().find_map(|detail| duration(detail.get("retryDelay")?.as_str()?)),
        }
    }
}

fn text(members: &Members, name: &str) -> Option<String> {
    members.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A protobuf duration as JSON: `30s`, `1.5s`.
fn duration(text: &str) -> Option<Duration> {
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn is_project(name: &str) -> bool {
    name.strip_prefix("projects/").is_some_and(|id| {
        (1..=100).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b':' | b'.'))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Option<Refused> {
        Refused::read(value.to_string().as_bytes())
    }

    #[test]
    fn a_refusal_of_oauth_is_read() {
        let refused = read(json!({"error": "invalid_target", "error_description": "d", "error_uri": "u"})).unwrap();
        assert_eq!((refused.code.as_deref(), refused.said.as_str()), (Some("invalid_target"), "d"));
        assert_eq!(read(json!({"error": "invalid_grant"})).unwrap().said, "");
    }

    #[test]
    fn a_refusal_of_an_api_is_read() {
        let refused = read(json!({"error": {"code": 403, "message": "m", "status": "PERMISSION_DENIED", "details": [
            {"@type": "type.googleapis.com/google.rpc.Help", "links": []},
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED", "domain": "googleapis.com",
             "metadata": {"service": "iamcredentials.googleapis.com", "consumer": "projects/123"}},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.5s"}]}}))
        .unwrap();
        assert_eq!((refused.code.as_deref(), refused.said.as_str()), (Some("PERMISSION_DENIED"), "m"));
        assert_eq!(
            (refused.reason.as_deref(), refused.project.as_deref()),
            (Some("SERVICE_DISABLED"), Some("projects/123"))
        );
        assert_eq!(refused.retry_in, Some(Duration::from_millis(1500)));
        assert_eq!(read(json!({"error": {"code": 500}})), Some(Refused::default()));
    }

    #[test]
    fn a_page_is_no_refusal_and_odd_details_are_left_out() {
        for page in ["", "<html>", "{", "[]", "{}", "\"error\"", "{\"error\":\"\"}", "{\"error\":7}"] {
            assert_eq!(Refused::read(page.as_bytes()), None, "{page}");
        }
        let odd = json!({"error": {"details": [7, {"reason": 7}, {"reason": "R", "metadata": {"consumer": "a b"}},
            {"retryDelay": "-5s"}, {"retryDelay": "soon"}]}});
        let refused = read(odd).unwrap();
        assert_eq!((refused.project, refused.retry_in), (None, None));
    }

    proptest::proptest! {
        #[test]
        fn any_body_is_read_or_refused_without_a_panic(body: Vec<u8>, text in "\\PC{0,60}") {
            let described = json!({"error": {"details": [{"reason": text, "retryDelay": format!("{text}s")}]}});
            let _ = Refused::read(&body);
            let _ = Refused::read(described.to_string().as_bytes());
        }
    }
}
