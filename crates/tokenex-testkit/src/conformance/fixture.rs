//! What a fixture says about the thing under test.

use std::fmt;

use tokenex_core::Provider;

/// A provider under test, and what the suite cannot find out by itself.
///
/// Each method makes more laws possible. A law that needs something that is not said is reported as not run.
#[must_use]
pub struct Fixture<P: Provider> {
    pub(super) provider: P,
    pub(super) hooks: Hooks<P::Credential>,
}

type Look<C, T> = Box<dyn Fn(&C) -> T>;
type Act = Box<dyn Fn()>;

pub(super) struct Hooks<C> {
    pub(super) works: Option<Look<C, bool>>,
    pub(super) secrets: Option<Look<C, Vec<String>>>,
    pub(super) refuse: Option<Act>,
    pub(super) next: Option<Act>,
    pub(super) offline: bool,
    pub(super) identity_header: Option<&'static str>,
    pub(super) answer_header: Option<(&'static str, &'static str)>,
}

impl<C> Default for Hooks<C> {
    fn default() -> Self {
        Self {
            works: None,
            secrets: None,
            refuse: None,
            next: None,
            offline: false,
            identity_header: None,
            answer_header: None,
        }
    }
}

impl<P: Provider> Fixture<P> {
    /// This provider, about which nothing more is said.
    pub fn new(provider: P) -> Self {
        Self { provider, hooks: Hooks::default() }
    }

    /// Asks the target whether a credential works there at this moment.
    pub fn works(mut self, works: impl Fn(&P::Credential) -> bool + 'static) -> Self {
        self.hooks.works = Some(Box::new(works));
        self
    }

    /// Says what in a credential is secret. An empty list says that nothing is.
    pub fn secrets(mut self, secrets: impl Fn(&P::Credential) -> Vec<String> + 'static) -> Self {
        self.hooks.secrets = Some(Box::new(secrets));
        self
    }

    /// Makes the target refuse the workload for good, in its own words: trust removed, access denied.
    pub fn refused_by(mut self, refuse: impl Fn() + 'static) -> Self {
        self.hooks.refuse = Some(Box::new(refuse));
        self
    }

    /// The protocol wants the identity token in this header, and not in a body.
    pub fn identity_in_header(mut self, name: &'static str) -> Self {
        self.hooks.identity_header = Some(name);
        self
    }

    /// Answers of the target bear this header, and what lacks it is somebody else's: those that the suite makes in its name
    /// bear it too.
    pub fn answers_bear(mut self, name: &'static str, value: &'static str) -> Self {
        self.hooks.answer_header = Some((name, value));
        self
    }

    /// It needs no network.
    pub fn offline(mut self) -> Self {
        self.hooks.offline = true;
        self
    }
}

impl<P: Provider> fmt::Debug for Fixture<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixture").field("provider", &self.provider.name()).finish_non_exhaustive()
    }
}

/// A source of `T` under test, and what the suite cannot find out by itself. For a token source, `T` is
/// [`IdentityToken`](tokenex_core::IdentityToken).
#[must_use]
pub struct SourceFixture<S, T> {
    pub(super) source: S,
    pub(super) secrets: Option<Look<T, Vec<String>>>,
    pub(super) next: Option<Act>,
    pub(super) offline: bool,
}

impl<S, T> SourceFixture<S, T> {
    /// This source, about which nothing more is said.
    pub fn new(source: S) -> Self {
        Self { source, secrets: None, next: None, offline: false }
    }

    /// Puts the next value in place: writes another file, changes a variable. Not needed where each answer of the twin
    /// is another one.
    pub fn next(mut self, next: impl Fn() + 'static) -> Self {
        self.next = Some(Box::new(next));
        self
    }

    /// Says what in a value is secret. Of a token source this is known.
    pub fn secrets(mut self, secrets: impl Fn(&T) -> Vec<String> + 'static) -> Self {
        self.secrets = Some(Box::new(secrets));
        self
    }

    /// It needs no network.
    pub fn offline(mut self) -> Self {
        self.offline = true;
        self
    }
}

impl<S, T> fmt::Debug for SourceFixture<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SourceFixture")
    }
}
