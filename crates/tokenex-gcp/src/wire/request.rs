//! What is sent.

use std::time::Duration;

use serde_json::json;
use tokenex_core::address::encode;

/// A body of type `application/x-www-form-urlencoded`, or a query.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}

/// A token exchange ([RFC 8693 section 2.1](https://www.rfc-editor.org/rfc/rfc8693#section-2.1), as
/// [method token](https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token) has it).
pub(crate) struct Exchange<'a> {
    pub(crate) audience: &'a str,
    pub(crate) scope: &'a str,
    pub(crate) subject_token: &'a str,
    pub(crate) subject_token_type: &'a str,
    /// The project that quota is counted for, where a workforce pool has no client that says so.
    pub(crate) user_project: Option<&'a str>,
}

impl Exchange<'_> {
    pub(crate) fn form(&self) -> String {
        // JSON as text, in one field.
        let options = self.user_project.map(|project| json!({ "userProject": project }).to_string());
        let mut fields = vec![
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("audience", self.audience),
            ("scope", self.scope),
            ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("subject_token_type", self.subject_token_type),
            ("subject_token", self.subject_token),
        ];
        if let Some(options) = &options {
            fields.push(("options", options));
        }
        form(&fields)
    }
}

/// The body of
/// [generateAccessToken](https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken).
pub(crate) fn generate_access_token(scopes: &[String], lifetime: Duration, delegates: &[String]) -> String {
    let mut body = json!({ "scope": scopes, "lifetime": format!("{}s", lifetime.as_secs()) });
    if !delegates.is_empty() {
        body["delegates"] = json!(delegates);
    }
    body.to_string()
}

/// The body of
/// [generateIdToken](https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateIdToken).
pub(crate) fn generate_id_token(audience: &str, include_email: bool, delegates: &[String]) -> String {
    let mut body = json!({ "audience": audience, "includeEmail": include_email });
    if !delegates.is_empty() {
        body["delegates"] = json!(delegates);
    }
    body.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_is_a_form_with_names_in_snake_case() {
        let exchange = Exchange {
            audience: "//iam.googleapis.com/x",
            scope: "a b",
            subject_token: "e30.e30.c2ln",
            subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
            user_project: None,
        };
        assert_eq!(
            exchange.form(),
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&audience=%2F%2Fiam.googleapis.com%2Fx\
             &scope=a%20b&requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token\
             &subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt&subject_token=e30.e30.c2ln"
        );
        let with_project = Exchange { user_project: Some("p-1"), ..exchange }.form();
        assert!(with_project.ends_with("&options=%7B%22userProject%22%3A%22p-1%22%7D"), "{with_project}");
    }

    #[test]
    fn impersonation_asks_in_camel_case() {
        let (scopes, none) = (["s".to_owned()], []);
        let body = generate_access_token(&scopes, Duration::from_secs(600), &none);
        assert_eq!(body, r#"{"lifetime":"600s","scope":["s"]}"#);
        let delegates = ["projects/-/serviceAccounts/d".to_owned()];
        assert_eq!(
            generate_id_token("aud", true, &delegates),
            r#"{"audience":"aud","delegates":["projects/-/serviceAccounts/d"],"includeEmail":true}"#
        );
    }
}
