//! A web server.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode, Uri};
use serde_json::Value;
use zeroize::Zeroizing;

use super::text::{TextSource, both_sources, unusable};
use crate::address::encode;
use crate::{Attempt, Error, ErrorKind, Result, Secret};

/// A web server that answers a GET with the text: with its whole body, or with one field of a JSON object.
///
/// `{audience}` in the path or query is replaced by the audience that the target wants, percent-encoded. The request
/// goes through the transport of the scheduler and is sent once per attempt.
///
/// ```
/// use tokenex_core::sources::Url;
///
/// # fn main() -> tokenex_core::Result<()> {
/// let source = Url::new("https://issuer.example/token?version=2&audience={audience}")?
///     .header("authorization", "Bearer s3cret")?
///     .json_field("token");
/// # let _ = source;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Url {
    template: String,
    authority: String,
    /// What the server is called in errors.
    name: &'static str,
    headers: HeaderMap,
    field: Option<String>,
}

const PLACEHOLDER: &str = "{audience}";

impl Url {
    /// The server's address, with or without the placeholder `{audience}`.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when it is not an absolute http or https URL, names a user or a password, or has
    /// the placeholder in its host. The error does not repeat the URL: its query may hold a secret.
    pub fn new(template: impl Into<String>) -> Result<Self> {
        let template = template.into();
        let bad = |what: &'static str| {
            Error::new(ErrorKind::Configuration, what)
                .with_advice("give an absolute URL such as https://issuer.example/token?audience={audience}")
        };
        let uri: Uri =
            fill(&template, "audience").parse().map_err(|_| bad("the URL of the token source is not a URL"))?;
        let (Some("http" | "https"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(bad("the URL of the token source is not an absolute http or https URL"));
        };
        if authority.as_str().contains('@') {
            return Err(bad("the URL of the token source names a user; send credentials in a header"));
        }
        let authority = authority.as_str().to_owned();
        // Who chooses the audience must not choose where the headers go.
        let host = template.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next());
        if !matches!(host, Some(Some(host)) if !host.contains(PLACEHOLDER)) {
            return Err(bad("the host in the URL of the token source must not depend on the audience"));
        }
        Ok(Self { template, authority, name: "the token source", headers: HeaderMap::new(), field: None })
    }

    /// Adds a header. Its value counts as a secret.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the name or the value cannot be in a header.
    pub fn header(mut self, name: &str, value: impl Into<Secret>) -> Result<Self> {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
            Error::new(ErrorKind::Configuration, "a header of the token source has a name that no header can have")
        })?;
        let mut value = HeaderValue::from_str(value.into().expose()).map_err(|_| {
            Error::new(ErrorKind::Configuration, format!("the header {name} of the token source has a bad value"))
                .with_advice("look for a line feed or another control character in it")
        })?;
        value.set_sensitive(true);
        self.headers.append(name, value);
        Ok(self)
    }

    /// Takes the text from this field of a JSON object instead of the whole body: a name, or for a field further inside
    /// a JSON pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)) such as `/status/token`.
    #[must_use]
    pub fn json_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    pub(super) fn called(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    fn request(&self, audience: Option<&str>) -> Result<http::Request<Bytes>> {
        let configuration = |what: String| Error::new(ErrorKind::Configuration, what);
        if audience.is_none() && self.template.contains(PLACEHOLDER) {
            return Err(configuration(format!("{} needs an audience, and none is asked for", self.place()))
                .with_advice("name the audience where the source is used, or write it into the URL"));
        }
        let mut request = http::Request::get(fill(&self.template, audience.unwrap_or_default()))
            .body(Bytes::new())
            .map_err(|_| configuration(format!("{} cannot be asked for this audience", self.place())))?;
        *request.headers_mut() = self.headers.clone();
        Ok(request)
    }

    fn check_status(&self, response: &http::Response<Bytes>, cx: &Attempt) -> Result<()> {
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let error = |kind, what| Error::new(kind, format!("{} {what}", self.place())).with_status(status);
        let error = match status {
            StatusCode::TOO_MANY_REQUESTS => error(ErrorKind::Throttled, "asks for fewer requests"),
            _ if status.is_server_error() => error(ErrorKind::Unavailable, "cannot answer now"),
            _ if status.is_redirection() => error(ErrorKind::Identity, "points elsewhere, which is not followed")
                .with_code("refused")
                .with_advice("give the final URL: credentials do not travel along a redirect"),
            _ => error(ErrorKind::Identity, "refused the request")
                .with_code("refused")
                .with_advice("check the path and the headers of the token source, and what the server's log says"),
        };
        Err(match cx.retry_after(response.headers()) {
            Some(wait) => error.with_retry_after(wait),
            None => error,
        })
    }

    fn field(&self, body: &[u8], field: &str) -> Result<Zeroizing<Vec<u8>>> {
        let mut json: Value =
            serde_json::from_slice(body).map_err(|_| unusable(self, "did not answer with JSON", "not_json"))?;
        let value = if field.starts_with('/') { json.pointer_mut(field) } else { json.get_mut(field) };
        match value.map(Value::take) {
            Some(Value::String(text)) => Ok(Zeroizing::new(text.into_bytes())),
            Some(_) => Err(unusable(self, &format!("answered with a field {field:?} that is not a text"), "missing")),
            None => Err(unusable(self, &format!("answered without the field {field:?}"), "missing")),
        }
    }
}

