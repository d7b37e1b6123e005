//! Forms and queries: names and values, percent-encoded.

use http::{Request, Uri};

use bytes::Bytes;

/// The members of an `application/x-www-form-urlencoded` text. The first of equal names counts.
#[derive(Clone, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) fn of_body(request: &Request<Bytes>) -> Self {
        Self::parse(request.body())
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
