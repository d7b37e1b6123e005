//! The metadata service of an instance, version 2
//! ([instance metadata](https://docs.oracle.com/iaas/Content/Compute/Tasks/gettingmetadata.htm)).

use bytes::Bytes;
use http::uri::Scheme;
use http::{HeaderValue, Request, Uri, header};
use serde::Deserialize;
use tokenex_core::{Attempt, Error, ErrorKind, Result, Secret, Target};

use super::certificate::{self, Certificate, Identity};
use super::federation;
use crate::errors::{self, Step, bad_option};
use crate::key::SessionKey;

const BASE: &str = "http://169.254.169.254/opc/v2";

/// Version 2 wants it, so that no page in a browser can ask. It is no secret.
const AUTHORIZATION: HeaderValue = HeaderValue::from_static("Bearer Oracle");

/// Where it is; without a slash at the end.
#[derive(Clone)]
pub(super) struct Metadata(String);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RegionInfo {
    region_identifier: String,
    realm_domain_component: String,
}

impl Metadata {
    pub(super) fn at(base: &str) -> Result<Self> {
        let base = base.trim_end_matches('/');
        let uri: Uri = base.parse().map_err(|_| not_a_base())?;
        let is_http = [Some(&Scheme::HTTP), Some(&Scheme::HTTPS)].contains(&uri.scheme());
        let plain = !base.contains(['@', '?', '#']) && !base.contains(char::is_whitespace);
        if !is_http || !plain || uri.host().is_none_or(str::is_empty) {
            return Err(not_a_base());
        }
        Ok(Self(base.to_owned()))
    }

    pub(super) fn target(&self) -> Target {
        let authority = self.0.parse::<Uri>().ok().and_then(|uri| uri.authority().map(ToString::to_string));
        Target::new(format!("http://{}", authority.unwrap_or_default()))
    }

    /// What proves the instance, as it is now.
    pub(super) async fn identity(&self, cx: &Attempt) -> Result<Identity> {
        let certificate = self.text(cx, "identity/cert.pem").await?;
        let key = self.text(cx, "identity/key.pem").await?;
        let intermediate = self.text(cx, "identity/intermediate.pem").await?;
        let key = SessionKey::from_pem(&key, None)
            .map_err(|error| not_as_documented("the key of the instance cannot be used", error))?;
        Ok(Identity {
            certificate: Certificate::read(certificate.expose())?,
            key,
            intermediate: certificate::one_line(intermediate.expose())?,
        })
    }

    /// Where instances of this region get their tokens.
    pub(super) async fn federation_endpoint(&self, cx: &Attempt) -> Result<Uri> {
        let answer = self.text(cx, "instance/regionInfo").await?;
        let info: Option<RegionInfo> = serde_json::from_str(answer.expose()).ok();
        let endpoint = info.and_then(|info| {
            federation::endpoint_of(&info.region_identifier.to_ascii_lowercase(), &info.realm_domain_component)
        });
        endpoint.ok_or_else(|| {
            Error::new(ErrorKind::Protocol, "the metadata service does not say which region this is")
                .with_code("foreign_answer")
                .with_advice("name the region with `region`")
        })
    }

    async fn text(&self, cx: &Attempt, what: &str) -> Result<Secret> {
        let request = Request::get(format!("{}/{what}", self.0)).header(header::AUTHORIZATION, AUTHORIZATION);
        let request = request.body(Bytes::new()).map_err(|_| not_a_base())?;
        let response = cx.send(request).await.map_err(|error| {
            if error.is_transient() {
                error.with_advice("does this program run on a compute instance of Oracle Cloud?")
            } else {
                error
            }
        })?;
        let (parts, body) = response.into_parts();
        if !parts.status.is_success() {
            let refusal = errors::refusal(Step::Metadata, parts.status, &parts.headers, &body, &[]);
            return Err(match cx.retry_after(&parts.headers) {
                Some(wait) => refusal.with_retry_after(wait),
                None => refusal,
            });
        }
        let text = std::str::from_utf8(&body).map_err(|_| {
            Error::new(ErrorKind::Protocol, "the answer of the metadata service is no text").with_code("foreign_answer")
        })?;
        Ok(Secret::new(text))
    }
}

impl Default for Metadata {
    fn default() -> Self {
        Self(BASE.to_owned())
    }
}

/// What is wrong with our own options elsewhere is somebody else's answer here.
fn not_as_documented(what: &'static str, error: Error) -> Error {
    Error::new(ErrorKind::Protocol, what)
        .with_code("foreign_answer")
        .with_advice("does something else than Oracle's metadata service answer at its address?")
        .with_source(error)
}

pub(super) fn not_a_base() -> Error {
    bad_option("metadata_base_url", "the address of the metadata service is none")
        .with_advice(format!("OCI_METADATA_BASE_URL holds an address like {BASE}, without user, query and fragment"))
}
