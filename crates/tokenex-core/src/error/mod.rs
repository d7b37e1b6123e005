//! What goes wrong, in one type.

mod text;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use text::{identifier, printable, sanitize, without};

/// The result of everything fallible in tokenex.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of failure this is. Match on it, and on [`Error::code`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An option is missing or wrong. Terminal until somebody changes it.
    Configuration,
    /// There is no usable identity token, or no other input: none found, malformed, expired, wrong audience.
    Identity,
    /// The target does not trust this identity: unknown issuer, subject, audience, key or role. Terminal with patience,
    /// since people repair trust and it takes minutes to spread.
    Trust,
    /// The target knows the identity and refuses the operation. Terminal with patience.
    Denied,
    /// The named thing is not there. Terminal with patience.
    NotFound,
    /// The target asks for less traffic. Transient.
    Throttled,
    /// The target cannot answer now: unreachable, cut, overloaded, sealed. Transient.
    Unavailable,
    /// The time limit of the attempt passed. Transient.
    Timeout,
    /// The target's certificate is not trusted, or ours is not by it. Terminal with patience.
    Tls,
    /// The answer is not what the protocol says. Transient, since proxies and half-started servers do this.
    Protocol,
    /// A provider panicked. Transient.
    Panic,
    /// This handle was closed.
    Closed,
    /// The scheduler was shut down, or the runtime it worked on is gone.
    Shutdown,
    /// Someone else's error that fits none of the above.
    Other,
}

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retry {
    /// It may work soon, without anybody doing anything.
    Transient,
    /// It works only after somebody repairs something; looked at again from time to time.
    Terminal,
}

/// One failure: what failed, what the far end said, what to do.
///
/// Cloneable, because one failed attempt answers many waiting callers. There is no field for a raw body, a URL query,
/// a header value or a token: they cannot get in.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    retry: Retry,
    what: Cow<'static, str>,
    said: Option<String>,
    advice: Option<Cow<'static, str>>,
    provider: Option<Cow<'static, str>>,
    step: Option<Cow<'static, str>>,
    status: Option<u16>,
    code: Option<String>,
    request_id: Option<String>,
    correlation_id: Option<String>,
    time: Option<String>,
    retry_after: Option<Duration>,
    next_attempt_in: Option<Duration>,
    presented: Option<Presented>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// Which identity was presented when the trust was refused, so that a person can compare.
///
/// The texts are escaped and cut; they come from an unverified token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Presented {
    /// The `iss` claim.
    pub issuer: String,
    /// The `sub` claim.
    pub subject: String,
    /// The `aud` claim, several joined by a blank.
    pub audience: String,
}

impl Presented {
    /// Describes the claims of the token that was sent.
    pub fn new(claims: &crate::Claims) -> Self {
        let text = |value: &str| printable(value, 200);
        Self {
            issuer: claims.issuer().map(text).unwrap_or_default(),
            subject: claims.subject().map(text).unwrap_or_default(),
            audience: text(&claims.audiences().join(" ")),
        }
    }
}

