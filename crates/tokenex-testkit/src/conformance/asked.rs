//! A source as the laws see it: a provider whose credential is the value.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokenex_core::{
    Attempt, Credential, Grant, IdentityToken, Input, Outcome, Provider, Result, Source, Target, TokenRequest,
    TokenSource,
};

/// The audience that a token source is asked for.
pub(super) const AUDIENCE: &str = "conformance-a";

/// Something that can be asked for a value.
pub(super) trait Ask: Send + Sync + 'static {
    type Value: Send + Sync + fmt::Debug + 'static;

    fn ask(&self, cx: &Attempt, audience: &str) -> impl Future<Output = Result<Input<Self::Value>>> + Send;
}

#[derive(Debug)]
pub(super) struct OfTokens<S>(pub(super) S);

impl<S: TokenSource> Ask for OfTokens<S> {
    type Value = IdentityToken;

    async fn ask(&self, cx: &Attempt, audience: &str) -> Result<Input<IdentityToken>> {
        self.0.token(&TokenRequest::new(cx).audience(audience)).await
    }
}

pub(super) struct OfValues<S, T>(pub(super) S, pub(super) std::marker::PhantomData<fn() -> T>);

impl<S: fmt::Debug, T> fmt::Debug for OfValues<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<S: Source<T>, T: Send + Sync + fmt::Debug + 'static> Ask for OfValues<S, T> {
    type Value = T;

    async fn ask(&self, cx: &Attempt, _audience: &str) -> Result<Input<T>> {
        self.0.fetch(cx).await
    }
}

/// Asks for a value and hands it on as a credential. Remembers the last one, since a grant shows it to nobody.
#[derive(Debug)]
pub(super) struct Asked<A: Ask> {
    ask: A,
    last: Mutex<Option<Arc<A::Value>>>,
}

/// A value as a credential.
#[derive(Debug)]
pub(super) struct Value<T>(pub(super) Arc<T>);

impl<T: Send + Sync + 'static> Credential for Value<T> {
    fn same_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<A: Ask> Asked<A> {
    pub(super) fn new(ask: A) -> Self {
        Self { ask, last: Mutex::default() }
    }

    pub(super) async fn ask(&self, cx: &Attempt, audience: &str) -> Result<Arc<A::Value>> {
        let value = Arc::new(self.ask.ask(cx, audience).await?.into_value());
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(value.clone());
        Ok(value)
    }
}

impl<A: Ask + fmt::Debug> Provider for Asked<A> {
    type Credential = Value<A::Value>;

    fn name(&self) -> &'static str {
        "source"
    }

    fn target(&self) -> Target {
        Target::new("source")
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<Self::Credential>> {
        Ok(Grant::new(Value(self.ask(cx, AUDIENCE).await?)).into())
    }
}
