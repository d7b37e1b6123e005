//! The credentials of Google's client crates for Rust.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use google_cloud_auth::credentials::{CacheableResource, CredentialsProvider, EntityTag};
use google_cloud_auth::errors::CredentialsError;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, header};
use tokenex_core::{Error, ErrorKind, Handle, Issued, Rejection, Result};

use crate::errors::bad_option;
use crate::token::AccessToken;

/// Makes the credentials that clients of Google take.
pub trait IntoSdk {
    /// Credentials that hand out this token. `Credentials::from` of `google-cloud-auth` makes of them what client builders take
    /// in `with_credentials`.
    fn into_sdk(self) -> SdkCredentials;
}

impl IntoSdk for Handle<AccessToken> {
    fn into_sdk(self) -> SdkCredentials {
        SdkCredentials(Arc::new(Inner { handle: self, quota_project: None, handed_out: Mutex::default() }))
    }
}

/// A [`google_cloud_auth::credentials::CredentialsProvider`] that is always fresh: from [`IntoSdk::into_sdk`]. While it, or a
/// clone, lives, so does its token.
///
/// Handing out the headers sends nothing: they are those of the current token at once, and a refresh goes on in the background.
/// Only before the first token does a request wait. When there is no usable token the error comes at once; whether it is
/// transient is that of the [`tokenex_core::Error`], which is its source.
///
/// Clients keep nothing beyond the tag of the headers, so that a token which is replaced, after
/// [`rejected`](Self::rejected) say, is in the next request.
///
/// ```no_run
/// # use tokenex_core::Handle;
/// # use tokenex_gcp::{AccessToken, IntoSdk};
/// # fn demo(token: Handle<AccessToken>) {
/// let credentials = google_cloud_auth::credentials::Credentials::from(token.into_sdk());
/// # let _ = credentials;
/// # }
/// ```
#[derive(Clone)]
pub struct SdkCredentials(Arc<Inner>);

struct Inner {
    handle: Handle<AccessToken>,
    quota_project: Option<HeaderValue>,
    handed_out: Mutex<Option<HandedOut>>,
}

/// Which token was handed out last, and under which tag.
struct HandedOut {
    generation: u64,
    tag: EntityTag,
}

/// Names the project that quota is counted for, where it is not that of the resource
/// ([system parameters](https://cloud.google.com/apis/docs/system-parameters)).
const QUOTA_PROJECT: HeaderName = HeaderName::from_static("x-goog-user-project");

impl SdkCredentials {
    /// Counts quota for this project.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when it cannot be in a header.
    pub fn with_quota_project(self, project: &str) -> Result<Self> {
        let project = HeaderValue::from_str(project).ok().filter(|project| !project.is_empty());
        let Some(project) = project else {
            return Err(bad_option("quota_project", "the quota project is no project").with_advice("give its id"));
        };
        let handle = self.0.handle.clone();
        Ok(Self(Arc::new(Inner { handle, quota_project: Some(project), handed_out: Mutex::default() })))
    }

    /// Reports that a service refused the token that was handed out last: see [`Handle::rejected`]. Where it has been replaced
    /// since, that is the answer, and nothing is sent.
    ///
    /// Cancel safe: the refresh goes on.
    ///
    /// # Errors
    /// When the refresh failed. [`ErrorKind::Configuration`] when no token was handed out.
    pub async fn rejected(&self) -> Result<Rejection> {
        let generation = self.handed_out().as_ref().map(|last| last.generation);
        match generation {
            Some(generation) => self.0.handle.rejected(generation).await,
            None => Err(Error::new(ErrorKind::Configuration, "no token of these credentials is in use")
                .with_provider("gcp")
                .with_code("not_in_use")
                .with_advice("report the credentials that the client has")),
        }
    }

    /// The tag of this token's headers: another one for each generation.
    fn tag(&self, issued: &Issued<AccessToken>) -> EntityTag {
        let generation = issued.generation();
        let mut handed_out = self.handed_out();
        match &*handed_out {
            // A reader that was slow must not set the tag back.
            Some(last) if last.generation >= generation => last.tag.clone(),
            _ => handed_out.insert(HandedOut { generation, tag: EntityTag::new() }).tag.clone(),
        }
    }

    fn headers_of(&self, token: &AccessToken) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(header::AUTHORIZATION, token.authorization().clone());
        if let Some(project) = &self.0.quota_project {
            headers.insert(QUOTA_PROJECT, project.clone());
        }
        headers
    }

    fn handed_out(&self) -> MutexGuard<'_, Option<HandedOut>> {
        self.0.handed_out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CredentialsProvider for SdkCredentials {
    async fn headers(&self, extensions: Extensions) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
        let issued = self.0.handle.get().await.map_err(|error| {
            CredentialsError::new(error.is_transient(), "tokenex has no usable token of Google Cloud", error)
        })?;
        let entity_tag = self.tag(&issued);
        if extensions.get::<EntityTag>() == Some(&entity_tag) {
            return Ok(CacheableResource::NotModified);
        }
        Ok(CacheableResource::New { entity_tag, data: self.headers_of(&issued) })
    }

    /// That of the token; without a token that is not known, and clients take it for the public one.
    async fn universe_domain(&self) -> Option<String> {
        Some(self.0.handle.get().await.ok()?.universe_domain().to_owned())
    }
}

impl fmt::Debug for SdkCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SdkCredentials").field(&self.0.handle).finish()
    }
}
