//! A role's session becomes an identity token, for targets outside of AWS.

use std::fmt;
use std::time::Duration;

use aws_sdk_sts::primitives::DateTime;
use tokenex_core::{Attempt, Error, ErrorKind, IdentityToken, Input, Result, Retry, Secret, TokenRequest, TokenSource};

use crate::base::{Base, IntoBase};
use crate::credentials::AwsCredentials;
use crate::endpoint::{Endpoint, EndpointOptions, endpoint_options};
use crate::errors::Step;
use crate::session::{bad, seconds};
use crate::sts::Call;
use crate::tags::Tags;
use crate::wire::sts as wire;

/// The shortest life of a token, and the longest.
const DURATION_MIN: Duration = Duration::from_secs(60);
const DURATION_MAX: Duration = Duration::from_secs(3600);

/// What AWS takes when nothing is asked for.
const DURATION_DEFAULT: Duration = Duration::from_secs(300);

/// A token that is to end with the credentials ends so much before them: the request takes time, and clocks differ.
const MARGIN: Duration = Duration::from_secs(5);

/// Characters of an audience.
const AUDIENCE_MAX: usize = 1000;

/// With what a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SigningAlgorithm {
    /// RSA with SHA-256, which every target takes.
    #[default]
    Rs256,
    /// ECDSA on P-384 with SHA-384: shorter. Neither Entra nor Google Cloud takes it.
    Es384,
}

impl SigningAlgorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es384 => "ES384",
        }
    }
}

/// A source of identity tokens that AWS signs, for targets outside of AWS
/// ([GetWebIdentityToken](https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html)).
///
/// Each time it is asked it gets a new token, for the audience that the target wants. The token's subject is the ARN of the
/// role, and its issuer belongs to the account; see `aws iam get-outbound-web-identity-federation-info`.
///
/// A token is bound to nothing. AWS hands out none that would outlive the session it is asked with, and refuses to; but
/// once it is out, whoever takes it looks at the token alone, and the end of the session does not end it. So the engine does
/// not have to replace what was made with it when the session is.
///
/// AWS itself does not take these tokens for [`WebIdentity`](crate::WebIdentity).
#[derive(Clone)]
pub struct OutboundIdentity {
    endpoint: Endpoint,
    base: Base,
    algorithm: SigningAlgorithm,
    duration: Option<Duration>,
    tags: Tags,
    audience: Option<String>,
}

impl OutboundIdentity {
    /// Identity tokens of whoever `base` is: a `Handle<AwsCredentials>`, or any source of them.
    pub fn builder(base: impl IntoBase) -> OutboundIdentityBuilder {
        OutboundIdentityBuilder {
            endpoint: EndpointOptions::default(),
            base: base.into_base(),
            algorithm: SigningAlgorithm::default(),
            duration: None,
            tags: Tags::default(),
            audience: None,
        }
    }

    async fn exchange(&self, cx: &Attempt, signer: AwsCredentials, audience: &str) -> Result<IdentityToken> {
        let duration = self.duration_for(cx, &signer)?;
        let call = Call { step: Step::Outbound, signer: Some(&signer), secret: None };
        let answer = call
            .send(&self.endpoint, cx, |client| {
                client
                    .get_web_identity_token()
                    .audience(audience)
                    .signing_algorithm(self.algorithm.name())
                    .set_duration_seconds(duration)
                    .set_tags(self.tags.to_sdk())
                    .send()
            })
            .await?;
        let token = answer.output.web_identity_token().filter(|token| !token.trim().is_empty());
        let token = token.ok_or_else(|| answer.blame(wire::not_as_documented("the answer holds no token")))?;
        // The token says until when itself; the other place is only checked.
        if answer.output.expiration().and_then(|at: &DateTime| wire::moment(at)).is_none() {
            return Err(answer.blame(wire::not_as_documented("the answer does not say until when")));
        }
        IdentityToken::new(Secret::new(token))
            .map_err(|_| answer.blame(wire::not_as_documented("the token in the answer is not a JWT")))
    }

