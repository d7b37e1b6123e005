//! Forms and queries: names and values, percent-encoded.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, Uri};

/// The members of an `application/x-www-form-urlencoded` text. The first of equal names counts.
#[derive(Clone, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// The body; empty where it is announced as anything else than a form, since servers then do not look into it.
    pub(crate) fn of_body(request: &Request<Bytes>) -> Self {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Self::parse(request.body())
        } else {
            Self::default()
        }
    }

    pub(crate) fn of_query(uri: &Uri) -> Self {
        Self::parse(uri.query().unwrap_or_default().as_bytes())
    }

    fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// The value; `None` also where it is empty, which servers treat alike.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }
}
