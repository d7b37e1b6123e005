//! A closure of the program.

use std::fmt;
use std::future::{Future, Ready, ready};

use super::text::token;
use crate::{Attempt, IdentityToken, Input, Result, Secret, Source, TokenRequest, TokenSource};

/// Your own code, called at each attempt with the audience that the target wants.
///
/// As a [`TokenSource`] it returns the text of a token; as a [`Source<T>`](Source), whose providers want no audience,
/// whatever `T` is. It must not block the thread, and it is dropped at the deadline of the attempt.
///
/// ```
/// use tokenex_core::sources::Closure;
/// use tokenex_core::{AnySource, AnyTokenSource, Secret};
///
/// let token = AnyTokenSource::new(Closure::new(|audience: Option<String>| async move {
///     // ... ask your own issuer for a token ...
/// #   let _ = audience;
///     Ok("eyJ...".to_owned())
/// }));
/// let secret: AnySource<Secret> = AnySource::new(Closure::plain(|_| Ok(Secret::new("s3cret"))));
/// # let _ = (token, secret);
/// ```
#[derive(Clone)]
pub struct Closure<F>(F);

impl<F> Closure<F> {
    /// A closure that returns a future.
    pub fn new<Fut, T>(call: F) -> Self
    where
        F: Fn(Option<String>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T>> + Send,
    {
        Self(call)
    }
}

impl Closure<()> {
    /// A closure that has its answer at once.
    pub fn plain<T>(
        call: impl Fn(Option<String>) -> Result<T> + Send + Sync + 'static,
    ) -> Closure<impl Fn(Option<String>) -> Ready<Result<T>> + Send + Sync + 'static>
    where
        T: Send + 'static,
    {
        Closure(move |audience| ready(call(audience)))
    }
}

impl<F, Fut, T> TokenSource for Closure<F>
where
    F: Fn(Option<String>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T>> + Send,
    T: Into<Secret>,
{
    async fn token(&self, request: &TokenRequest<'_>) -> Result<Input<IdentityToken>> {
        let text = (self.0)(request.wanted_audience().map(str::to_owned)).await?.into();
        token(text, || "what the closure returned".to_owned())
    }
}

impl<F, Fut, T> Source<T> for Closure<F>
where
    F: Fn(Option<String>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T>> + Send,
{
    async fn fetch(&self, _cx: &Attempt) -> Result<Input<T>> {
        (self.0)(None).await.map(Input::new)
    }
}

impl<F> fmt::Debug for Closure<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Closure")
    }
}