impl Error {
    /// A failure of `kind`. `what` says what failed, in a sentence without a final stop; it must hold no secret.
    ///
    /// Whether it is transient follows from the kind and can be changed with [`retry`](Self::with_retry).
    pub fn new(kind: ErrorKind, what: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner {
            kind,
            retry: default_retry(kind),
            what: what.into(),
            said: None,
            advice: None,
            provider: None,
            step: None,
            status: None,
            code: None,
            request_id: None,
            correlation_id: None,
            time: None,
            retry_after: None,
            next_attempt_in: None,
            presented: None,
            source: None,
        }))
    }

    fn edit(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Adds the message field of an error of the far end that the provider recognised. It is cut to 300 printable
    /// characters; words that look like tokens and each of `secrets` are masked. So are the secrets in the code and the ids that
    /// the error has by then, which the far end wrote too.
    #[must_use]
    pub fn with_said(self, said: &str, secrets: &[&str]) -> Self {
        let said = sanitize(said, secrets);
        self.edit(|e| {
            e.said = (!said.is_empty()).then_some(said);
            for written in [&mut e.code, &mut e.request_id, &mut e.correlation_id, &mut e.time].into_iter().flatten() {
                *written = without(written, secrets);
            }
        })
    }

    /// Adds what a person can do about it.
    #[must_use]
    pub fn with_advice(self, advice: impl Into<Cow<'static, str>>) -> Self {
        self.edit(|e| e.advice = Some(advice.into()))
    }

    /// Changes whether trying again can help.
    #[must_use]
    pub fn with_retry(self, retry: Retry) -> Self {
        self.edit(|e| e.retry = retry)
    }

    /// Names the provider, as in [`Provider::name`](crate::Provider::name). The first name stays.
    #[must_use]
    pub fn with_provider(self, provider: impl Into<Cow<'static, str>>) -> Self {
        self.edit(|e| {
            e.provider.get_or_insert_with(|| provider.into());
        })
    }

    /// Names the step that failed (`login`, `read`, `renew`). The first name stays.
    #[must_use]
    pub fn with_step(self, step: impl Into<Cow<'static, str>>) -> Self {
        self.edit(|e| {
            e.step.get_or_insert_with(|| step.into());
        })
    }

    /// Adds the HTTP status of the answer.
    #[must_use]
    pub fn with_status(self, status: http::StatusCode) -> Self {
        self.edit(|e| e.status = Some(status.as_u16()))
    }

    /// Adds the provider's own error code.
    #[must_use]
    pub fn with_code(self, code: &str) -> Self {
        let code = identifier(code);
        self.edit(|e| e.code = Some(code))
    }

    /// Adds the provider's request id, which its support asks for.
    #[must_use]
    pub fn with_request_id(self, id: &str) -> Self {
        let id = identifier(id);
        self.edit(|e| e.request_id = Some(id))
    }

    /// Adds the id under which the provider ties this request to others of the same operation.
    #[must_use]
    pub fn with_correlation_id(self, id: &str) -> Self {
        let id = identifier(id);
        self.edit(|e| e.correlation_id = Some(id))
    }

    /// Adds when it happened by the provider's clock, as the provider wrote it: its support asks for that too.
    #[must_use]
    pub fn with_time(self, time: &str) -> Self {
        let time = identifier(time);
        self.edit(|e| e.time = Some(time))
    }

    /// Adds the time that the far end asked to wait.
    #[must_use]
    pub fn with_retry_after(self, wait: Duration) -> Self {
        self.edit(|e| e.retry_after = Some(wait))
    }

    /// Adds which identity was presented.
    #[must_use]
    pub fn with_presented(self, claims: &crate::Claims) -> Self {
        let presented = Presented::new(claims);
        self.edit(|e| e.presented = Some(presented))
    }

    /// Adds the cause. It must hold no secret.
    #[must_use]
    pub fn with_source(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.edit(|e| e.source = Some(Arc::new(source)))
    }

    pub(crate) fn with_next_attempt_in(self, wait: Duration) -> Self {
        self.edit(|e| e.next_attempt_in = Some(wait))
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether trying again can help.
    pub fn retry(&self) -> Retry {
        self.0.retry
    }

    /// Whether it may work soon, without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        self.0.retry == Retry::Transient
    }

    /// The provider that failed.
    pub fn provider(&self) -> Option<&str> {
        self.0.provider.as_deref()
    }

    /// The step that failed.
    pub fn step(&self) -> Option<&str> {
        self.0.step.as_deref()
    }

    /// The HTTP status of the answer, when there was one.
    pub fn status(&self) -> Option<http::StatusCode> {
        self.0.status.and_then(|s| http::StatusCode::from_u16(s).ok())
    }

    /// The provider's own error code.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The provider's request id.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The id under which the provider ties this request to others of the same operation.
    pub fn correlation_id(&self) -> Option<&str> {
        self.0.correlation_id.as_deref()
    }

    /// When it happened by the provider's clock, as the provider wrote it.
    pub fn time(&self) -> Option<&str> {
        self.0.time.as_deref()
    }

    /// How long the far end asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How long until the engine tries again by itself, counted from when this error was returned.
    pub fn next_attempt_in(&self) -> Option<Duration> {
        self.0.next_attempt_in
    }

    /// Which identity was presented, when the trust was refused.
    pub fn presented(&self) -> Option<&Presented> {
        self.0.presented.as_ref()
    }

    /// What the far end said, masked and cut.
    pub fn said(&self) -> Option<&str> {
        self.0.said.as_deref()
    }

    /// What a person can do about it.
    pub fn advice(&self) -> Option<&str> {
        self.0.advice.as_deref()
    }
}

/// Which kinds are worth trying again soon. A provider overrides it where its documents say otherwise.
fn default_retry(kind: ErrorKind) -> Retry {
    use ErrorKind::*;
    match kind {
        // A missing or stale identity token is transient: whoever puts it there (kubelet, CI) does so by itself.
        Identity | Throttled | Unavailable | Timeout | Protocol | Panic | Other => Retry::Transient,
        Configuration | Trust | Denied | NotFound | Tls | Closed | Shutdown => Retry::Terminal,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let e = &*self.0;
        match (&e.provider, &e.step) {
            (Some(provider), Some(step)) => write!(f, "{provider} {step}: ")?,
            (Some(one), None) | (None, Some(one)) => write!(f, "{one}: ")?,
            (None, None) => {}
        }
        f.write_str(&e.what)?;
        if let Some(status) = e.status {
            write!(f, " (HTTP {status})")?;
        }
        if let Some(code) = &e.code {
            write!(f, " [{code}]")?;
        }
        if let Some(said) = &e.said {
            write!(f, ": \"{said}\"")?;
        }
        if let Some(p) = &e.presented {
            write!(
                f,
                "; the token said issuer \"{}\", subject \"{}\", audience \"{}\"",
                p.issuer, p.subject, p.audience
            )?;
        }
        if let Some(advice) = &e.advice {
            write!(f, "; {advice}")?;
        }
        for (name, value) in [("request", &e.request_id), ("correlation", &e.correlation_id), ("at", &e.time)] {
            if let Some(value) = value {
                write!(f, " ({name} {value})")?;
            }
        }
        if let Some(wait) = e.next_attempt_in {
            write!(f, "; next attempt in {:.1} s", wait.as_secs_f64())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({:?}, {:?}, {self})", self.0.kind, self.0.retry)?;
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            write!(f, "; caused by: {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|e| e as _)
    }
}
