//! A role's session becomes that of another role.

use std::time::Duration;

use tokenex_core::{Attempt, Error, Outcome, Provider, Result, Target};

use crate::base::{Base, IntoBase};
use crate::credentials::AwsCredentials;
use crate::endpoint::{Endpoint, EndpointOptions, endpoint_options};
use crate::errors::Step;
use crate::session::{Session, SessionOptions, bad, check_name};
use crate::sts::Call;
use crate::tags::{Tags, check_transitive};
use crate::wire::sts as wire;

/// What a session lasts at most that was made with a role's session, in seconds
/// ([role chaining](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining)).
const CHAINED_MAX: i32 = 3600;

/// The provider of a role's credentials for other AWS credentials
/// ([AssumeRole](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html)).
///
/// The new session is bound to nothing: AWS lets it live on when the credentials end that it was made with.
#[derive(Debug, Clone)]
pub struct AssumeRole {
    endpoint: Endpoint,
    session: Session,
    base: Base,
    external_id: Option<String>,
    source_identity: Option<String>,
    tags: Tags,
    transitive_tag_keys: Vec<String>,
}

impl AssumeRole {
    /// Credentials of the role `role_arn`, for requests that `base` signs: a `Handle<AwsCredentials>`, or any source of
    /// them.
    pub fn builder(role_arn: impl Into<String>, base: impl IntoBase) -> AssumeRoleBuilder {
        AssumeRoleBuilder {
            endpoint: EndpointOptions::default(),
            session: SessionOptions::new(role_arn.into()),
            base: base.into_base(),
            external_id: None,
            source_identity: None,
            tags: Tags::default(),
            transitive_tag_keys: Vec::new(),
        }
    }

    async fn exchange(&self, cx: &Attempt, signer: AwsCredentials) -> Result<AwsCredentials> {
        let Session { role_arn, seconds, policy, policy_arns, .. } = &self.session;
        if signer.is_role_session() {
            check_chained(*seconds)?;
        }
        // The name of the session before, so that CloudTrail shows the same one all along the chain.
        let name = match signer.session_name() {
            Some(before) if self.session.name.is_none() => before.into(),
            _ => self.session.name_for(None),
        };
        let call = Call { step: Step::AssumeRole, signer: Some(&signer), secret: None };
        let answer = call
            .send(&self.endpoint, cx, |client| {
                client
                    .assume_role()
                    .role_arn(role_arn)
                    .role_session_name(name)
                    .set_duration_seconds(*seconds)
                    .set_policy(policy.clone())
                    .set_policy_arns(wire::policy_arns(policy_arns))
                    .set_external_id(self.external_id.clone())
                    .set_source_identity(self.source_identity.clone())
                    .set_tags(self.tags.to_sdk())
                    .set_transitive_tag_keys(Some(self.transitive_tag_keys.clone()).filter(|keys| !keys.is_empty()))
                    .send()
            })
            .await?;
        let assumed = answer.output.assumed_role_user().map(|user| user.arn().to_owned());
        let credentials = wire::credentials(answer.output.credentials().cloned()).map_err(|e| answer.blame(e))?;
        Ok(credentials.of_role(Some(role_arn.clone()), assumed.filter(|arn| !arn.is_empty())))
    }
}

impl Provider for AssumeRole {
    type Credential = AwsCredentials;

    fn name(&self) -> &'static str {
        "aws"
    }

    fn target(&self) -> Target {
        self.endpoint.target()
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<AwsCredentials>> {
        let named = |error: Error| error.with_provider("aws").with_step(Step::AssumeRole.name());
        let credentials = self.base.sign(cx, |signer| self.exchange(cx, signer)).await.map_err(named)?;
        Ok(credentials.into_grant().into())
    }
}

/// The choices of an [`AssumeRole`].
#[derive(Debug)]
#[must_use = "an exchange begins with `build`"]
pub struct AssumeRoleBuilder {
    endpoint: EndpointOptions,
    session: SessionOptions,
    base: Base,
    external_id: Option<String>,
    source_identity: Option<String>,
    tags: Tags,
    transitive_tag_keys: Vec<String>,
}

endpoint_options!(AssumeRoleBuilder);

impl AssumeRoleBuilder {
    /// The name of the session, 2 to 64 letters, digits and `_+=,.@-`. Default: that of the session before, or `tokenex`.
    pub fn session_name(mut self, name: impl Into<String>) -> Self {
        self.session.name = Some(name.into());
        self
    }

    /// How long the credentials live: 15 minutes to an hour, in whole seconds; up to the role's maximum of at most 12 hours
    /// where `base` is no role's session but the keys of a user. Default: an hour.
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

    /// What the role's trust policy asks for in `sts:ExternalId`, 2 to 1224 letters, digits and `_+=,.@:/-`
    /// ([the confused deputy](https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html)). AWS does not take it
    /// for a secret.
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.external_id = Some(id.into());
        self
    }

    /// Who is behind all this, as CloudTrail shows it along the whole chain: 2 to 64 letters, digits and `_+=,.@-`. Once it
    /// is set, no later session can change it.
    pub fn source_identity(mut self, identity: impl Into<String>) -> Self {
        self.source_identity = Some(identity.into());
        self
    }

    /// A tag of the session, for conditions on `aws:PrincipalTag`. Up to 50.
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.add(key.into(), value.into());
        self
    }

    /// A tag of this session that later sessions of the chain inherit.
    pub fn transitive_tag_key(mut self, key: impl Into<String>) -> Self {
        self.transitive_tag_keys.push(key.into());
        self
    }

    /// Checks the choices. Nothing is sent before the credentials are kept.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration), naming the option.
    pub fn build(self) -> Result<AssumeRole> {
        let session = self.session.check()?;
        if self.base.is_known_role_session() {
            check_chained(session.seconds)?;
        }
        if let Some(id) = &self.external_id {
            check_external_id(id)?;
        }
        if let Some(identity) = &self.source_identity {
            check_name(identity, "source_identity", "source identity")?;
        }
        self.tags.check()?;
        check_transitive(&self.transitive_tag_keys)?;
        Ok(AssumeRole {
            endpoint: self.endpoint.resolve()?,
            session,
            base: self.base,
            external_id: self.external_id,
            source_identity: self.source_identity,
            tags: self.tags,
            transitive_tag_keys: self.transitive_tag_keys,
        })
    }
}

/// AWS refuses it, whatever the role allows.
fn check_chained(seconds: Option<i32>) -> Result<()> {
    match seconds.filter(|seconds| *seconds > CHAINED_MAX) {
        None => Ok(()),
        Some(seconds) => Err(bad(
            "duration",
            format!("the duration is {seconds} s, and a role assumed with a role's session lasts 3600 s at most"),
        )
        .with_advice("ask for an hour or less: the credentials are kept fresh anyway")),
    }
}

fn check_external_id(id: &str) -> Result<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c);
    if (2..=1224).contains(&id.chars().count()) && id.chars().all(fits) {
        return Ok(());
    }
    Err(bad("external_id", "the external id is not one").with_advice("it has 2 to 1224 letters, digits and _+=,.@:/-"))
}
