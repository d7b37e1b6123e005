//! Who exchanges, and how that is shown.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Request, header};
use tokenex_core::{AnySource, Attempt, Error, ErrorKind, Handle, Issued, Rejection, Result, Retry, Secret, Source};

use crate::errors::bad_option;
use crate::session_token::SessionToken;

/// A secret this young may be refused because it has not spread yet: changes reach the replicas of a domain late. How late is not
/// published; this is what Entra needs at most.
const YOUNG: Duration = Duration::from_secs(10 * 60);

/// Who exchanges at a domain.
#[derive(Clone)]
pub(super) enum Client {
    /// A confidential application.
    Secret { id: String, secret: AnySource<Secret> },
    /// A principal of Oracle Cloud that signs.
    Signed(Handle<SessionToken>),
}

/// What shows it, for one exchange.
pub(super) enum Proof {
    Basic {
        header: HeaderValue,
        /// What no error may repeat.
        secrets: [Secret; 2],
        /// How old the secret was, where its source knows.
        age: Option<Duration>,
    },
    Signed(Arc<Issued<SessionToken>>),
}

impl Client {
    /// # Errors
    /// [`ErrorKind::Configuration`] when the client id cannot be one.
    pub(super) fn check(&self) -> Result<()> {
        let Self::Secret { id, .. } = self else { return Ok(()) };
        let bad = |what| {
            bad_option("client_id", what).with_advice(
                "give the Client ID under OAuth configuration of the confidential application, as the console shows it",
            )
        };
        if id.trim().is_empty() {
            return Err(bad("the client id is empty"));
        }
        if id.contains(':') {
            return Err(bad("the client id holds a colon, which ends it in Basic authentication"));
        }
        if !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(bad("the client id holds blanks or characters that no client id has"));
        }
        Ok(())
    }

    /// The application's client id.
    pub(super) fn id(&self) -> Option<&str> {
        match self {
            Self::Secret { id, .. } => Some(id),
            Self::Signed(_) => None,
        }
    }

    pub(super) async fn proof(&self, cx: &Attempt) -> Result<Proof> {
        match self {
            Self::Secret { id, secret } => {
                let input = secret.fetch(cx).await?;
                let age = input.issued_at().and_then(|at| cx.clock().wall().duration_since(at).ok());
                Proof::basic(id, input.into_value(), age)
            }
            Self::Signed(principal) => {
                let issued = <Handle<_> as Source<Arc<Issued<SessionToken>>>>::fetch(principal, cx).await?;
                Ok(Proof::Signed(issued.into_value()))
            }
        }
    }

    /// Tells the handle of the principal that the domain refused its token, and whether there is another one now.
    pub(super) async fn replaces(&self, cx: &Attempt, refused: &Proof) -> bool {
        match (self, refused) {
            (Self::Signed(principal), Proof::Signed(token)) => {
                matches!(principal.rejected_in(cx, token.generation()).await, Ok(Rejection::Replaced { .. }))
            }
            _ => false,
        }
    }
}

impl Proof {
    /// Basic authentication with id and secret as they are ([RFC 7617 section 2](https://www.rfc-editor.org/rfc/rfc7617#section-2)),
    /// not percent-encoded first as [RFC 6749 section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1) has it: Oracle's
    /// own client for Python does not, and so a secret with `%` or `+` would be another one to the domain.
    fn basic(id: &str, secret: Secret, age: Option<Duration>) -> Result<Self> {
        if secret.is_empty() || secret.expose().chars().any(char::is_control) {
            return Err(Error::new(
                ErrorKind::Configuration,
                "the client secret is empty, or holds a line feed or another control character",
            )
            .with_code("client_secret")
            .with_advice("is it read from the right place, and without what stands around it?"));
        }
        let both = Secret::new(format!("{id}:{}", secret.expose()));
        let encoded = Secret::new(STANDARD.encode(both.expose()));
        let mut header = HeaderValue::from_str(&format!("Basic {}", encoded.expose()))
            .map_err(|_| Error::new(ErrorKind::Other, "client id and secret make no header"))?;
        header.set_sensitive(true);
        Ok(Self::Basic { header, secrets: [secret, encoded], age })
    }

    pub(super) fn show_in(&self, mut request: Request<Bytes>, cx: &Attempt) -> Result<Request<Bytes>> {
        match self {
            Self::Basic { header, .. } => {
                request.headers_mut().insert(header::AUTHORIZATION, header.clone());
                Ok(request)
            }
            Self::Signed(token) => token.signer().at(cx.target_time()).sign(request),
        }
    }

    /// What no error may repeat.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        match self {
            Self::Basic { secrets, .. } => secrets.as_slice(),
            Self::Signed(token) => std::slice::from_ref(token.secret()),
        }
        .iter()
    }

    /// What the refusal of the proof means, which this knows better than the code that came.
    pub(super) fn judge(&self, refusal: Error) -> Error {
        match self {
            // It passes by itself.
            Self::Basic { age: Some(age), .. } if *age < YOUNG => {
                refusal.with_retry(Retry::Transient).with_advice(format!(
                    "the secret was made {} s ago, and may not have reached the whole domain; if this lasts beyond {} minutes, \
                     it is wrong or was replaced",
                    age.as_secs(),
                    YOUNG.as_secs() / 60
                ))
            }
            Self::Basic { .. } => refusal,
            Self::Signed(_) => refusal.with_advice(
                "the exchange was signed by a principal of Oracle Cloud: is it of the tenancy of the domain, and this machine's \
                 clock within 5 minutes of Oracle's?",
            ),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret { id, .. } => write!(f, "application {id}"),
            Self::Signed(_) => f.write_str("signed by a principal"),
        }
    }
}
