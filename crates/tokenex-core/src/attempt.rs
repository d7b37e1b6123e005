//! One bounded try, as a provider sees it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, header};

use crate::credential::Moment;
use crate::engine::EntryKey;
use crate::identity::{EXPIRY_LEEWAY, NOT_BEFORE_WAIT};
use crate::{
    AnyTokenSource, AnyTransport, BoxFuture, Clock, Credential, Error, ErrorKind, IdentityToken, Input, Result,
    TokenRequest, TokenSource, Transport,
};

/// One bounded try at issue, renew or revoke: the deadline, the clock and the network that it may use.
#[derive(Debug)]
pub struct Attempt {
    deadline: Duration,
    number: u64,
    clock: Clock,
    transport: AnyTransport,
    skew: Arc<Skew>,
    entry: Option<EntryKey>,
}

impl Attempt {
    /// An attempt outside any scheduler, for testing a provider by itself.
    pub fn detached(clock: Clock, transport: AnyTransport, limit: Duration) -> Self {
        let deadline = clock.monotonic().saturating_add(limit);
        Self { deadline, number: 1, clock, transport, skew: Arc::default(), entry: None }
    }

    pub(crate) fn new(
        entry: EntryKey,
        number: u64,
        deadline: Duration,
        clock: Clock,
        transport: AnyTransport,
        skew: Arc<Skew>,
    ) -> Self {
        Self { deadline, number, clock, transport, skew, entry: Some(entry) }
    }

    pub(crate) fn entry(&self) -> Option<&EntryKey> {
        self.entry.as_ref()
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// How much of the time limit is left. The engine drops the attempt when it is gone.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_sub(self.clock.monotonic())
    }

    /// Counts the attempts of one handle, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The clock to read and to wait with.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Now, for [`Grant::counted_from`](crate::Grant::counted_from): taken just before a request is sent.
    pub fn moment(&self) -> Moment {
        Moment(self.clock.monotonic())
    }

    /// The target's clock as far as it is known: the local wall clock, corrected by what `Date` headers said.
    pub fn target_time(&self) -> SystemTime {
        self.skew.to_target(self.clock.wall())
    }

    /// Waits, at most until the deadline.
    pub async fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration.min(self.remaining())).await;
    }

    /// Sends one request within what is left of the time limit, through the scheduler's transport.
    ///
    /// # Errors
    /// Those of the transport: there is no complete answer.
    pub async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>> {
        self.send_through(&self.transport, request).await
    }

    /// Sends one request through a transport of the provider's own (another CA, a client certificate).
    ///
    /// # Errors
    /// Those of the transport: there is no complete answer.
    pub async fn send_through(
        &self,
        transport: &AnyTransport,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>> {
        Observed { inner: transport.clone(), clock: self.clock.clone(), skew: self.skew.clone() }
            .send(request, self.remaining())
            .await
    }

    /// Asks `source` once more, after the target refused `refused` as stale; a handle as the source gets itself another
    /// one. `None` when there is nothing else: sending the same token again would be refused again.
    ///
    /// # Errors
    /// As [`identity`](Self::identity).
    pub async fn other_identity(
        &self,
        source: &AnyTokenSource,
        accepted: &[&str],
        refused: &IdentityToken,
    ) -> Result<Option<Input<IdentityToken>>> {
        let input = self.ask_for_identity(source, accepted, TokenRequest::new(self).refused(refused)).await?;
        Ok(Some(input).filter(|input| !input.value().same_as(refused)))
    }

    /// How long an answer asks to wait: `Retry-After` in seconds, or as a date by the target's clock
    /// ([RFC 9110 section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)).
    pub fn retry_after(&self, headers: &HeaderMap) -> Option<Duration> {
        let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
        match text.parse() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(self.target_time()).ok(),
        }
    }

    /// The transport, for SDK clients that take their HTTP client from us. It learns the target's clock on the way.
    pub fn transport(&self) -> AnyTransport {
        AnyTransport::new(Observed {
            inner: self.transport.clone(),
            clock: self.clock.clone(),
            skew: self.skew.clone(),
        })
    }

    /// Asks `source` for an identity token that a target with these `accepted` audiences can take; the first is the one
    /// asked for, and an empty list leaves the choice to the source.
    ///
    /// A token for another audience is refused before anything is sent. One that has expired is fetched anew once, and
    /// refused only beyond 5 minutes, since servers have leeway too. One that becomes valid within a minute is waited
    /// for, since clocks differ.
    ///
    /// # Errors
    /// [`ErrorKind::Identity`], or the source's own.
    pub async fn identity(&self, source: &AnyTokenSource, accepted: &[&str]) -> Result<Input<IdentityToken>> {
        self.ask_for_identity(source, accepted, TokenRequest::new(self)).await
    }

    async fn ask_for_identity(
        &self,
        source: &AnyTokenSource,
        accepted: &[&str],
        mut request: TokenRequest<'_>,
    ) -> Result<Input<IdentityToken>> {
        if let Some(first) = accepted.first() {
            request = request.audience(first);
        }
        let mut input = source.token(&request).await?;
        if input.value().claims().expired_for(self.clock.wall()).is_some() {
            input = source.token(&request).await?;
        }
        let claims = input.value().claims();
        claims.check_audience(accepted)?;
        let now = self.clock.wall();
        if let Some(ago) = claims.expired_for(now).filter(|ago| *ago > EXPIRY_LEEWAY) {
            return Err(Error::new(
                ErrorKind::Identity,
                format!("the identity token expired {} s ago, and so did the one fetched after it", ago.as_secs()),
            )
            .with_code("expired")
            .with_presented(claims)
            .with_advice("whoever renews the token has stopped (kubelet, CI job over?), or the local clock is ahead"));
        }
        if let Some(wait) = claims.valid_in(now) {
            if wait > NOT_BEFORE_WAIT || wait > self.remaining() {
                return Err(Error::new(
                    ErrorKind::Identity,
                    format!("the identity token becomes valid only in {} s", wait.as_secs()),
                )
                .with_code("not_yet_valid")
                .with_presented(claims)
                .with_advice("compare the local clock with the issuer's"));
            }
            self.sleep(wait).await;
        }
        Ok(input)
    }
}

