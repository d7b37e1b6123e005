//! The login: an identity token becomes a Vault token.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{HeaderValue, StatusCode};
use tokenex_core::{
    AnyTokenSource, Attempt, Credential, Error, ErrorKind, Grant, IdentityToken, Issued, Outcome, Policy, Provider,
    Renewal, Result, Revocation, Secret, Target,
};

use crate::errors::{Step, login_cannot_be_renewed};
use crate::server::{Answer, SharedServer};
use crate::uses::Uses;
use crate::wire::{Auth, Call, Path, TokenKind};

/// How long old and new overlap: pools drain and consumers copy values out. The engine cuts it to a third of the life.
pub(crate) const OVERLAP: Duration = Duration::from_secs(60);

/// A new login is due when half of its life is left, earlier than the engine's own pace: its secrets follow within a part
/// of that half, and they too must survive an outage of a third of the life.
const REFRESH_SHARE: f64 = 0.5;

/// A Vault token, as a login at the JWT auth method hands it out.
///
/// Most programs never see it: they keep secrets, and the login comes along. It is here for what else speaks to the
/// server, and `Handle::map` turns it into an input of another provider.
pub struct LoginToken {
    token: Secret,
    header: HeaderValue,
    index: Option<HeaderValue>,
    accessor: Option<String>,
    policies: Vec<String>,
    kind: TokenKind,
    lifetime: Option<Duration>,
    uses: Uses,
    /// The role has `token_no_default_policy`, so that the token cannot even look at itself. Learnt when a token that
    /// had just been made was refused.
    blind: AtomicBool,
}

impl LoginToken {
    fn new(auth: Auth, index: Option<HeaderValue>) -> Result<Self> {
        let mut header = HeaderValue::from_str(auth.token.expose()).map_err(|_| {
            Error::new(ErrorKind::Protocol, "the login token holds characters that no header can carry")
        })?;
        header.set_sensitive(true);
        Ok(Self {
            token: auth.token,
            header,
            index,
            accessor: auth.accessor,
            policies: auth.policies,
            kind: auth.kind,
            lifetime: auth.lifetime,
            uses: Uses::new(auth.uses),
            blind: AtomicBool::new(false),
        })
    }

    /// The token.
    pub fn secret(&self) -> &Secret {
        &self.token
    }

    /// The token's name that is no secret. Batch tokens have none.
    pub fn accessor(&self) -> Option<&str> {
        self.accessor.as_deref()
    }

    /// The policies that the server gave to this login.
    pub fn policies(&self) -> &[String] {
        &self.policies
    }

    /// Whether the server keeps the token, and so whether it can be renewed and revoked.
    pub fn kind(&self) -> TokenKind {
        self.kind
    }

    pub(crate) fn header(&self) -> &HeaderValue {
        &self.header
    }

    pub(crate) fn index(&self) -> Option<&HeaderValue> {
        self.index.as_ref()
    }

    /// Taken from before each request with this token.
    pub(crate) fn uses(&self) -> &Uses {
        &self.uses
    }

    pub(crate) fn is_blind(&self) -> bool {
        self.blind.load(Ordering::Relaxed)
    }

    pub(crate) fn set_blind(&self) {
        self.blind.store(true, Ordering::Relaxed);
    }
}

impl Credential for LoginToken {
    fn same_as(&self, other: &Self) -> bool {
        self.token.same_as(&other.token)
    }
}

impl fmt::Debug for LoginToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginToken")
            .field("accessor", &self.accessor)
            .field("policies", &self.policies)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// The provider of a [`LoginToken`].
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) server: SharedServer,
    /// `auth/{mount}`
    pub(crate) mount: Path,
    pub(crate) role: String,
    pub(crate) audience: Option<String>,
    pub(crate) identity: AnyTokenSource,
}

impl Provider for Login {
    type Credential = LoginToken;

