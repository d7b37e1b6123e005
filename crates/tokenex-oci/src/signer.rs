//! Request signatures.

mod body;
mod headers;
mod string;

use std::fmt;
use std::time::SystemTime;

use http::{HeaderMap, HeaderName, Method, Request, Uri, header, request};
use tokenex_core::{Clock, Result, Secret};

use crate::key::SessionKey;

pub use body::Body;

/// Signs requests to Oracle Cloud
/// ([request signatures](https://docs.oracle.com/iaas/Content/API/Concepts/signingrequests.htm), version 1). From
/// [`SessionToken::signer`](crate::SessionToken::signer).
///
/// What is signed, and so must not change afterwards:
///
/// | method | headers |
/// |---|---|
/// | `PUT`, `POST`, `PATCH` | date, method and path with query, host, `content-length`, `content-type`, `x-content-sha256` |
/// | the same, with [`Body::Unsigned`] | date, method and path with query, host |
/// | any other | date, method and path with query, host |
///
/// `date`, `content-length`, `x-content-sha256` and `authorization` are set, whatever they were. `host` stays when it is there, and
/// is else made from the URI, with the port unless it is the usual one. `content-type` stays too, and is else `application/json`,
/// where it is signed. All other headers are left alone, and are not protected by the signature.
///
/// Signing takes about a millisecond of a core. A signature holds for five minutes around its date, and whoever sees the request
/// can repeat it meanwhile, so it must travel over TLS. Sign anew for each try.
///
/// ```
/// # use tokenex_core::Result;
/// # use tokenex_oci::SessionToken;
/// # fn demo(token: &SessionToken) -> Result<()> {
/// let request = http::Request::get("https://objectstorage.eu-frankfurt-1.oraclecloud.com/n").body(Vec::new()).unwrap();
/// let signed = token.signer().sign(request)?;
/// # let _ = signed;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RequestSigner {
    key_id: Secret,
    key: SessionKey,
    time: Time,
    date: HeaderName,
    with_host: bool,
}

/// Where the date comes from.
#[derive(Clone)]
enum Time {
    Clock(Clock),
    At(SystemTime),
}

impl RequestSigner {
    /// As the principal of a session token.
    pub(crate) fn of_token(token: &Secret, key: &SessionKey) -> Self {
        Self::new(Secret::new(format!("ST${}", token.expose())), key.clone())
    }

    /// With a key that the far end knows by this name, which must fit between quotes.
    pub(crate) fn new(key_id: Secret, key: SessionKey) -> Self {
        Self { key_id, key, time: Time::Clock(Clock::system()), date: header::DATE, with_host: true }
    }

    /// Dates requests by this clock. Without it, by the machine's.
    #[must_use]
    pub fn clock(self, clock: Clock) -> Self {
        Self { time: Time::Clock(clock), ..self }
    }

    /// Dates requests so: the time by Oracle Cloud's clock, where the machine's is known to be wrong
    /// ([`Attempt::target_time`](tokenex_core::Attempt::target_time), say). More than five minutes off, a request is refused as
    /// `NotAuthenticated`.
    #[must_use]
    pub fn at(self, now: SystemTime) -> Self {
        Self { time: Time::At(now), ..self }
    }

    /// Puts the date into `x-date`, for clients that set `date` themselves.
    #[must_use]
    pub fn x_date(self) -> Self {
        Self { date: HeaderName::from_static("x-date"), ..self }
    }

    /// Leaves the host unsigned, as the federation endpoint wants it.
    pub(crate) fn without_host(self) -> Self {
        Self { with_host: false, ..self }
    }

    /// Signs a request whose body is in memory.
    ///
    /// # Errors
    /// As [`sign_parts`](Self::sign_parts).
    pub fn sign<B: AsRef<[u8]>>(&self, request: Request<B>) -> Result<Request<B>> {
        let (mut parts, body) = request.into_parts();
        self.sign_parts(&mut parts, Body::Whole(body.as_ref()))?;
        Ok(Request::from_parts(parts, body))
    }

    /// Signs a request whose body is sent in another way.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration), with nothing changed: the URI has no host; `host` or
    /// `content-type` is there twice, or holds anything but visible ASCII; the clock shows no possible time.
    pub fn sign_parts(&self, parts: &mut request::Parts, body: Body<'_>) -> Result<()> {
        let signed = self.headers(&parts.method, &parts.uri, &parts.headers, body)?;
        parts.headers.extend(signed);
        Ok(())
    }

    /// The headers that a request needs, to be set in place of those of the same name.
    pub(crate) fn headers(&self, method: &Method, uri: &Uri, given: &HeaderMap, body: Body<'_>) -> Result<HeaderMap> {
        let mut set = HeaderMap::with_capacity(7);
        set.insert(self.date.clone(), headers::date(self.now())?);
        set.insert(header::HOST, headers::host(uri, given)?);
        let mut names = vec![self.date.as_str(), string::REQUEST_TARGET];
        if self.with_host {
            names.push(header::HOST.as_str());
        }
        names.extend(headers::body(method, body, given, &mut set)?);

        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let text = string::signing_string(method, target, &names, &set);
        let signature = self.key.sign(text.as_bytes())?;
        set.insert(header::AUTHORIZATION, string::authorization(&self.key_id, &names, &signature)?);
        Ok(set)
    }

    fn now(&self) -> SystemTime {
        match &self.time {
            Time::Clock(clock) => clock.wall(),
            Time::At(now) => *now,
        }
    }
}

impl fmt::Debug for RequestSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestSigner").field("key", &self.key).field("date", &self.date).finish_non_exhaustive()
    }
}
