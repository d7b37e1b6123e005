//! Signed requests with `reqwest`, in place of an SDK: Oracle Cloud has none for Rust.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use http::{StatusCode, Uri, header};
use reqwest::{Request, Response};
use tokenex_core::{Clock, Error, ErrorKind, Handle, Issued, Rejection, Result};

use crate::session_token::SessionToken;
use crate::signer::{Body, RequestSigner};

/// A [`reqwest::Client`] whose requests are signed with the newest session token. While it, or a clone, lives, so does its token.
///
/// What the service answers is handed on, refusals included. Only a 401 is looked at: the token is reported as
/// [rejected](Handle::rejected), and when there is another one then, or when the 401 showed that the machine's clock is wrong, the
/// request is signed and sent once more. That is safe, since a request that was not authenticated did nothing.
///
/// Requests are dated by the service's clock, as far as the `Date` of its answers has told it.
///
/// Redirects are the client's own business, and a signature is good for one address only: build the client with
/// `redirect(Policy::none())`. Give it time limits as well.
///
/// ```no_run
/// # use tokenex_core::{Handle, Result};
/// # use tokenex_oci::{SessionToken, SigningClient};
/// # async fn demo(token: Handle<SessionToken>, client: reqwest::Client) -> Result<(), Box<dyn std::error::Error>> {
/// let request = client.get("https://objectstorage.eu-frankfurt-1.oraclecloud.com/n").build()?;
/// let namespace = SigningClient::new(token, client).execute(request).await?.error_for_status()?.text().await?;
/// # let _ = namespace;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct SigningClient {
    handle: Handle<SessionToken>,
    client: reqwest::Client,
    clock: Clock,
    /// The service's clock minus ours, in milliseconds.
    skew: Arc<AtomicI64>,
}

/// `Date` has whole seconds, and answers travel: a smaller difference is no difference.
const SKEW_MIN: i64 = 2_000;

/// A date as far off as this may be why a request was refused; Oracle Cloud allows five minutes
/// ([clock skew](https://docs.oracle.com/iaas/Content/API/Concepts/signingrequests.htm)).
const SKEW_REFUSED: i64 = 4 * 60_000;

/// Whether the body is signed too.
#[derive(Clone, Copy)]
enum What {
    All,
    AllButTheBody,
}

impl SigningClient {
    /// Signs with the tokens of `handle`, and sends with `client`.
    pub fn new(handle: Handle<SessionToken>, client: reqwest::Client) -> Self {
        Self { handle, client, clock: Clock::system(), skew: Arc::default() }
    }

    /// Reads the time from this clock. Without it, from the machine's.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Signs and sends a request, as [`reqwest::Client::execute`] sends one.
    ///
    /// Cancel safe as far as the client is; whether the service has seen the request is then unknown.
    ///
    /// # Errors
    /// When there is no usable token, when the request cannot be signed ([`ErrorKind::Configuration`]; a body that is a stream
    /// cannot, in `PUT`, `POST` and `PATCH`), and when there is no answer.
    pub async fn execute(&self, request: Request) -> Result<Response> {
        self.send(request, What::All).await
    }

    /// As [`execute`](Self::execute), without the body in the signature: for `PutObject` and `UploadPart` of Object Storage, which
    /// alone take that. The body may be a stream, and then is sent once only; the header `content-length` must be there.
    ///
    /// # Errors
    /// As [`execute`](Self::execute).
    pub async fn upload(&self, request: Request) -> Result<Response> {
        self.send(request, What::AllButTheBody).await
    }

    async fn send(&self, request: Request, what: What) -> Result<Response> {
        let spare = request.try_clone();
        let token = self.handle.get().await?;
        let skew = self.skew.load(Ordering::Relaxed);
        let answer = self.send_once(request, &token, what).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let misdated = (self.skew.load(Ordering::Relaxed) - skew).abs() >= SKEW_REFUSED;
        let worth_it = misdated || self.replaced(&token).await;
        match spare {
            Some(request) if worth_it => self.send_once(request, &*self.handle.get().await?, what).await,
            _ => Ok(answer),
        }
    }

