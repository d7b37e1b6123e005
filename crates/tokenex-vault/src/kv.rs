//! Secrets that somebody stored: KV versions 1 and 2.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::StatusCode;
use tokenex_core::{Attempt, Grant, Outcome, Policy, Provider, Result, Target};

use crate::errors::Step;
use crate::secret::VaultSecret;
use crate::server::Answer;
use crate::session::Session;
use crate::wire::{Call, Kv2, Path, SecretBody, error_texts};

/// Which version of the engine is mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// The provider of a stored secret; from [`Vault::kv1`](crate::Vault::kv1) and [`Vault::kv2`](crate::Vault::kv2).
///
/// It is read again each [`poll_interval`](Self::poll_interval). What has not changed causes no event, what is deleted
/// is taken away from readers, and what comes back is handed out again.
#[derive(Debug)]
pub struct Kv {
    session: Session,
    version: Version,
    path: Result<Path>,
    poll: Option<Duration>,
    /// It was there once: nothing where it was is then a deletion, and no mistake in the path.
    seen: AtomicBool,
}

impl Kv {
    pub(crate) fn one(session: Session, mount: &str, path: &str) -> Self {
        let path = Path::new(mount).and_then(|mount| Ok(mount.join(&Path::new(path)?)));
        Self { session, version: Version::One, path, poll: None, seen: AtomicBool::new(false) }
    }

    pub(crate) fn two(session: Session, mount: &str, path: &str) -> Self {
        let below = Path::new(path).and_then(|path| Ok(Path::new("data")?.join(&path)));
        let path = Path::new(mount).and_then(|mount| Ok(mount.join(&below?)));
        Self { session, version: Version::Two, path, poll: None, seen: AtomicBool::new(false) }
    }

    /// How often to look for a change. Default 15 minutes, or the scheduler's
    /// [`Policy::poll_interval`](tokenex_core::Policy::poll_interval).
    #[must_use]
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll = Some(interval);
        self
    }

    fn read(&self, answer: &Answer) -> Result<Option<VaultSecret>> {
        let blame = |error| answer.blame(error);
        let missing = answer.status == StatusCode::NOT_FOUND;
        if missing && self.version == Version::Two && matches!(Kv2::read(answer.body()), Ok(Some(Kv2::Deleted))) {
            return Ok(None);
        }
        // A mount that is not there has something to say; a secret that is not there has not.
        if missing && self.seen.load(Ordering::Relaxed) && error_texts(answer.body()).is_some_and(|t| t.is_empty()) {
            return Ok(None);
        }
        let body = answer.success()?;
        Ok(match self.version {
            Version::One => Some(VaultSecret::stored(SecretBody::read(body).map_err(blame)?.data, None)),
            Version::Two => match Kv2::read(body).map_err(blame)? {
                Some(Kv2::Version { number, data }) => Some(VaultSecret::stored(data, Some(number))),
                Some(Kv2::Deleted) | None => None,
            },
        })
    }
}

impl Provider for Kv {
    type Credential = VaultSecret;

    fn name(&self) -> &'static str {
        "vault"
    }

    fn target(&self) -> Target {
        self.session.server.target()
    }

    fn policy(&self, scheduler: &Policy) -> Policy {
        match self.poll {
            // A deleted secret is looked for at the same pace.
            Some(poll) => {
                scheduler.clone().with_poll_interval(poll).with_terminal_spacing(scheduler.terminal_spacing.min(poll))
            }
            None => scheduler.clone(),
        }
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<VaultSecret>> {
        let path = self.path.as_ref().map_err(Clone::clone)?;
        let (answer, _) = self.session.call(cx, Step::Read, &Call::read(path)).await?;
        Ok(match self.read(&answer)? {
            Some(secret) => {
                self.seen.store(true, Ordering::Relaxed);
                let version = secret.version();
                let grant = Grant::new(secret).counted_from(answer.sent);
                match version {
                    Some(version) => grant.fingerprint(format!("version {version}")).into(),
                    None => grant.into(),
                }
            }
            None => Outcome::Withdrawn,
        })
    }
}
