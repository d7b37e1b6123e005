//! Where the file says that the subject token is.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tokenex_core::sources::{File, Url};
use tokenex_core::{
    Attempt, Error, ErrorKind, IdentityToken, Input, Result, Secret, Source, TokenRequest, TokenSource,
};

use super::aws::AwsSource;
use super::bad_member;
use super::file::{Members, is_identity, required, text_of};
use crate::executable::ExecutableSource;
use crate::identity;

/// The kinds of `credential_source`.
#[derive(Clone)]
pub(super) enum SubjectSource {
    File { file: File, path: PathBuf, field: Option<String> },
    Url(Url),
    Executable(ExecutableSource),
    Aws(Box<AwsSource>),
}

impl SubjectSource {
    pub(super) fn read(
        members: &Members,
        audience: &str,
        subject_token_type: &str,
        account: Option<&str>,
    ) -> Result<Self> {
        if members.contains_key("environment_id") {
            return Ok(Self::Aws(Box::new(AwsSource::read(members, audience)?)));
        }
        if let Some(path) = text_of(members, "file")? {
            return Ok(Self::File { file: File::new(path), path: path.into(), field: field(members)? });
        }
        if let Some(url) = text_of(members, "url")? {
            return Ok(Self::Url(url_source(members, url)?));
        }
        match (members.get("executable"), members.get("certificate")) {
            (Some(Value::Object(members)), _) => {
                Ok(Self::Executable(executable(members, audience, subject_token_type, account)?))
            }
            (None, Some(_)) => Err(bad_member(
                "credential_source.certificate",
                "is not supported: the exchange wants X.509 \
                certificates shown in TLS",
            )
            .with_advice("use a source of JWTs, or Google's own library for this one")),
            _ => Err(bad_member("credential_source", "names neither file, url, executable nor AWS")),
        }
    }

    async fn text(&self, cx: &Attempt) -> Result<Input<Secret>> {
        match self {
            Self::File { file, path, field } => {
                let text: Input<Secret> = file.fetch(cx).await?;
                match field {
                    Some(field) => text.try_map(|text| in_json(&text, field, path)),
                    None => Ok(text),
                }
            }
            Self::Url(url) => url.fetch(cx).await,
            Self::Executable(executable) => executable.fetch(cx).await,
            Self::Aws(aws) => Ok(Input::new(aws.subject_token(cx).await?)),
        }
    }
}

fn field(members: &Members) -> Result<Option<String>> {
    let Some(format) = members.get("format") else { return Ok(None) };
    let Some(format) = format.as_object() else { return Err(bad_member("credential_source.format", "is no object")) };
    match text_of(format, "type")? {
        None | Some("text") => Ok(None),
        Some("json") => Ok(Some(required(format, "subject_token_field_name")?.to_owned())),
        Some(_) => Err(bad_member("credential_source.format.type", "is neither text nor json")),
    }
}

fn url_source(members: &Members, url: &str) -> Result<Url> {
    const MEMBER: &str = "credential_source.url";
    let mut source = Url::new(url).map_err(|why| bad_member(MEMBER, "is not to be used").with_source(why))?;
    let headers = members.get("headers").and_then(Value::as_object).into_iter().flatten();
    for (name, value) in headers {
        let Some(value) = value.as_str() else {
            return Err(bad_member("credential_source.headers", "are not all texts"));
        };
        source = source
            .header(name, value)
            .map_err(|why| bad_member("credential_source.headers", "are not all headers").with_source(why))?;
    }
    Ok(match field(members)? {
        Some(field) => source.json_field(field),
        None => source,
    })
}

fn executable(
    members: &Members,
    audience: &str,
    subject_token_type: &str,
    account: Option<&str>,
) -> Result<ExecutableSource> {
    const LIMIT: &str = "credential_source.executable.timeout_millis";
    let mut source =
        ExecutableSource::new(required(members, "command")?)?.audience(audience).token_type(subject_token_type);
    match members.get("timeout_millis") {
        None | Some(Value::Null) => {}
        Some(millis) => match millis.as_u64() {
            Some(millis) => source = source.limit(Duration::from_millis(millis))?,
            None => return Err(bad_member(LIMIT, "is no number of milliseconds")),
        },
    }
    if let Some(account) = account {
        source = source.impersonated_email(account);
    }
    if let Some(path) = text_of(members, "output_file")? {
        source = source.output_file(path);
    }
    let known = is_identity(subject_token_type) || subject_token_type == "urn:ietf:params:oauth:token-type:saml2";
    if known { Ok(source) } else { Err(bad_member("subject_token_type", "is of a kind that no executable hands out")) }
}