    /// What to ask for, in seconds: what was chosen, or less where the session ends before that. AWS refuses more.
    fn duration_for(&self, cx: &Attempt, signer: &AwsCredentials) -> Result<Option<i32>> {
        let Some(ends) = signer.expires_at() else {
            return self.duration.map(|wanted| seconds(wanted, DURATION_MIN, DURATION_MAX)).transpose();
        };
        let left = ends.duration_since(cx.target_time()).unwrap_or_default().saturating_sub(MARGIN);
        if left >= self.duration.unwrap_or(DURATION_DEFAULT) {
            return self.duration.map(|wanted| seconds(wanted, DURATION_MIN, DURATION_MAX)).transpose();
        }
        if left < DURATION_MIN {
            return Err(Error::new(
                ErrorKind::Identity,
                format!(
                    "the credentials that ask for the token end too soon: it lives {} s at least",
                    DURATION_MIN.as_secs()
                ),
            )
            .with_retry(Retry::Transient)
            .with_code("session_ends")
            .with_advice(
                "whoever hands the credentials out has stopped renewing them, or hands out short-lived ones",
            ));
        }
        seconds(left, DURATION_MIN, DURATION_MAX).map(Some)
    }
}

impl TokenSource for OutboundIdentity {
    async fn token(&self, request: &TokenRequest<'_>) -> Result<Input<IdentityToken>> {
        let named = |error: Error| error.with_provider("aws").with_step(Step::Outbound.name());
        let audience = request.wanted_audience().or(self.audience.as_deref()).ok_or_else(|| {
            named(bad("audience", "the target asks for no audience, and a token of AWS must have one"))
                .with_advice("name it with OutboundIdentityBuilder::audience, or at the target")
        })?;
        check_audience(audience).map_err(named)?;
        let cx = request.attempt();
        let token = self.base.sign(cx, |signer| self.exchange(cx, signer, audience)).await.map_err(named)?;
        let issued_at = token.claims().issued_at();
        let input = Input::new(token);
        Ok(match issued_at {
            Some(at) => input.with_issued_at(at),
            None => input,
        })
    }
}

impl fmt::Debug for OutboundIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundIdentity")
            .field("endpoint", &self.endpoint)
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

/// The choices of an [`OutboundIdentity`].
#[derive(Debug)]
#[must_use = "a source begins with `build`"]
pub struct OutboundIdentityBuilder {
    endpoint: EndpointOptions,
    base: Base,
    algorithm: SigningAlgorithm,
    duration: Option<Duration>,
    tags: Tags,
    audience: Option<String>,
}

endpoint_options!(OutboundIdentityBuilder);

impl OutboundIdentityBuilder {
    /// With what to sign. Default [`SigningAlgorithm::Rs256`].
    pub fn algorithm(mut self, algorithm: SigningAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// How long a token lives: a minute to an hour, in whole seconds, and never longer than the session it is asked with.
    /// Default: five minutes, which is enough to exchange it.
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = Some(duration);
        self
    }

    /// A tag that becomes a claim of the token. Up to 50. Needs `sts:TagGetWebIdentityToken`.
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.add(key.into(), value.into());
        self
    }

    /// The audience for targets that ask for none of their own.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Checks the choices. Nothing is sent before a token is wanted.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`], naming the option; among others for the global endpoint, which lacks the operation.
    pub fn build(self) -> Result<OutboundIdentity> {
        if let Some(duration) = self.duration {
            seconds(duration, DURATION_MIN, DURATION_MAX)?;
        }
        if let Some(audience) = &self.audience {
            check_audience(audience)?;
        }
        self.tags.check()?;
        let endpoint = self.endpoint.resolve()?;
        if endpoint.is_global() {
            return Err(bad("region", "the global endpoint of STS hands out no identity tokens")
                .with_advice("name the region that the program runs in"));
        }
        Ok(OutboundIdentity {
            endpoint,
            base: self.base,
            algorithm: self.algorithm,
            duration: self.duration,
            tags: self.tags,
            audience: self.audience,
        })
    }
}

fn check_audience(audience: &str) -> Result<()> {
    if audience.trim().is_empty() || audience.chars().count() > AUDIENCE_MAX {
        return Err(bad("audience", "the audience is not one").with_advice("it has 1 to 1000 characters"));
    }
    Ok(())
}
