//! The credential of the Azure SDK for Rust.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use azure_core::credentials::{AccessToken as SdkToken, TokenCredential, TokenRequestOptions};
use azure_core::time::{Duration, OffsetDateTime};
use tokenex_core::{Error, ErrorKind, Handle, Issued, Rejection, Result, WeakHandle};

use crate::scope::Scope;
use crate::token::AccessToken;
use crate::tokens::{SCOPES_MAX, Tokens};

/// Makes the credential that clients of the Azure SDK take. [`Tokens`] have a method of the same name.
pub trait IntoSdk {
    /// A credential that hands out this token. A client that wants another scope gets an error that names both.
    fn into_sdk(self) -> Arc<SdkCredential>;
}

impl IntoSdk for Handle<AccessToken> {
    fn into_sdk(self) -> Arc<SdkCredential> {
        SdkCredential::new(Kept::One(self))
    }
}

impl Tokens {
    /// A credential for clients of the Azure SDK, whatever their scopes: each is kept from when it is first asked for.
    pub fn into_sdk(self) -> Arc<SdkCredential> {
        SdkCredential::new(Kept::Many(self))
    }
}

/// An [`azure_core::credentials::TokenCredential`] that is always fresh: from [`IntoSdk::into_sdk`] and
/// [`Tokens::into_sdk`]. While it lives, so do its tokens.
///
/// Handing out a token sends nothing: it is the current one at once, and a refresh goes on in the background. Only before
/// the first token of a scope does a request wait. When there is no usable token the error comes at once; it is of kind
/// [`Credential`](azure_core::error::ErrorKind::Credential), and [`reason`](Self::reason) has the details.
///
/// # What the SDK keeps
///
/// Each client of the SDK keeps the token it got until five minutes before its end, or until a request is answered 401
/// (`BearerTokenAuthorizationPolicy` of azure_core 1.1). So:
///
/// - A token that is replaced early, after [`rejected`](Self::rejected) say, reaches a client after its next 401 or five
///   minutes before the end of the one it has, whichever comes first.
/// - A token that lives for less than five minutes is not kept: the client asks here for each request, which costs little.
/// - After a 401 the client asks again and gets what is current. That is the token that was refused, unless somebody
///   reports it.
///
/// The options of a token request (azure_core 1.1) carry the context of the call, and neither claims nor a switch for
/// continuous access evaluation; there is nothing in them to obey.
pub struct SdkCredential {
    kept: Kept,
    handed_out: Mutex<HashMap<Scope, HandedOut>>,
}

enum Kept {
    One(Handle<AccessToken>),
    Many(Tokens),
}

/// What a scope was answered with last.
struct HandedOut {
    /// Weak, since it must not keep alive what its owner has closed.
    handle: WeakHandle<AccessToken>,
    generation: u64,
}

impl SdkCredential {
    fn new(kept: Kept) -> Arc<Self> {
        Arc::new(Self { kept, handed_out: Mutex::default() })
    }

    /// Reports that a service refused the token of this scope that was handed out last: see [`Handle::rejected`]. Where
    /// it has been replaced since, that is the answer, and nothing is sent.
    ///
    /// Cancel safe: the refresh goes on.
    ///
    /// # Errors
    /// When the refresh failed. [`ErrorKind::Configuration`] when no token of this scope was handed out.
    pub async fn rejected(&self, scope: &str) -> Result<Rejection> {
        let scope = Scope::new(scope)?;
        let last = self.handed_out().get(&scope).and_then(|last| Some((last.handle.upgrade()?, last.generation)));
        let Some((handle, generation)) = last else {
            return Err(Error::new(ErrorKind::Configuration, format!("no token for {scope} is in use here"))
                .with_provider("azure")
                .with_code("scope")
                .with_advice("report the scope that the client asks for"));
        };
        handle.rejected(generation).await
    }

    /// Our error in one that a client of the SDK returned, however deep the SDK has wrapped it.
    pub fn reason<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Error> {
        std::iter::successors(Some(error), |error| error.source()).find_map(|error| error.downcast_ref())
    }

    async fn token(&self, scopes: &[&str]) -> Result<Arc<Issued<AccessToken>>> {
        // One resource for each token, as everywhere: none and several are refused in the words of `Scope`.
        let scope = Scope::new(scopes.join(" "))?;
        let handle = match &self.kept {
            Kept::One(handle) => handle.clone(),
            Kept::Many(tokens) => tokens.handle(&scope)?,
        };
        let issued = handle.get().await?;
        if *issued.scope() != scope {
            return Err(other_scope(&scope, issued.scope()));
        }
        self.note(scope, &handle, issued.generation());
        Ok(issued)
    }

    fn note(&self, scope: Scope, handle: &Handle<AccessToken>, generation: u64) {
        let mut handed_out = self.handed_out();
        if handed_out.len() >= SCOPES_MAX {
            handed_out.retain(|_, last| last.handle.upgrade().is_some());
        }
        handed_out.insert(scope, HandedOut { handle: handle.downgrade(), generation });
    }

    fn handed_out(&self) -> MutexGuard<'_, HashMap<Scope, HandedOut>> {
        self.handed_out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl TokenCredential for SdkCredential {
    async fn get_token(&self, scopes: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<SdkToken> {
        let issued = self
            .token(scopes)
            .await
            .map_err(|e| azure_core::Error::new(azure_core::error::ErrorKind::Credential, e))?;
        Ok(SdkToken::new(issued.secret().expose().to_owned(), expires_on(&issued)))
    }
}

/// A token without an end is asked for each time, as one in its last five minutes is.
fn expires_on(issued: &Issued<AccessToken>) -> OffsetDateTime {
    issued.expires_at().map_or_else(|| OffsetDateTime::now_utc() + Duration::minutes(5), OffsetDateTime::from)
}

fn other_scope(wanted: &Scope, held: &Scope) -> Error {
    Error::new(ErrorKind::Configuration, format!("the client wants a token for {wanted}, and this one is for {held}"))
        .with_provider("azure")
        .with_code("scope")
        .with_advice("give the client the credential of its scope, or all scopes with `tokens(&scheduler).into_sdk()`")
}

impl fmt::Debug for SdkCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept: &dyn fmt::Debug = match &self.kept {
            Kept::One(handle) => handle,
            Kept::Many(tokens) => tokens,
        };
        f.debug_tuple("SdkCredential").field(kept).finish()
    }
}
