//! Several scopes of one client.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokenex_core::{Error, ErrorKind, Handle, Keep, Provider, Result, Scheduler};

use crate::entra::Entra;
use crate::scope::Scope;
use crate::token::AccessToken;

/// So many scopes of one client are kept at once. Whoever asks for more makes up scopes from outside input.
pub(crate) const SCOPES_MAX: usize = 100;

/// The tokens of one client for any number of scopes (up to 100): each scope is a credential of its own with a refresh of
/// its own, kept from when it is first asked for.
///
/// Cheap to clone; all clones hand out the same handles. When the last clone is dropped, its handles are let go, and a
/// token that nobody else holds is no longer kept fresh.
#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

impl Entra {
    /// This client's tokens for several scopes, each kept by `scheduler` when it is first asked for.
    pub fn tokens(&self, scheduler: &Scheduler) -> Tokens {
        let entra = self.clone();
        let client = self.client_id().unwrap_or("client").to_owned();
        Tokens::new(scheduler, client, move |scope| entra.token_for(scope))
    }
}

struct Inner {
    keep: Box<dyn Fn(Scope) -> Handle<AccessToken> + Send + Sync>,
    kept: Mutex<HashMap<Scope, Handle<AccessToken>>>,
}

impl Tokens {
    /// `provider` makes the provider of one scope; `client` says whose tokens these are, in names, logs and reports.
    pub(crate) fn new<P: Provider<Credential = AccessToken>>(
        scheduler: &Scheduler,
        client: impl fmt::Display + Send + Sync + 'static,
        provider: impl Fn(Scope) -> P + Send + Sync + 'static,
    ) -> Self {
        let scheduler = scheduler.clone();
        let keep = move |scope: Scope| {
            let name = format!("azure {client} {scope}");
            scheduler.keep(Keep::new(provider(scope)).name(name))
        };
        Self(Arc::new(Inner { keep: Box::new(keep), kept: Mutex::default() }))
    }

    /// The credential of this scope: the same one whenever, and from however many places, it is asked for. The first to
    /// ask starts it, and returns at once; wait with [`Handle::ready`] or [`Handle::get`].
    ///
    /// [`Handle::close`] ends the credential for all who hold it; asking for the scope again begins a new one.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when it is no [`Scope`], or when 100 scopes are kept.
    pub fn handle(&self, scope: impl AsRef<str>) -> Result<Handle<AccessToken>> {
        let scope = Scope::new(scope)?;
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= SCOPES_MAX && !kept.contains_key(&scope) {
            kept.retain(|_, handle| is_open(handle));
            if kept.len() >= SCOPES_MAX {
                return Err(too_many());
            }
        }
        // The lock is held meanwhile, so that a race for a new scope has one winner; keeping waits for nothing.
        Ok(match kept.entry(scope.clone()) {
            Entry::Occupied(mut held) => {
                if !is_open(held.get()) {
                    held.insert((self.0.keep)(scope));
                }
                held.get().clone()
            }
            Entry::Vacant(free) => free.insert((self.0.keep)(scope)).clone(),
        })
    }
}

fn is_open(handle: &Handle<AccessToken>) -> bool {
    handle.downgrade().upgrade().is_some()
}

fn too_many() -> Error {
    Error::new(ErrorKind::Configuration, format!("{SCOPES_MAX} scopes of this client are kept, and that is the limit"))
        .with_provider("azure")
        .with_code("too_many_scopes")
        .with_advice("close the handles of scopes that are no longer needed, or use several of these")
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_tuple("Tokens").field(&kept.keys().collect::<Vec<_>>()).finish()
    }
}
