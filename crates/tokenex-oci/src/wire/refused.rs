//! What comes back when a request is refused.

use serde_json::{Map, Value};

type Members = Map<String, Value>;

/// A refusal, in any of the three forms that Oracle's endpoints use: that of OAuth
/// ([RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)), that of the services of OCI
/// ([API errors](https://docs.oracle.com/iaas/Content/API/References/apierrors.htm)), and that of SCIM
/// ([RFC 7644 section 3.12](https://www.rfc-editor.org/rfc/rfc7644#section-3.12)), which identity domains speak too.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Refused {
    /// `invalid_client`, `NotAuthenticated`; SCIM has none as a rule.
    pub(crate) code: Option<String>,
    /// What it says to people.
    pub(crate) said: String,
}

impl Refused {
    /// `None` when the body is none of these: a proxy's page, half an answer.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let members: Members = serde_json::from_slice(body).ok()?;
        let refused = |code: Option<String>, said: &str| Self { code, said: text(&members, said).unwrap_or_default() };
        if let Some(code) = text(&members, "error") {
            return Some(refused(Some(code), "error_description"));
        }
        if let Some(code) = text(&members, "code") {
            return Some(refused(Some(code), "message"));
        }
        is_scim(&members).then(|| refused(text(&members, "scimType"), "detail"))
    }
}

fn text(members: &Members, name: &str) -> Option<String> {
    members.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn is_scim(members: &Members) -> bool {
    let schemas = members.get("schemas").and_then(Value::as_array);
    schemas.is_some_and(|schemas| {
        schemas.iter().any(|schema| schema.as_str() == Some("urn:ietf:params:scim:api:messages:2.0:Error"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_three_forms_are_read() {
        for (body, code, said) in [
            (json!({"error": "invalid_client", "error_description": "d", "ecid": "e"}), Some("invalid_client"), "d"),
            (json!({"error": "invalid_grant"}), Some("invalid_grant"), ""),
            (json!({"code": "NotAuthenticated", "message": "m"}), Some("NotAuthenticated"), "m"),
            (
                json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "detail": "d", "status": "401"}),
                None,
                "d",
            ),
        ] {
            let refused = Refused::read(body.to_string().as_bytes()).unwrap();
            assert_eq!((refused.code.as_deref(), refused.said.as_str()), (code, said));
        }
    }

    #[test]
    fn a_page_is_no_refusal() {
        for page in
            ["", "<html>", "{", "[]", "{}", "\"error\"", "{\"error\":7}", "{\"error\":\"\"}", "{\"schemas\":[7]}"]
        {
            assert_eq!(Refused::read(page.as_bytes()), None, "{page}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_body_is_read_or_refused_without_a_panic(body: Vec<u8>, text in "\\PC{0,60}") {
            let _ = Refused::read(&body);
            let _ = Refused::read(text.as_bytes());
        }
    }
}
