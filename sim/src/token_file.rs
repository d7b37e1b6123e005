//! Where the identity tokens come from: a file that somebody writes anew, and an issuer that can be asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokenex_core::{Error, ErrorKind, IdentityToken, Input, Result, TokenRequest, TokenSource};
use tokenex_testkit::issuer::{Algorithm, IssuerKeys, OldKey};

use crate::heap::text_from_outside;
use crate::truth::Time;

/// Who the workload is.
pub(crate) const SUBJECT: &str = "system:serviceaccount:prod:api";

/// How long a token lives: as Kubernetes' own.
const LIFETIME: Duration = Duration::from_secs(3600);

/// A new token of the issuer each time, for whatever audience is asked for.
#[derive(Clone)]
pub(crate) struct Mint(pub(crate) IssuerKeys);

impl Mint {
    fn sign(&self, audience: &str, at: Option<SystemTime>) -> String {
        let token = self.0.token().subject(SUBJECT).audience(audience).lifetime(LIFETIME);
        at.into_iter().fold(token, |token, at| token.issued_at(at)).sign()
    }
}

impl TokenSource for Mint {
    async fn token(&self, request: &TokenRequest<'_>) -> Result<Input<IdentityToken>> {
        let audience = request.wanted_audience().unwrap_or_default();
        Ok(Input::new(IdentityToken::new(text_from_outside(|| self.sign(audience, None)))?))
    }
}

/// Stands in for a projected token file, one for each audience: real files are read on real threads, which do not wait
/// for a virtual clock. Clones are the same file.
#[derive(Clone)]
pub(crate) struct TokenFile(Arc<Shared>);

struct Shared {
    mint: Mint,
    time: Time,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    condition: Condition,
    written_at: Option<SystemTime>,
    texts: BTreeMap<String, String>,
}

/// How the file is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    #[default]
    Good,
    Missing,
    Half,
    /// Nobody writes it anew.
    Stale,
}

impl TokenFile {
    pub(crate) fn new(issuer: &IssuerKeys, time: &Time) -> Self {
        Self(Arc::new(Shared { mint: Mint(issuer.clone()), time: time.clone(), state: Mutex::default() }))
    }

    /// Somebody writes new tokens, unless nobody does any more.
    pub(crate) fn rewrite(&self) {
        let mut state = self.lock();
        if state.condition == Condition::Stale {
            return;
        }
        let now = self.0.time.wall();
        state.written_at = Some(now);
        for (audience, text) in &mut state.texts {
            *text = self.0.mint.sign(audience, Some(now));
        }
    }

    pub(crate) fn set(&self, condition: Condition) {
        self.lock().condition = condition;
    }

    /// The issuer throws its key away; what is in the file was signed with it, and stays there.
    pub(crate) fn drop_key(&self) {
        self.set(Condition::Stale);
        self.0.mint.0.rotate(Algorithm::Es256, OldKey::Dropped);
    }

    /// What the file says.
    fn read(&self, audience: &str) -> String {
        let mut guard = self.lock();
        let state = &mut *guard;
        let at = *state.written_at.get_or_insert_with(|| self.0.time.wall());
        let text = state.texts.entry(audience.to_owned()).or_insert_with(|| self.0.mint.sign(audience, Some(at)));
        match state.condition {
            Condition::Good | Condition::Stale => text.clone(),
            Condition::Half => text[..text.len() / 2].to_owned(),
            Condition::Missing => String::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenSource for TokenFile {
    async fn token(&self, request: &TokenRequest<'_>) -> Result<Input<IdentityToken>> {
        let audience = request.wanted_audience().unwrap_or_default();
        let text = text_from_outside(|| self.read(audience));
        if text.is_empty() {
            return Err(
                Error::new(ErrorKind::Identity, "there is no token file").with_retry(tokenex_core::Retry::Transient)
            );
        }
        Ok(Input::new(IdentityToken::new(text)?))
    }
}
