//! Where a provider's inputs come from.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::SystemTime;

use crate::{Attempt, Bond, BoxFuture, IdentityToken, Result};

/// An input of an exchange, with what the exchange may want to know about it.
#[derive(Debug, Clone)]
pub struct Input<T> {
    value: T,
    issued_at: Option<SystemTime>,
    bonds: Vec<Bond>,
}

impl<T> Input<T> {
    /// An input of unknown age that is bound to nothing.
    pub fn new(value: T) -> Self {
        Self { value, issued_at: None, bonds: Vec::new() }
    }

    /// Says when it was issued. A young client secret that is refused is a transient failure: it spreads for minutes.
    #[must_use]
    pub fn with_issued_at(mut self, at: SystemTime) -> Self {
        self.issued_at = Some(at);
        self
    }

    /// Says what it dies with.
    #[must_use]
    pub fn with_bond(mut self, bond: Bond) -> Self {
        self.bonds.push(bond);
        self
    }

    /// The input itself.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The input itself.
    pub fn into_value(self) -> T {
        self.value
    }

    /// When it was issued, if known.
    pub fn issued_at(&self) -> Option<SystemTime> {
        self.issued_at
    }

    /// What it dies with. A provider whose credentials die with their input hands these to
    /// [`Grant::bound_to`](crate::Grant::bound_to).
    pub fn bonds(&self) -> &[Bond] {
        &self.bonds
    }

    /// Makes another value of it, with the same age and bonds.
    ///
    /// # Errors
    /// Those of `f`.
    pub fn try_map<U>(self, f: impl FnOnce(T) -> Result<U>) -> Result<Input<U>> {
        Ok(Input { value: f(self.value)?, issued_at: self.issued_at, bonds: self.bonds })
    }
}

/// What a provider asks a [`TokenSource`] for.
#[derive(Debug)]
#[non_exhaustive]
pub struct TokenRequest<'a> {
    audience: Option<&'a str>,
    refused: Option<&'a IdentityToken>,
    attempt: &'a Attempt,
}

impl<'a> TokenRequest<'a> {
    /// A token for whatever audience the source has.
    pub fn new(attempt: &'a Attempt) -> Self {
        Self { audience: None, refused: None, attempt }
    }

    /// A token for this audience. A source that cannot choose hands out what it has.
    #[must_use]
    pub fn audience(mut self, audience: &'a str) -> Self {
        self.audience = Some(audience);
        self
    }

    /// Another token than this one, which the target has just refused as stale. A source that keeps tokens should let go
    /// of it; one that has nothing else hands it out again.
    #[must_use]
    pub fn refused(mut self, token: &'a IdentityToken) -> Self {
        self.refused = Some(token);
        self
    }

    /// The token that the target has just refused.
    pub fn refused_token(&self) -> Option<&'a IdentityToken> {
        self.refused
    }

    /// The audience that the target wants.
    pub fn wanted_audience(&self) -> Option<&'a str> {
        self.audience
    }

    /// The attempt that asks.
    pub fn attempt(&self) -> &'a Attempt {
        self.attempt
    }
}

/// Hands out a current identity token.
///
/// - It is asked anew inside every attempt, and must not hand out a token it has cached longer than the issuer meant:
///   several targets burn a token on first use.
/// - It must not block the thread; it may be polled on the one that serves all credentials.
/// - It must end by itself, or be cancel safe: the attempt drops it at its deadline.
/// - It must return [`ErrorKind::Identity`](crate::ErrorKind::Identity) when there is no usable token.
pub trait TokenSource: Send + Sync + 'static {
    /// A current identity token for the audience asked for.
    fn token(&self, request: &TokenRequest<'_>) -> impl Future<Output = Result<Input<IdentityToken>>> + Send;
}

/// Hands out any other input that a provider needs: a client secret, AWS keys, a key file.
///
/// The rules of [`TokenSource`] hold here too.
pub trait Source<T>: Send + Sync + 'static {
    /// The current value.
    fn fetch(&self, cx: &Attempt) -> impl Future<Output = Result<Input<T>>> + Send;
}

/// Any [`TokenSource`], as providers store it. Cheap to clone.
#[derive(Clone)]
pub struct AnyTokenSource(Arc<dyn ErasedTokenSource>);

impl AnyTokenSource {
    /// Shares `source`.
    pub fn new(source: impl TokenSource) -> Self {
        Self(Arc::new(source))
    }
}

impl TokenSource for AnyTokenSource {
    async fn token(&self, request: &TokenRequest<'_>) -> Result<Input<IdentityToken>> {
        self.0.token_erased(request).await
    }
}

impl fmt::Debug for AnyTokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyTokenSource")
    }
}

trait ErasedTokenSource: Send + Sync {
    fn token_erased<'a>(&'a self, request: &'a TokenRequest<'_>) -> BoxFuture<'a, Result<Input<IdentityToken>>>;
}

impl<S: TokenSource> ErasedTokenSource for S {
    fn token_erased<'a>(&'a self, request: &'a TokenRequest<'_>) -> BoxFuture<'a, Result<Input<IdentityToken>>> {
        Box::pin(self.token(request))
    }
}

/// Any [`Source`], as providers store it. Cheap to clone.
pub struct AnySource<T>(Arc<dyn ErasedSource<T>>);

impl<T: Send + 'static> AnySource<T> {
    /// Shares `source`.
    pub fn new(source: impl Source<T>) -> Self {
        Self(Arc::new(source))
    }
}

impl<T: Send + 'static> Source<T> for AnySource<T> {
    async fn fetch(&self, cx: &Attempt) -> Result<Input<T>> {
        self.0.fetch_erased(cx).await
    }
}

impl<T> Clone for AnySource<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for AnySource<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnySource")
    }
}

trait ErasedSource<T>: Send + Sync {
    fn fetch_erased<'a>(&'a self, cx: &'a Attempt) -> BoxFuture<'a, Result<Input<T>>>;
}

impl<T: Send + 'static, S: Source<T>> ErasedSource<T> for S {
    fn fetch_erased<'a>(&'a self, cx: &'a Attempt) -> BoxFuture<'a, Result<Input<T>>> {
        Box::pin(self.fetch(cx))
    }
}
