//! Workload identity in Oracle's Kubernetes (OKE).

mod builder;
mod route;

use std::fmt;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Uri, header};
use tokenex_core::{
    AnyTokenSource, Attempt, Error, ErrorKind, Grant, IdentityToken, Outcome, Provider, Result, Target,
};

use crate::errors::{self, Step, named};
use crate::exchange::granted;
use crate::key::{KeySize, SessionKey};
use crate::session_token::SessionToken;
use crate::spare_key::SpareKey;
use crate::wire;
use route::Route;

pub use builder::OkeWorkloadBuilder;

/// The provider of the [`SessionToken`] of a pod in an enhanced cluster of OKE: the cluster itself vouches for the pod's service
/// account ([workload identity](https://docs.oracle.com/iaas/Content/ContEng/Tasks/contenggrantingworkloadaccesstoresources.htm)).
/// There is no secret and no trust to set up; policies name cluster, namespace and service account.
///
/// Each token has a new key. An attempt shows the service account's token, read anew, to the cluster's API server at port 12250. Oracle's
/// page does not describe this call; it is what Oracle's own clients do.
#[derive(Clone)]
pub struct OkeWorkload {
    endpoint: Uri,
    target: Target,
    identity: AnyTokenSource,
    key_size: KeySize,
    spare: SpareKey,
    route: Route,
}

impl OkeWorkload {
    async fn exchange(&self, cx: &Attempt) -> Result<Grant<SessionToken>> {
        // What takes long comes first, so that the service account's token is young when it is sent.
        let key = self.spare.take(SessionKey::generate(self.key_size)).await?;
        // Its audience is that of the API server, whatever the cluster calls that.
        let identity = cx.identity(&self.identity, &[]).await?.into_value();
        let mut request = Request::new(Bytes::from(wire::pod_key(key.public_der())));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.endpoint.clone();
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::AUTHORIZATION, bearer(&identity)?);
        let response = self.route.send(cx, request).await?;
        let (status, headers, body) = (response.status(), response.headers(), response.body());
        if !status.is_success() {
            let mut error = errors::refusal(Step::Oke, status, headers, body, &[identity.secret().expose()]);
            if errors::is_about_the_identity(&error) {
                error = error.with_presented(identity.claims());
            }
            return Err(match cx.retry_after(headers) {
                Some(wait) => error.with_retry_after(wait),
                None => error,
            });
        }
        wire::pod_token(body)
            .and_then(|token| granted(SessionToken::new(token, key.used())?))
            .map_err(|error| error.with_status(status))
    }
}

fn bearer(identity: &IdentityToken) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", identity.secret().expose())).map_err(|_| {
        Error::new(ErrorKind::Identity, "the service account's token holds characters that no header can carry")
            .with_code("not_a_token")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

impl Provider for OkeWorkload {
    type Credential = SessionToken;

    fn name(&self) -> &'static str {
        "oci"
    }

    fn target(&self) -> Target {
        self.target.clone()
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<SessionToken>> {
        Ok(self.exchange(cx).await.map_err(|error| named(error, Step::Oke))?.into())
    }
}

impl fmt::Debug for OkeWorkload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OkeWorkload({})", self.target)
    }
}
