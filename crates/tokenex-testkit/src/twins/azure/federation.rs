//! Federated identity credentials: the trust in foreign issuers, and its slow spreading.
//!
//! Rules: learn.microsoft.com, "Important considerations and restrictions for federated identity credentials".

use std::fmt;
use std::time::SystemTime;

use serde_json::Value;

use super::entra::EntraTwin;
use super::refusal::{self, Refusal};
use super::resource::{EXCHANGE_AUDIENCE, EXCHANGE_AUDIENCE_ID};
use crate::twins::issuers::audiences;
use crate::twins::spreading::Spreading;

/// Most federated credentials of one application or managed identity.
const MOST: usize = 20;

/// Longest issuer, subject or audience, in characters.
const LONGEST: usize = 600;

/// One federated credential, as it stands in the directory.
pub(super) struct Credential {
    pub(super) id: u64,
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) audience: String,
    pub(super) spreading: Spreading,
}

/// Why Azure does not take a federated credential at set-up. It takes much more than it should: a wrong issuer, subject
/// or audience is found out at the first exchange only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FederationRefused {
    /// There are 20 already.
    TooMany,
    /// One with this issuer and subject is there already.
    Duplicate,
    /// Issuer, subject or audience is empty or longer than 600 characters.
    Length,
    /// A system-assigned identity, or an agent identity: only applications, agent blueprints and user-assigned identities
    /// have federated credentials.
    NotSupported,
}

impl fmt::Display for FederationRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooMany => "there are 20 federated credentials already",
            Self::Duplicate => "there is a federated credential with this issuer and subject already",
            Self::Length => "issuer, subject and audience have from 1 to 600 characters",
            Self::NotSupported => {
                "only applications, blueprints and user-assigned identities have federated credentials"
            }
        })
    }
}

impl std::error::Error for FederationRefused {}

/// What Azure checks when a credential is made.
pub(super) fn check_new(
    there: &[Credential],
    issuer: &str,
    subject: &str,
    audience: &str,
) -> Result<(), FederationRefused> {
    let fits = |text: &str| (1..=LONGEST).contains(&text.chars().count());
    if ![issuer, subject, audience].into_iter().all(fits) {
        return Err(FederationRefused::Length);
    }
    if there.iter().any(|known| known.issuer == issuer && known.subject == subject) {
        return Err(FederationRefused::Duplicate);
    }
    if there.len() >= MOST {
        return Err(FederationRefused::TooMany);
    }
    Ok(())
}

/// A credential as one exchange sees it.
pub(super) struct Trust {
    issuer: String,
    subject: String,
    audience: String,
}

/// The credentials that this exchange sees: it meets one replica.
///
/// # Errors
/// In the words for a client without any.
pub(super) fn seen(credentials: &mut [Credential], name: &str, now: SystemTime) -> Result<Vec<Trust>, Refusal> {
    let mut seen = Vec::new();
    for credential in credentials {
        if credential.spreading.visible(now) {
            let Credential { issuer, subject, audience, .. } = &*credential;
            seen.push(Trust { issuer: issuer.clone(), subject: subject.clone(), audience: audience.clone() });
        }
    }
    if seen.is_empty() { Err(refusal::no_federated_credentials(name)) } else { Ok(seen) }
}

/// Those for this issuer.
///
/// # Errors
/// When there is none.
pub(super) fn for_issuer(mut trusts: Vec<Trust>, issuer: &str) -> Result<Vec<Trust>, Refusal> {
    trusts.retain(|trust| trust.issuer == issuer);
    if trusts.is_empty() { Err(refusal::issuer_not_trusted(issuer)) } else { Ok(trusts) }
}

/// Compares subject and audience of the assertion, exactly.
pub(super) fn check(trusts: &[Trust], claims: &Value) -> Result<(), Refusal> {
    let subject = claims["sub"].as_str().unwrap_or_default();
    let same_subject: Vec<_> = trusts.iter().filter(|trust| trust.subject == subject).collect();
    if same_subject.is_empty() {
        let nearly = trusts.iter().any(|trust| trust.subject.to_lowercase() == subject.to_lowercase());
        return Err(if nearly {
            refusal::subject_differs_in_case(subject)
        } else {
            refusal::subject_not_trusted(subject)
        });
    }
    let audiences = audiences(claims);
    // The credential names the URI, and Entra's own tokens for it carry the GUID.
    let same =
        |wanted: &str, found: &str| wanted == found || (wanted == EXCHANGE_AUDIENCE && found == EXCHANGE_AUDIENCE_ID);
    let fits = audiences.iter().any(|found| same_subject.iter().any(|trust| same(&trust.audience, found)));
    if fits { Ok(()) } else { Err(refusal::audience_not_trusted(&audiences.join(" "))) }
}

/// A federated credential, to be changed while the program under test runs.
#[derive(Debug, Clone)]
pub struct Federation {
    pub(super) twin: EntraTwin,
    pub(super) client_id: String,
    pub(super) id: u64,
}

impl Federation {
    /// The next exchanges of its client, so many, do not see it yet.
    pub fn unseen_for(&self, exchanges: usize) -> &Self {
        self.seen_by(std::iter::repeat_n(false, exchanges))
    }

    /// Whether each of the next exchanges of its client sees it: with `[false, true, false]` the second one works and
    /// the third is refused again, as it is while new trust spreads. Afterwards all see it.
    pub fn seen_by(&self, exchanges: impl IntoIterator<Item = bool>) -> &Self {
        self.edit(|credential| credential.spreading.steps(exchanges))
    }

    /// No exchange before this time sees it.
    pub fn seen_from(&self, at: SystemTime) -> &Self {
        self.edit(|credential| credential.spreading.from(at))
    }

    /// Takes it away. Tokens already issued live on.
    pub fn remove(&self) {
        let mut state = self.twin.state();
        if let Some(app) = state.directory.app_mut(&self.client_id) {
            app.federated.retain(|credential| credential.id != self.id);
        }
    }

    fn edit(&self, change: impl FnOnce(&mut Credential)) -> &Self {
        let mut state = self.twin.state();
        let app = state.directory.app_mut(&self.client_id);
        if let Some(credential) = app.and_then(|app| app.federated.iter_mut().find(|known| known.id == self.id)) {
            change(credential);
        }
        self
    }
}