    fn name(&self) -> &'static str {
        "vault"
    }

    fn target(&self) -> Target {
        self.server.target()
    }

    fn policy(&self, scheduler: &Policy) -> Policy {
        scheduler.clone().with_grace(OVERLAP).with_refresh_share(scheduler.refresh_share.max(REFRESH_SHARE))
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<LoginToken>> {
        let accepted: Vec<&str> = self.audience.iter().map(String::as_str).collect();
        let identity = cx.identity(&self.identity, &accepted).await?.into_value();
        let answer = match self.show(cx, &identity).await {
            // A source that fails now has nothing to say that helps more than the refusal.
            Err(refusal) if wants_new_identity(&refusal) => {
                match cx.other_identity(&self.identity, &accepted, &identity).await {
                    Ok(Some(newer)) => self.show(cx, newer.value()).await?,
                    Ok(None) | Err(_) => return Err(refusal),
                }
            }
            shown => shown?,
        };
        let auth = Auth::read(answer.body()).map_err(|error| answer.blame(error))?;
        if auth.needs_mfa {
            return Err(answer.blame(
                unusable("the login wants a second factor, which no workload can show")
                    .with_advice("take the role's entity out of the MFA login enforcement"),
            ));
        }
        let (renewable, lifetime) = (auth.renewable, auth.lifetime);
        let token = LoginToken::new(auth, answer.index()).map_err(|error| answer.blame(error))?;
        if token.uses.are_too_few() {
            // It would stay behind otherwise. If this fails it ends by itself, and the error below is what matters.
            let _ = self.server.send(cx, Step::RevokeLogin, &Call::revoke_self(), Some(&token)).await;
            return Err(answer.blame(
                unusable("the login may be used once, which is too little to read a secret and to end the login")
                    .with_advice("set token_num_uses of the role to 0, or to 4 and more for each secret"),
            ));
        }
        Ok(self.grant(token, renewable, lifetime).counted_from(answer.sent).into())
    }

    async fn renew(&self, held: &Issued<LoginToken>, cx: &Attempt) -> Result<Renewal> {
        if !held.uses.take() {
            return Ok(Renewal::NotRenewable);
        }
        let answer = self.server.send(cx, Step::RenewLogin, &Call::renew_self(), Some(held)).await?;
        // 403 is a dead token, or one whose policies do not let it renew itself: either way a new login is due.
        if answer.status == StatusCode::FORBIDDEN
            || (answer.status == StatusCode::BAD_REQUEST && login_cannot_be_renewed(answer.body()))
        {
            return Ok(Renewal::NotRenewable);
        }
        let auth = Auth::read(answer.success()?).map_err(|error| answer.blame(error))?;
        let Some(lifetime) = auth.lifetime else { return Ok(Renewal::NotRenewable) };
        Ok(Renewal::Extended {
            lifetime,
            counted_from: answer.sent,
            again: auth.renewable && !held.lifetime.is_some_and(|first| is_capped(lifetime, first)),
        })
    }

    async fn revoke(&self, held: &Issued<LoginToken>, cx: &Attempt) -> Result<Revocation> {
        // No use is taken: this is what the last one is kept for.
        let answer = self.server.send(cx, Step::RevokeLogin, &Call::revoke_self(), Some(held)).await?;
        if answer.status == StatusCode::FORBIDDEN {
            // Dead, or not allowed to end itself. The second is what must not be hidden.
            return Ok(Revocation::NotPossible);
        }
        answer.success().map(|_| Revocation::Accepted)
    }
}

impl Login {
    /// Shows an identity token; an answer that comes back is a success.
    async fn show(&self, cx: &Attempt, identity: &IdentityToken) -> Result<Answer> {
        let call = Call::login(&self.mount, &self.role, identity);
        let answer = self.server.send(cx, Step::Login, &call, None).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        let error = answer.refusal_without(&[identity.secret()]);
        let about_identity = matches!(error.kind(), ErrorKind::Trust | ErrorKind::Identity | ErrorKind::Denied);
        Err(if about_identity { error.with_presented(identity.claims()) } else { error })
    }

    fn grant(&self, token: LoginToken, renewable: bool, lifetime: Option<Duration>) -> Grant<LoginToken> {
        let is_service = token.kind == TokenKind::Service;
        let fingerprint = token.accessor.clone();
        let mut grant = Grant::new(token);
        if let Some(lifetime) = lifetime {
            grant = grant.lifetime(lifetime);
        }
        if let Some(accessor) = fingerprint {
            grant = grant.fingerprint(accessor);
        }
        if is_service {
            grant = grant.revocable();
            if renewable {
                grant = grant.renewable();
            }
        } else if let Some(early) = lifetime.and_then(refresh_of_batch) {
            grant = grant.refresh_in(early);
        }
        grant
    }
}

/// Whether a newer identity token may mend it: the one that was shown ran out on the way.
fn wants_new_identity(refusal: &Error) -> bool {
    refusal.kind() == ErrorKind::Identity && refusal.status() == Some(StatusCode::BAD_REQUEST)
}

/// When to replace a batch token, where the engine's own pace would be too late for the overlap.
///
/// Its leases are cut to what is left of it, and lose one or two whole seconds by the way; and its secrets take a part of
/// the overlap to follow to the new one.
fn refresh_of_batch(lifetime: Duration) -> Option<Duration> {
    const CUT_OFF: Duration = Duration::from_millis(1500);
    let lead = (OVERLAP * 3 / 2).min(lifetime * 9 / 20);
    let latest = lifetime.saturating_sub(CUT_OFF + lead);
    (latest < lifetime / 2).then_some(latest)
}

/// Whether a renewal brought less than the first time: the wall (`token_max_ttl`, `max_ttl`) is near, and each further
/// renewal would bring less still.
pub(crate) fn is_capped(renewed: Duration, first: Duration) -> bool {
    // Servers count whole seconds: of a long life, one second less means nothing.
    renewed + first / 50 < first
}

fn unusable(what: &'static str) -> Error {
    Error::new(ErrorKind::Configuration, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_batch_token_is_replaced_early_and_a_long_one_at_the_usual_time() {
        let s = Duration::from_secs;
        assert_eq!(refresh_of_batch(s(4)), Some(Duration::from_millis(700)));
        assert_eq!(refresh_of_batch(s(1)), Some(s(0)));
        assert_eq!(refresh_of_batch(s(20)), Some(Duration::from_millis(9500)));
        assert_eq!(refresh_of_batch(s(900)), None);
    }

    #[test]
    fn a_renewal_that_brought_less_says_that_the_wall_is_near() {
        let s = Duration::from_secs;
        assert!(is_capped(s(3), s(4)) && is_capped(s(50), s(60)));
        assert!(!is_capped(s(8), s(8)) && !is_capped(s(3599), s(3600)) && !is_capped(s(60), s(8)));
    }
}