/// A member of the object that a file holds.
fn in_json(text: &Secret, field: &str, path: &PathBuf) -> Result<Secret> {
    let unusable = |what: String, code: &str| {
        Error::new(ErrorKind::Identity, format!("the file {path:?} {what}"))
            .with_code(code)
            .with_advice("compare the file with the \"format\" of the credential file")
    };
    let mut members: Members =
        serde_json::from_str(text.expose()).map_err(|_| unusable("holds no JSON object".to_owned(), "not_json"))?;
    match members.remove(field) {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(Secret::new(text)),
        _ => Err(unusable(format!("has no text in its field {field:?}"), "missing")),
    }
}

impl TokenSource for SubjectSource {
    async fn token(&self, request: &TokenRequest<'_>) -> Result<Input<IdentityToken>> {
        match self {
            // Passed on, since it may ask for an audience.
            Self::Executable(executable) => executable.token(request).await,
            _ => Ok(identity::input(IdentityToken::new(self.text(request.attempt()).await?.into_value())?)),
        }
    }
}

impl Source<Secret> for SubjectSource {
    async fn fetch(&self, cx: &Attempt) -> Result<Input<Secret>> {
        self.text(cx).await
    }
}

impl fmt::Debug for SubjectSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, .. } => file.fmt(f),
            Self::Url(url) => url.fmt(f),
            Self::Executable(executable) => executable.fmt(f),
            Self::Aws(aws) => aws.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

    fn read(source: Value) -> Result<SubjectSource> {
        SubjectSource::read(source.as_object().unwrap(), "//iam.googleapis.com/x", JWT, None)
    }

    #[test]
    fn the_first_kind_that_is_named_counts() {
        let both = json!({"file": "/a", "url": "https://b.example", "format": {"type": "json", "subject_token_field_name": "t"}});
        assert!(matches!(read(both).unwrap(), SubjectSource::File { field: Some(field), .. } if field == "t"));
        assert!(matches!(
            read(json!({"url": "https://b.example", "headers": {"Metadata": "True"}})).unwrap(),
            SubjectSource::Url(_)
        ));
        assert!(matches!(
            read(json!({"executable": {"command": "a b", "timeout_millis": 5000}})).unwrap(),
            SubjectSource::Executable(_)
        ));
        assert!(matches!(read(json!({"environment_id": "aws1", "file": "/a"})).unwrap(), SubjectSource::Aws(_)));
    }

    #[test]
    fn a_source_that_is_wrong_or_not_supported_says_so_without_secrets() {
        for (source, word) in [
            (json!({}), "neither"),
            (json!({"file": ""}), "\"file\""),
            (json!({"file": "/a", "format": "json"}), "format"),
            (json!({"file": "/a", "format": {"type": "xml"}}), "format"),
            (json!({"file": "/a", "format": {"type": "json"}}), "subject_token_field_name"),
            (json!({"url": "hunter22"}), "url"),
            (json!({"url": "https://b.example", "headers": {"a b": "hunter22"}}), "headers"),
            (json!({"url": "https://b.example", "headers": {"a": 7}}), "headers"),
            (json!({"executable": {"timeout_millis": 5000}}), "command"),
            (json!({"executable": {"command": "a", "timeout_millis": 4999}}), "5 and 120 seconds"),
            (json!({"executable": {"command": "a", "timeout_millis": "5000"}}), "timeout_millis"),
            (json!({"certificate": {"use_default_certificate_config": true}}), "not supported"),
            (json!({"environment_id": "aws2"}), "environment_id"),
        ] {
            let error = read(source).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            let printed = format!("{error:?}");
            assert!(printed.contains(word) && !printed.contains("hunter22"), "{printed}");
        }
    }

    #[test]
    fn a_field_is_taken_out_of_json_and_nothing_else_is_told() {
        let path = PathBuf::from("/a");
        let found = in_json(&Secret::new(r#"{"t": "hunter22"}"#), "t", &path).unwrap();
        assert_eq!(found.expose(), "hunter22");
        for text in
            ["hunter22", "{\"x\": \"hunter22\"}", "{\"t\": [\"hunter22\"]}", "{\"t\": \" \", \"x\": \"hunter22\"}"]
        {
            let error = in_json(&Secret::new(text), "t", &path).unwrap_err();
            assert!(!format!("{error:?}").contains("hunter22"), "{error:?}");
        }
    }
}
