//! The access token of a service account, for somebody who may act as it.

use std::fmt;
use std::time::Duration;

use tokenex_core::{AnyTransport, Attempt, Grant, Outcome, Provider, Result, Source, Target, Transport};

use crate::errors::{Step, bad_option};
use crate::scopes::Scopes;
use crate::service_account::{ServiceAccount, ServiceAccountBuilder};
use crate::token::AccessToken;
use crate::wire::{ImpersonatedAnswer, generate_access_token};

/// What any account may be asked for, and the default of the API.
const LIFETIME_MAX: Duration = Duration::from_secs(3600);

/// What an account may be asked for that the organisation lists in
/// `constraints/iam.allowServiceAccountCredentialLifetimeExtension`.
const EXTENDED_LIFETIME_MAX: Duration = Duration::from_secs(12 * 3600);

/// The provider of a service account's [`AccessToken`], made with the right of another token: a federated one, that of a
/// metadata server, or that of another account
/// ([generateAccessToken](https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken)).
///
/// The base token is kept by its own handle, and used for as long as it is valid: a new token of the account costs one
/// request.
pub struct Impersonation {
    account: ServiceAccount,
    scopes: Scopes,
    lifetime: Duration,
}

impl Impersonation {
    /// Acts as this service account (its e-mail address or unique id) with the tokens of `base`, which a
    /// `Handle<AccessToken>` is a source of.
    pub fn builder(service_account: impl Into<String>, base: impl Source<AccessToken>) -> ImpersonationBuilder {
        ImpersonationBuilder {
            account: ServiceAccountBuilder::new(service_account.into(), base),
            scopes: None,
            lifetime: LIFETIME_MAX,
            lifetime_max: LIFETIME_MAX,
        }
    }
}

impl Provider for Impersonation {
    type Credential = AccessToken;

    fn name(&self) -> &'static str {
        "gcp"
    }

    fn target(&self) -> Target {
        self.account.endpoint().target()
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<AccessToken>> {
        let body = generate_access_token(self.scopes.as_slice(), self.lifetime, self.account.delegates());
        let answer = self.account.ask(cx, Step::Impersonate, &body).await?;
        let (token, expires_at) = answer.read(|body| {
            let answer = ImpersonatedAnswer::read(body)?;
            let universe = self.account.universe().clone();
            Ok((AccessToken::issued(answer.token, self.scopes.clone(), universe)?, answer.expires_at))
        })?;
        Ok(Grant::new(token).expires_at(expires_at).into())
    }
}

impl fmt::Debug for Impersonation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Impersonation")
            .field("account", &self.account)
            .field("scopes", &self.scopes)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

/// The choices of an [`Impersonation`].
#[must_use = "a provider begins with `build`"]
pub struct ImpersonationBuilder {
    account: ServiceAccountBuilder,
    scopes: Option<Vec<String>>,
    lifetime: Duration,
    lifetime_max: Duration,
}

impl ImpersonationBuilder {
    /// What the token is for. Default `https://www.googleapis.com/auth/cloud-platform`, which leaves the decision to IAM.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// How long each token lives, in whole seconds: up to an hour, which is the default.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self.lifetime_max = LIFETIME_MAX;
        self
    }

    /// As [`lifetime`](Self::lifetime), up to 12 hours: for accounts that the organisation lists in
    /// `constraints/iam.allowServiceAccountCredentialLifetimeExtension`. Others are refused.
    pub fn extended_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self.lifetime_max = EXTENDED_LIFETIME_MAX;
        self
    }

    /// Adds a link to the chain from the base to the account, in this order: the base may act as the first, each as the next,
    /// and the last as the account.
    pub fn delegate(mut self, service_account: impl Into<String>) -> Self {
        self.account.delegates.push(service_account.into());
        self
    }

    /// The domain of a Google Cloud that is not the public one ([AIP-4116](https://google.aip.dev/auth/4116)).
    pub fn universe_domain(mut self, domain: impl Into<String>) -> Self {
        self.account.universe = Some(domain.into());
        self
    }

    /// Another address of the API than `https://iamcredentials.googleapis.com`: base tokens are sent there.
    pub fn endpoint(mut self, origin: impl Into<String>) -> Self {
        self.account.endpoint = Some(origin.into());
        self
    }

    /// Another way to the network than the scheduler's.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.account.transport = Some(AnyTransport::new(transport));
        self
    }

    /// Checks the choices. Nothing is sent before the provider is kept.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration), naming the option.
    pub fn build(self) -> Result<Impersonation> {
        check_lifetime(self.lifetime, self.lifetime_max)?;
        Ok(Impersonation {
            account: self.account.build("generateAccessToken")?,
            scopes: self.scopes.map_or_else(|| Ok(Scopes::cloud_platform()), Scopes::new)?,
            lifetime: self.lifetime,
        })
    }
}

fn check_lifetime(lifetime: Duration, max: Duration) -> Result<()> {
    if lifetime.as_secs() == 0 || lifetime.subsec_nanos() != 0 {
        return Err(bad_option("lifetime", "the lifetime is not a number of whole seconds from 1 on")
            .with_advice(format!("give 1 to {} seconds", max.as_secs())));
    }
    if lifetime > max {
        let advice = if max < EXTENDED_LIFETIME_MAX && lifetime <= EXTENDED_LIFETIME_MAX {
            "say `extended_lifetime`, and have the organisation list the account in \
             constraints/iam.allowServiceAccountCredentialLifetimeExtension"
        } else {
            "no account has tokens that live for more than 12 hours"
        };
        let (wanted, max) = (lifetime.as_secs(), max.as_secs());
        return Err(bad_option("lifetime", format!("a lifetime of {wanted} s is beyond the {max} s that are allowed"))
            .with_advice(advice));
    }
    Ok(())
}

impl fmt::Debug for ImpersonationBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImpersonationBuilder")
            .field("account", &self.account.name)
            .field("scopes", &self.scopes)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_whole_seconds_within_the_bound_that_was_named() {
        let s = Duration::from_secs;
        for (lifetime, max) in [(s(1), LIFETIME_MAX), (s(3600), LIFETIME_MAX), (s(43_200), EXTENDED_LIFETIME_MAX)] {
            check_lifetime(lifetime, max).unwrap();
        }
        for (lifetime, max, word) in [
            (s(0), LIFETIME_MAX, "1 to 3600"),
            (Duration::from_millis(1500), LIFETIME_MAX, "whole seconds"),
            (s(3601), LIFETIME_MAX, "extended_lifetime"),
            (s(43_201), LIFETIME_MAX, "12 hours"),
            (s(43_201), EXTENDED_LIFETIME_MAX, "12 hours"),
        ] {
            let error = check_lifetime(lifetime, max).unwrap_err();
            assert_eq!(error.code(), Some("lifetime"));
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}
