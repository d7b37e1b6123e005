//! One request, and what its answer comes to.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use tokenex_core::address::{Reach, check_scheme};
use tokenex_core::{AnyTransport, Attempt, Error, Moment, Result, Secret, Target};

use crate::errors::{self, Step, bad_option};
use crate::universe::Universe;

/// An address of Google, and the way there.
#[derive(Clone)]
pub(crate) struct Endpoint {
    uri: Uri,
    /// Only where it is not the scheduler's.
    transport: Option<AnyTransport>,
}

impl Endpoint {
    /// `option` names in errors where the address came from.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration) when it is not an https URL without a query, or
    /// a plain one of this machine.
    pub(crate) fn new(option: &'static str, url: &str, transport: Option<AnyTransport>) -> Result<Self> {
        const FORM: &str = "such as https://sts.googleapis.com/v1/token";
        let bad = |what: &str| bad_option(option, format!("{option} {what}")).with_advice(FORM);
        // The address is not repeated: what was pasted into it may be a secret.
        let uri: Uri = url.parse().map_err(|_| bad("is no URL"))?;
        if uri.authority().is_none_or(|authority| authority.as_str().contains('@')) || uri.query().is_some() {
            return Err(bad("names no host, or a user, or holds a query"));
        }
        check_scheme(&uri).map_err(|error| error.with_provider("gcp").with_code(option).with_advice(FORM))?;
        Ok(Self { uri, transport })
    }

    /// By this way; `None` is the scheduler's.
    pub(crate) fn through(self, transport: Option<AnyTransport>) -> Self {
        Self { transport, ..self }
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    pub(crate) fn target(&self) -> Target {
        let authority = self.uri.authority().map_or("", |authority| authority.as_str());
        Target::new(format!("{}://{authority}", self.uri.scheme_str().unwrap_or("https")))
    }

    /// Posts a form.
    pub(crate) async fn form(&self, cx: &Attempt, step: Step, form: String, headers: HeaderMap) -> Result<Answer> {
        self.post(cx, step, "application/x-www-form-urlencoded", form, headers).await
    }

    /// Posts JSON, with the right that this token gives.
    pub(crate) async fn json(&self, cx: &Attempt, step: Step, body: &str, bearer: &HeaderValue) -> Result<Answer> {
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, bearer.clone())]);
        self.post(cx, step, "application/json", body.to_owned(), headers).await
    }

    async fn post(
        &self,
        cx: &Attempt,
        step: Step,
        kind: &'static str,
        body: String,
        headers: HeaderMap,
    ) -> Result<Answer> {
        let mut request = Request::new(Bytes::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = headers;
        request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        send(cx, step, self.transport.as_ref(), request).await
    }
}

/// Sends one request. An answer of any status comes back.
pub(crate) async fn send(
    cx: &Attempt,
    step: Step,
    transport: Option<&AnyTransport>,
    request: Request<Bytes>,
) -> Result<Answer> {
    let sent = cx.moment();
    let response = match transport {
        Some(own) => cx.send_through(own, request).await,
        None => cx.send(request).await,
    };
    let (parts, body) = response.map_err(|error| named(error, step))?.into_parts();
    Ok(Answer { step, status: parts.status, headers: parts.headers, body, sent })
}

/// Says in an error whose it is.
pub(crate) fn named(error: Error, step: Step) -> Error {
    error.with_provider("gcp").with_step(step.name())
}

/// Whether this is an address of a service in this Google Cloud, over https at the usual port; or one of this machine, where
/// tests have theirs.
pub(crate) fn is_of(universe: &Universe, service: &str, uri: &Uri) -> bool {
    let usual = uri.scheme_str() == Some("https") && matches!(uri.port_u16(), None | Some(443));
    let host = uri.host().unwrap_or_default();
    Reach::of(host) == Reach::Loopback || (usual && universe.has(service, host))
}

/// An answer of any status.
pub(crate) struct Answer {
    step: Step,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    /// Just before the request was sent.
    sent: Moment,
}

impl Answer {
    pub(crate) fn sent(&self) -> Moment {
        self.sent
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(crate) fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// Reads a success.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
        read(&self.body).map_err(|error| named(error, self.step).with_status(self.status))
    }

    /// The error that a refusal means. `secrets` is what was sent.
    pub(crate) fn refusal(&self, cx: &Attempt, secrets: &[&Secret]) -> Error {
        let secrets: Vec<&str> = secrets.iter().map(|secret| secret.expose()).collect();
        let mut error = named(errors::refusal(self.step, self.status, &self.body, &secrets), self.step);
        // Google's support finds a request by project and time.
        if let Some(date) = self.headers.get(header::DATE).and_then(|date| date.to_str().ok()) {
            error = error.with_time(date);
        }
        match cx.retry_after(&self.headers) {
            Some(wait) => error.with_retry_after(wait),
            None => error,
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_or_of_this_machine() {
        for good in [
            "https://sts.googleapis.com/v1/token",
            "https://sts.example:8443/v1/token",
            "http://127.0.0.1:8080/v1/token",
            "http://localhost/token",
            "http://[::1]:1/token",
        ] {
            Endpoint::new("token_url", good, None).unwrap();
        }
        for bad in [
            "",
            "/v1/token",
            "hunter22",
            "http://sts.googleapis.com/hunter22",
            "http://localhost.example/hunter22",
            "ftp://127.0.0.1/hunter22",
            "https://user:hunter22@sts.googleapis.com/",
            "https://sts.googleapis.com/?key=hunter22",
            "https:///hunter22",
        ] {
            let error = Endpoint::new("token_url", bad, None).unwrap_err();
            assert_eq!(error.code(), Some("token_url"));
            assert!(!format!("{error:?}").contains("hunter22"), "{error:?}");
        }
    }

    #[test]
    fn google_is_known_by_name_port_and_scheme() {
        let of = |uri: &str| is_of(&Universe::public(), "sts", &uri.parse().unwrap());
        assert!(of("https://sts.googleapis.com/v1/token") && of("https://sts.googleapis.com:443/v1/token"));
        assert!(of("http://127.0.0.1:8080/v1/token"));
        for other in [
            "http://sts.googleapis.com/",
            "https://sts.googleapis.com:8443/",
            "https://sts.example/",
            "https://sts.googleapis.com.example/",
        ] {
            assert!(!of(other), "{other}");
        }
    }
}
