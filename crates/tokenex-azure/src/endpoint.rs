//! One request to the token endpoint.

use std::fmt;

use bytes::Bytes;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use tokenex_core::{Attempt, Error, ErrorKind, Grant, Moment, Result, Secret, Target};

use crate::cloud::Cloud;
use crate::errors;
use crate::route::Route;
use crate::scope::Scope;
use crate::tenant::{bad_tenant, check_tenant};
use crate::token::AccessToken;
use crate::wire::{Ends, Form, TokenAnswer, request_id};

/// The version 2 endpoint, below the tenant.
const PATH: &str = "oauth2/v2.0/token";

/// Named in a request so that Microsoft's support can find it; comes back as the correlation id.
const REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");

/// The token endpoint of one tenant.
#[derive(Clone)]
pub(crate) struct Endpoint {
    cloud: Cloud,
    tenant: String,
    /// What is in front of the tenant: the origin of the cloud, or the address of a token proxy.
    base: String,
    uri: Uri,
    target: Target,
    route: Route,
}

impl Endpoint {
    /// # Errors
    /// [`ErrorKind::Configuration`] when the tenant is not one.
    pub(crate) fn new(cloud: Cloud, tenant: String, route: Route) -> Result<Self> {
        let base = cloud.origin();
        let target = Target::new(base.as_str());
        let uri = address(&base, &tenant)?;
        Ok(Self { cloud, tenant, base, uri, target, route })
    }

    /// The endpoint of another tenant, at the same cloud and by the same way.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the tenant is not one.
    pub(crate) fn of_tenant(&self, tenant: &str) -> Result<Self> {
        Ok(Self { uri: address(&self.base, tenant)?, tenant: tenant.to_owned(), ..self.clone() })
    }

    /// Sends requests for this endpoint to `proxy` instead, an address with or without a path.
    pub(crate) fn through(mut self, proxy: &Uri) -> Result<Self> {
        let unusable = || Error::new(ErrorKind::Configuration, "the address of the token proxy is unusable");
        let (Some(scheme), Some(authority)) = (proxy.scheme_str(), proxy.authority()) else { return Err(unusable()) };
        self.base = format!("{scheme}://{authority}{}", proxy.path().trim_end_matches('/'));
        self.uri = address(&self.base, &self.tenant)?;
        self.target = Target::new(format!("{scheme}://{authority}"));
        Ok(self)
    }

    pub(crate) fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    pub(crate) fn target(&self) -> Target {
        self.target.clone()
    }

    /// Sends one form. An answer of any status comes back.
    pub(crate) async fn post(&self, cx: &Attempt, step: &'static str, form: Form) -> Result<Answer> {
        let named = |error: Error| error.with_provider("azure").with_step(step);
        let (body, secrets) = form.into_parts();
        let mut request = http::Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let id = request_id(fastrand::u128(..));
        if let Ok(value) = HeaderValue::from_str(&id) {
            headers.insert(REQUEST_ID, value);
        }
        let sent = cx.moment();
        let response = self.route.send(cx, request).await.map_err(named)?;
        let (parts, body) = response.into_parts();
        Ok(Answer { status: parts.status, headers: parts.headers, body, sent, step, id, secrets })
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({}, {})", self.cloud, self.tenant)
    }
}

/// An answer of any status.
pub(crate) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    /// Just before the request was sent.
    sent: Moment,
    step: &'static str,
    /// The id that the request went out with.
    id: String,
    /// What was sent and must not turn up in what an error repeats.
    secrets: Vec<Secret>,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// The token in a success, for `scope`.
    pub(crate) fn token(&self, scope: &Scope) -> Result<Grant<AccessToken>> {
        let blame = |error: Error| {
            error.with_provider("azure").with_step(self.step).with_status(self.status).with_correlation_id(&self.id)
        };
        let answer = TokenAnswer::read(&self.body).map_err(blame)?;
        let name = answer.name();
        let token = AccessToken::new(answer.token, scope.clone()).map_err(blame)?;
        let mut grant = Grant::new(token).counted_from(self.sent);
        grant = match answer.ends {
            Ends::After(lifetime) => grant.lifetime(lifetime),
            Ends::At(at) => grant.expires_at(at),
        };
        if let Some(hint) = answer.refresh_in {
            grant = grant.refresh_in(hint);
        }
        if let Some(name) = name {
            grant = grant.fingerprint(name);
        }
        Ok(grant)
    }

    /// The error that a refusal means.
    pub(crate) fn refusal(&self, cx: &Attempt, endpoint: &Endpoint) -> Error {
        let secrets: Vec<&str> = self.secrets.iter().map(Secret::expose).collect();
        let error = errors::refusal(self.status, &self.body, &secrets, endpoint.cloud())
            .with_provider("azure")
            .with_step(self.step);
        // What the endpoint says about the request wins: it may have been handed on under another id.
        let error = if error.correlation_id().is_none() { error.with_correlation_id(&self.id) } else { error };
        match cx.retry_after(&self.headers) {
            Some(wait) => error.with_retry_after(wait),
            None => error,
        }
    }
}

fn address(base: &str, tenant: &str) -> Result<Uri> {
    check_tenant(tenant)?;
    let address = [base, "/", tenant, "/", PATH].concat();
    Uri::try_from(address).map_err(|_| bad_tenant("the tenant makes the address unusable"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(tenant: &str) -> Result<Endpoint> {
        Endpoint::new(Cloud::public(), tenant.to_owned(), Route::Scheduler)
    }

    #[test]
    fn a_tenant_is_an_id_or_a_domain() {
        for tenant in ["72f988bf-86f1-41af-91ab-2d7cd011db47", "contoso.onmicrosoft.com", "contoso.example"] {
            let uri = endpoint(tenant).unwrap().uri;
            assert_eq!(uri.to_string(), format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"));
        }
    }

    #[test]
    fn a_token_proxy_stands_in_front_of_the_same_path() {
        for (proxy, uri) in [
            ("https://10.0.0.1", "https://10.0.0.1/t/oauth2/v2.0/token"),
            ("https://proxy.example:8443/aks/", "https://proxy.example:8443/aks/t/oauth2/v2.0/token"),
        ] {
            let through = endpoint("t").unwrap().through(&proxy.parse().unwrap()).unwrap();
            assert_eq!(through.uri, uri);
            assert!(uri.starts_with(through.target().name()));
        }
    }
}