/// How far the target's clock is from ours, as `Date` headers said.
#[derive(Default)]
pub(crate) struct Skew(AtomicI64);

/// `Date` has whole seconds and answers travel: a smaller difference is no difference.
const SKEW_MIN_MILLIS: i64 = 2_000;

impl Skew {
    /// Target's clock minus ours, in milliseconds.
    pub(crate) fn millis(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn to_target(&self, local: SystemTime) -> SystemTime {
        shift(local, self.millis())
    }

    pub(crate) fn to_local(&self, target: SystemTime) -> SystemTime {
        shift(target, -self.millis())
    }

    fn learn(&self, date: SystemTime, sent: SystemTime, received: SystemTime) {
        // The header was cut to a second somewhere between sending and receiving.
        let middle = sent + received.duration_since(sent).unwrap_or_default() / 2;
        let date = date + Duration::from_millis(500);
        let millis = match date.duration_since(middle) {
            Ok(ahead) => i64::try_from(ahead.as_millis()).unwrap_or(i64::MAX),
            Err(behind) => -i64::try_from(behind.duration().as_millis()).unwrap_or(i64::MAX),
        };
        self.0.store(if millis.abs() < SKEW_MIN_MILLIS { 0 } else { millis }, Ordering::Relaxed);
    }
}

impl fmt::Debug for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.millis())
    }
}

fn shift(time: SystemTime, millis: i64) -> SystemTime {
    let by = Duration::from_millis(millis.unsigned_abs());
    if millis >= 0 { time.checked_add(by) } else { time.checked_sub(by) }.unwrap_or(time)
}

/// A transport that learns the target's clock from the answers that pass.
struct Observed {
    inner: AnyTransport,
    clock: Clock,
    skew: Arc<Skew>,
}

impl Transport for Observed {
    fn send(&self, request: http::Request<Bytes>, limit: Duration) -> BoxFuture<'_, Result<http::Response<Bytes>>> {
        Box::pin(async move {
            let sent = self.clock.wall();
            let response = self.inner.send(request, limit).await?;
            let date = response.headers().get(header::DATE).and_then(|v| v.to_str().ok());
            if let Some(date) = date.and_then(|v| httpdate::parse_http_date(v).ok()) {
                self.skew.learn(date, sent, self.clock.wall());
            }
            Ok(response)
        })
    }
}
