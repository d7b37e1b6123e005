//! Identity propagation trusts: whose tokens a domain takes, and whom it makes of them.
//!
//! Source: docs.oracle.com/iaas/Content/Identity/api-getstarted/json_web_token_exchange.htm.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::app::ConfidentialApp;
use super::cloud::OciTwin;
use super::rule::Rule;
use super::state::TrustState;
use super::user::User;

/// Claims of one trust that go on into tokens of resources, at most.
const PROPAGATED: usize = 3;

/// An identity propagation trust, to be changed while the program under test runs. Clones are the same trust.
#[derive(Clone)]
pub struct Trust {
    oci: OciTwin,
    host: String,
    name: String,
}

impl Trust {
    pub(super) fn new(oci: OciTwin, host: &str, name: &str) -> Self {
        Self { oci, host: host.to_owned(), name: name.to_owned() }
    }

    /// Whether it is active. It is not unless told.
    pub fn active(&self, active: bool) -> &Self {
        self.edit(|trust| trust.active = active)
    }

    /// This application may exchange tokens (`oauthClients`).
    pub fn oauth_client(&self, app: &ConfidentialApp) -> &Self {
        self.edit(|trust| trust.oauth_clients.push(app.client_id().to_owned()))
    }

    /// Takes tokens for this audience, beside those that were told before, and no others.
    pub fn audience(&self, audience: &str) -> &Self {
        self.client_claim("aud", audience)
    }

    /// Takes only tokens in which this claim holds this value, or one that was told before (`clientClaimName`,
    /// `clientClaimValues`). There is one such claim: another name replaces it.
    pub fn client_claim(&self, claim: &str, value: &str) -> &Self {
        self.edit(|trust| match &mut trust.client_claim {
            Some((known, values)) if known == claim => values.push(value.to_owned()),
            other => *other = Some((claim.to_owned(), vec![value.to_owned()])),
        })
    }

    /// How far the times of a token may be off (`clockSkewSeconds`). Not at all unless told.
    pub fn clock_skew(&self, skew: Duration) -> &Self {
        self.edit(|trust| trust.clock_skew = skew)
    }

    /// The claim that is the name of a user of the domain, where nobody is impersonated (`subjectClaimName`, mapped to
    /// `userName`). `sub` unless told.
    pub fn subject_claim(&self, claim: &str) -> &Self {
        self.edit(|trust| claim.clone_into(&mut trust.subject_claim))
    }

    /// Whether tokens become service users by rules (`allowImpersonation`). Not unless told, or until the first rule.
    pub fn allow_impersonation(&self, allowed: bool) -> &Self {
        self.edit(|trust| trust.allow_impersonation = allowed)
    }

    /// Tokens that fit this rule become this service user (`impersonationServiceUsers`); the first rule that fits counts.
    /// `sub eq repo:acme/app:ref:refs/heads/main`; also `sw` for a beginning and `co` for a part, joined by `and`.
    ///
    /// # Panics
    /// When the rule cannot be read.
    pub fn impersonate(&self, rule: &str, user: &User) -> &Self {
        let parsed = Rule::parse(rule).unwrap_or_else(|| panic!("not a rule: {rule}"));
        self.edit(|trust| {
            trust.allow_impersonation = true;
            trust.rules.push((parsed, user.ocid.clone()));
        })
    }

    /// Tokens become resources of this type when they are asked to (`impersonatingResource`).
    pub fn impersonating_resource(&self, resource_type: &str) -> &Self {
        self.edit(|trust| trust.resource = Some(resource_type.to_owned()))
    }

    /// This claim goes on into tokens of resources, as `ext_` and its name (`claimPropagations`).
    ///
    /// # Panics
    /// When there are three already.
    pub fn propagate(&self, claim: &str) -> &Self {
        self.edit(|trust| {
            assert!(trust.propagated.len() < PROPAGATED, "at most {PROPAGATED} claims are propagated");
            trust.propagated.push(claim.to_owned());
        })
    }

    /// The next exchanges, so many, do not see it yet.
    pub fn unseen_for(&self, exchanges: usize) -> &Self {
        self.edit(|trust| trust.spreading.steps(std::iter::repeat_n(false, exchanges)))
    }

    /// Whether each of the next exchanges sees it. Afterwards all do.
    pub fn seen_by(&self, exchanges: impl IntoIterator<Item = bool>) -> &Self {
        self.edit(|trust| trust.spreading.steps(exchanges))
    }

    /// No exchange before this time sees it.
    pub fn seen_from(&self, at: SystemTime) -> &Self {
        self.edit(|trust| trust.spreading.from(at))
    }

    fn edit(&self, change: impl FnOnce(&mut TrustState)) -> &Self {
        let mut state = self.oci.state();
        let mut trusts = state.domain_mut(&self.host).trusts.iter_mut();
        change(trusts.find(|trust| trust.name == self.name).expect("trusts are never taken away"));
        self
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trust({})", self.name)
    }
}
