//! An identity token becomes a role's session.

use std::time::Duration;

use tokenex_core::{
    AnyTokenSource, Attempt, Error, ErrorKind, IdentityToken, Outcome, Provider, Result, Target, TokenSource,
};

use crate::credentials::AwsCredentials;
use crate::endpoint::{Endpoint, EndpointOptions, endpoint_options};
use crate::errors::{self, Step};
use crate::http_client::PLACEHOLDER;
use crate::session::{Session, SessionOptions, bad};
use crate::sts::Call;
use crate::wire::sts as wire;

/// The audience that AWS's own documents and tools use.
const AUDIENCE: &str = "sts.amazonaws.com";

/// What AWS takes for a token, in characters.
const TOKEN_LENGTH: std::ops::RangeInclusive<usize> = 4..=20_000;

/// The provider of a role's credentials for an identity token that the role trusts
/// ([AssumeRoleWithWebIdentity](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html)).
///
/// The request is not signed: the identity token is all the proof there is. The credentials outlive the token, and nothing
/// ends them early; they are bound to nothing and cannot be revoked.
#[derive(Debug, Clone)]
pub struct WebIdentity {
    endpoint: Endpoint,
    session: Session,
    audience: String,
    identity: AnyTokenSource,
}

impl WebIdentity {
    /// Credentials of the role `role_arn`, for identity tokens from `identity`.
    pub fn builder(role_arn: impl Into<String>, identity: impl TokenSource) -> WebIdentityBuilder {
        WebIdentityBuilder {
            endpoint: EndpointOptions::default(),
            session: SessionOptions::new(role_arn.into()),
            audience: AUDIENCE.to_owned(),
            identity: AnyTokenSource::new(identity),
        }
    }

    async fn exchange(&self, cx: &Attempt, identity: &IdentityToken) -> Result<AwsCredentials> {
        check_length(identity)?;
        let Session { role_arn, seconds, policy, policy_arns, .. } = &self.session;
        let name = self.session.name_for(identity.claims().subject());
        let call = Call { step: Step::WebIdentity, signer: None, secret: Some(identity.secret()) };
        let answer = call
            .send(&self.endpoint, cx, |client| {
                client
                    .assume_role_with_web_identity()
                    .role_arn(role_arn)
                    .role_session_name(name)
                    .web_identity_token(PLACEHOLDER)
                    .set_duration_seconds(*seconds)
                    .set_policy(policy.clone())
                    .set_policy_arns(wire::policy_arns(policy_arns))
                    .send()
            })
            .await
            .map_err(|refusal| {
                if errors::is_about_identity(&refusal) { refusal.with_presented(identity.claims()) } else { refusal }
            })?;
        let assumed = answer.output.assumed_role_user().map(|user| user.arn().to_owned());
        let credentials = wire::credentials(answer.output.credentials().cloned()).map_err(|e| answer.blame(e))?;
        Ok(credentials.of_role(Some(role_arn.clone()), assumed.filter(|arn| !arn.is_empty())))
    }
}

impl Provider for WebIdentity {
    type Credential = AwsCredentials;

    fn name(&self) -> &'static str {
        "aws"
    }

    fn target(&self) -> Target {
        self.endpoint.target()
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<AwsCredentials>> {
        let named = |error: Error| error.with_provider("aws").with_step(Step::WebIdentity.name());
        let accepted = [self.audience.as_str()];
        let identity = cx.identity(&self.identity, &accepted).await.map_err(named)?.into_value();
        let refusal = match self.exchange(cx, &identity).await {
            Ok(credentials) => return Ok(credentials.into_grant().into()),
            Err(refusal) => named(refusal),
        };
        if !errors::wants_new_identity(&refusal) {
            return Err(refusal);
        }
        // A source that fails now has nothing to say that helps more than the refusal.
        match cx.other_identity(&self.identity, &accepted, &identity).await {
            Ok(Some(newer)) => {
                self.exchange(cx, newer.value()).await.map(|credentials| credentials.into_grant().into()).map_err(named)
            }
            Ok(None) | Err(_) => Err(refusal),
        }
    }
}

/// The choices of a [`WebIdentity`].
#[derive(Debug)]
#[must_use = "an exchange begins with `build`"]
pub struct WebIdentityBuilder {
    pub(crate) endpoint: EndpointOptions,
    pub(crate) session: SessionOptions,
    audience: String,
    identity: AnyTokenSource,
}

endpoint_options!(WebIdentityBuilder);

impl WebIdentityBuilder {
    /// The name of the session, 2 to 64 letters, digits and `_+=,.@-`. It is seen in CloudTrail and in the ARN of the
    /// session. Default: `tokenex-` and the token's subject, with a dash for what a name cannot hold, cut to 64: the same
    /// for the same workload.
    pub fn session_name(mut self, name: impl Into<String>) -> Self {
        self.session.name = Some(name.into());
        self
    }

    /// How long the credentials live: 15 minutes to 12 hours, in whole seconds, and no longer than the role's maximum.
    /// Default: an hour.
    pub fn duration(mut self, duration: Duration) -> Self {
        self.session.duration = Some(duration);
        self
    }

    /// A policy, in JSON, that narrows what the role may do: at most 2048 characters, those of
    /// [`policy_arn`](Self::policy_arn) included.
    pub fn policy(mut self, json: impl Into<String>) -> Self {
        self.session.policy = Some(json.into());
        self
    }

    /// A managed policy that narrows what the role may do. Up to ten.
    pub fn policy_arn(mut self, arn: impl Into<String>) -> Self {
        self.session.policy_arns.push(arn.into());
        self
    }

    /// The audience to ask the token source for, as the account's OIDC provider lists it. Another one is refused before
    /// anything is sent. Default `sts.amazonaws.com`.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// Checks the choices. Nothing is sent before the credentials are kept.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`], naming the option.
    pub fn build(self) -> Result<WebIdentity> {
        if self.audience.trim().is_empty() {
            return Err(bad("audience", "the audience is empty").with_advice("leave it out for sts.amazonaws.com"));
        }
        Ok(WebIdentity {
            session: self.session.check()?,
            endpoint: self.endpoint.resolve()?,
            audience: self.audience,
            identity: self.identity,
        })
    }
}

fn check_length(identity: &IdentityToken) -> Result<()> {
    let length = identity.secret().expose().chars().count();
    if TOKEN_LENGTH.contains(&length) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Identity, format!("the identity token has {length} characters"))
        .with_code("token_length")
        .with_advice("AWS takes 4 to 20000; have the issuer put fewer claims into it"))
}
