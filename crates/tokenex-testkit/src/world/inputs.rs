//! What a world's providers are given: tokens and secrets that are marked, and a book of who asked for them.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokenex_core::{Attempt, IdentityToken, Input, Result, Secret, Source, TokenRequest, TokenSource};

use crate::canary::Canary;
use crate::issuer::TokenBuilder;

/// The book of a world's inputs. Clones are the same.
#[derive(Clone)]
pub(crate) struct Inputs(Arc<Shared>);

struct Shared {
    canary: Canary,
    panics: AtomicBool,
    handed: Mutex<Vec<Handed>>,
}

/// Something that was handed out.
#[derive(Clone)]
pub(crate) struct Handed {
    /// `identity token`, or the label of the secret.
    pub(crate) label: String,
    pub(crate) text: String,
    /// Where the attempt that asked lies in memory, which tells attempts that live at the same time apart.
    pub(crate) attempt: usize,
}

pub(crate) const IDENTITY: &str = "identity token";

impl Inputs {
    pub(super) fn new(canary: Canary) -> Self {
        Self(Arc::new(Shared { canary, panics: AtomicBool::new(false), handed: Mutex::default() }))
    }

    pub(super) fn identity(&self, token: TokenBuilder) -> Identity {
        Identity { token, inputs: self.clone() }
    }

    pub(super) fn marked(&self, label: &str, secret: &str) -> MarkedSecret {
        MarkedSecret { secret: secret.to_owned(), label: label.to_owned(), inputs: self.clone() }
    }

    /// From now on each source panics when it is asked, or no more.
    pub(crate) fn panic(&self, panics: bool) {
        self.0.panics.store(panics, Ordering::Relaxed);
    }

    /// Everything handed out so far, in its order.
    pub(crate) fn handed(&self) -> Vec<Handed> {
        self.lock().clone()
    }

    async fn hand_out(&self, label: &str, text: &str, cx: &Attempt) {
        // Sources wait, and so there is a place to drop whoever asks them.
        tokio::task::yield_now().await;
        if self.0.panics.load(Ordering::Relaxed) {
            // Past the panic hook, which would fill the output of a test with what is meant to happen.
            std::panic::resume_unwind(Box::new("the source panics, as it was told to"));
        }
        let handed = Handed { label: label.to_owned(), text: text.to_owned(), attempt: address(cx) };
        self.lock().push(handed);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Handed>> {
        self.0.handed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where an attempt lies in memory.
pub(crate) fn address(cx: &Attempt) -> usize {
    std::ptr::from_ref(cx).addr()
}

/// The workload's token source; from [`World::identity`](super::World::identity).
#[derive(Clone)]
pub struct Identity {
    token: TokenBuilder,
    inputs: Inputs,
}

impl Identity {
    /// The same source with other tokens: another subject, other claims, another algorithm.
    ///
    /// ```
    /// # use tokenex_testkit::world::World;
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// # let world = World::new();
    /// let identity = world.identity().with(|token| token.subject("repo:org/app").claim("project", "app"));
    /// # let _ = identity;
    /// # });
    /// ```
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(TokenBuilder) -> TokenBuilder) -> Self {
        self.token = change(self.token);
        self
    }
}

impl TokenSource for Identity {
    async fn token(&self, request: &TokenRequest<'_>) -> Result<Input<IdentityToken>> {
        let token =
            request.wanted_audience().into_iter().fold(self.token.clone(), |token, wanted| token.audience(wanted));
        let jwt = token.sign();
        self.inputs.0.canary.watch(IDENTITY, &jwt);
        self.inputs.hand_out(IDENTITY, &jwt, request.attempt()).await;
        let token = IdentityToken::new(jwt)?;
        let issued_at = token.claims().issued_at();
        let input = Input::new(token);
        Ok(match issued_at {
            Some(at) => input.with_issued_at(at),
            None => input,
        })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

/// A secret input as a source; from [`World::secret_source`](super::World::secret_source).
#[derive(Clone)]
pub struct MarkedSecret {
    label: String,
    secret: String,
    inputs: Inputs,
}

impl MarkedSecret {
    /// The secret, for the twin that knows it too.
    pub fn expose(&self) -> &str {
        &self.secret
    }
}

impl Source<Secret> for MarkedSecret {
    async fn fetch(&self, cx: &Attempt) -> Result<Input<Secret>> {
        self.inputs.hand_out(&self.label, &self.secret, cx).await;
        Ok(Input::new(Secret::new(self.secret.clone())))
    }
}

impl fmt::Debug for MarkedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MarkedSecret({})", self.label)
    }
}