    async fn replaced(&self, token: &Issued<SessionToken>) -> bool {
        matches!(self.handle.rejected(token.generation()).await, Ok(Rejection::Replaced { .. }))
    }

    async fn send_once(&self, mut request: Request, token: &SessionToken, what: What) -> Result<Response> {
        token.signer().at(self.target_time()).sign_reqwest_as(&mut request, what)?;
        let sent = self.clock.wall();
        let answer = self.client.execute(request).await.map_err(unanswered)?;
        self.learn(&answer, sent);
        Ok(answer)
    }

    fn target_time(&self) -> SystemTime {
        let (now, skew) = (self.clock.wall(), self.skew.load(Ordering::Relaxed));
        let by = Duration::from_millis(skew.unsigned_abs());
        if skew >= 0 { now.checked_add(by) } else { now.checked_sub(by) }.unwrap_or(now)
    }

    fn learn(&self, answer: &Response, sent: SystemTime) {
        let date = answer.headers().get(header::DATE).and_then(|date| date.to_str().ok());
        let Some(date) = date.and_then(|date| httpdate::parse_http_date(date).ok()) else { return };
        // It was cut to a second somewhere between sending and receiving.
        let middle = sent + self.clock.wall().duration_since(sent).unwrap_or_default() / 2;
        let skew = millis_from(middle, date + Duration::from_millis(500));
        self.skew.store(if skew.abs() < SKEW_MIN { 0 } else { skew }, Ordering::Relaxed);
    }
}

impl RequestSigner {
    /// Signs a request of `reqwest`.
    ///
    /// # Errors
    /// As [`sign_parts`](Self::sign_parts); also when the method is `PUT`, `POST` or `PATCH` and the body is a stream, which cannot
    /// be hashed.
    pub fn sign_reqwest(&self, request: &mut Request) -> Result<()> {
        self.sign_reqwest_as(request, What::All)
    }

    /// As [`sign_reqwest`](Self::sign_reqwest), without the body: see [`Body::Unsigned`].
    ///
    /// # Errors
    /// As [`sign_parts`](Self::sign_parts).
    pub fn sign_reqwest_upload(&self, request: &mut Request) -> Result<()> {
        self.sign_reqwest_as(request, What::AllButTheBody)
    }

    fn sign_reqwest_as(&self, request: &mut Request, what: What) -> Result<()> {
        // As `reqwest` itself does when it sends.
        let uri = request.url().as_str().parse::<Uri>().map_err(|_| unusable("the URL of the request is none"))?;
        let body = match (what, request.body()) {
            (What::AllButTheBody, _) => Body::Unsigned,
            (What::All, None) => Body::Whole(&[]),
            (What::All, Some(body)) => match body.as_bytes() {
                Some(bytes) => Body::Whole(bytes),
                None if Body::is_signed(request.method()) => {
                    return Err(unusable("the body of the request is a stream, which cannot be hashed").with_advice(
                        "give it as bytes; for PutObject and UploadPart of Object Storage, use `upload`",
                    ));
                }
                None => Body::Unsigned,
            },
        };
        let signed = self.headers(request.method(), &uri, request.headers(), body)?;
        request.headers_mut().extend(signed);
        Ok(())
    }
}

fn unusable(what: &'static str) -> Error {
    Error::new(ErrorKind::Configuration, what).with_provider("oci").with_step("sign").with_code("bad_request")
}

/// There is no complete answer. The URL stays out of the error: its query may hold a secret.
fn unanswered(error: reqwest::Error) -> Error {
    let (kind, what) = if error.is_timeout() {
        (ErrorKind::Timeout, "the service did not answer in time")
    } else if error.is_builder() {
        (ErrorKind::Configuration, "the request cannot be sent")
    } else {
        (ErrorKind::Unavailable, "the service did not answer")
    };
    Error::new(kind, what).with_provider("oci").with_step("call").with_source(error.without_url())
}

fn millis_from(ours: SystemTime, theirs: SystemTime) -> i64 {
    let millis = |by: Duration| i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    match theirs.duration_since(ours) {
        Ok(ahead) => millis(ahead),
        Err(behind) => -millis(behind.duration()),
    }
}