impl TextSource for Url {
    fn place(&self) -> String {
        format!("{} at {}", self.name, self.authority)
    }

    fn remedy(&self) -> Cow<'static, str> {
        Cow::Borrowed("ask the same URL by hand and compare the answer with what the source is set to take from it")
    }

    async fn raw(&self, audience: Option<&str>, cx: &Attempt) -> Result<Zeroizing<Vec<u8>>> {
        let response = cx.send(self.request(audience)?).await?;
        self.check_status(&response, cx)?;
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        if content_type.to_ascii_lowercase().starts_with("text/html") {
            return Err(unusable(self, "answered with a web page", "not_json")
                .with_advice("a login page or a proxy is in the way, or the path is wrong"));
        }
        match &self.field {
            Some(field) => self.field(response.body(), field),
            None => Ok(Zeroizing::new(response.body().to_vec())),
        }
    }
}

both_sources!(Url);

/// Neither path nor query nor header values are shown.
impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({})", self.authority)
    }
}

fn fill(template: &str, audience: &str) -> String {
    template.replace(PLACEHOLDER, &encode(audience).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_audience_is_encoded_and_can_change_nothing_else() {
        let url = Url::new("https://issuer.test:8443/t?v=2&audience={audience}").unwrap();
        let request = url.request(Some("api://x y/é?&=#%~")).unwrap();
        assert_eq!(
            request.uri().to_string(),
            "https://issuer.test:8443/t?v=2&audience=api%3A%2F%2Fx%20y%2F%C3%A9%3F%26%3D%23%25~"
        );
        assert_eq!(url.request(None).unwrap_err().kind(), ErrorKind::Configuration);
    }

    #[test]
    fn a_short_host_and_capitals_are_fine() {
        for good in ["http://t/token", "https://h?audience={audience}", "HTTPS://Issuer.test/", "http://[::1]:80/"] {
            Url::new(good).unwrap();
        }
    }

    #[test]
    fn what_is_not_a_plain_absolute_url_is_refused_without_repeating_it() {
        for bad in [
            "",
            "issuer.test/hunter2",
            "/hunter2",
            "ftp://issuer.test/hunter2",
            "https://user:hunter2@issuer.test/",
            "https://{audience}.test/hunter2",
            "https://{audience}/hunter2",
            "https://issuer.test:{audience}/hunter2",
            "https:// /hunter2",
        ] {
            let error = Url::new(bad).expect_err(bad);
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn a_header_shows_neither_in_debug_nor_in_an_error() {
        let url = Url::new("https://issuer.test/hunter1").unwrap().header("authorization", "hunter2").unwrap();
        assert!(!format!("{url:?}{:?}", url.request(None).unwrap()).contains("hunter2"));
        assert!(!format!("{url:?}").contains("hunter1"));
        let error = url.header("x-token", "hunter3\n").unwrap_err();
        assert!(!format!("{error:?}").contains("hunter3"), "{error:?}");
    }
}
