//! The laws, as data.

use std::fmt;

/// One sentence of the contract that the suite can check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Law {
    /// A short name, for reports and for [`Report::verdict`](super::Report::verdict): `cancel-safe`.
    pub name: &'static str,
    /// What must hold.
    pub sentence: &'static str,
    /// Whom it binds.
    pub binds: &'static [Subject],
}

/// What can be put under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subject {
    /// A [`Provider`](tokenex_core::Provider).
    Provider,
    /// A [`TokenSource`](tokenex_core::TokenSource).
    TokenSource,
    /// A [`Source`](tokenex_core::Source).
    Source,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Provider => "Provider",
            Self::TokenSource => "TokenSource",
            Self::Source => "Source",
        })
    }
}

const ALL: &[Subject] = &[Subject::Provider, Subject::TokenSource, Subject::Source];
const PROVIDERS: &[Subject] = &[Subject::Provider];
const TOKEN_SOURCES: &[Subject] = &[Subject::TokenSource];
const SOURCES: &[Subject] = &[Subject::TokenSource, Subject::Source];

macro_rules! laws {
    ($($constant:ident $name:literal binds $binds:ident: $sentence:literal)*) => {
        $(pub(super) const $constant: &str = $name;)*

        /// All laws, in the order in which they are tried.
        pub const LAWS: &[Law] = &[$(Law { name: $name, sentence: $sentence, binds: $binds }),*];
    };
}

laws! {
    WORKS "works" binds ALL:
        "With nothing in its way, an attempt brings what it is for, and so does the next."
    NAMED "named" binds PROVIDERS:
        "Its name and its target are short texts that never change and hold no secret."
    OWN_TRANSPORT "own-transport" binds ALL:
        "Each request goes through the transport of the attempt."
    NEVER_BLOCKS "never-blocks" binds ALL:
        "It never blocks the thread, least of all before its first await."
    CANCEL_SAFE "cancel-safe" binds ALL:
        "It can be dropped at any await, and the next attempt works as if nothing had been."
    ONE_TRY "one-try" binds ALL:
        "One attempt is one try: it repeats nothing by itself when the target fails."
    SINGLE_FLIGHT "single-flight" binds PROVIDERS:
        "Any number of callers cause one exchange, and each request of it is sent once."
    DEADLINE "deadline-kept" binds ALL:
        "Nothing outlives the attempt: no request leaves, and none stays open, after its deadline or its end."
    CLASSIFIED "classified" binds ALL:
        "Each failure is an error of the right kind, says whether trying again can help and how long to wait, and is never a panic or a success."
    PANIC "panic-contained" binds ALL:
        "A panic on the way is a failed attempt, and the next one works."
    WITHDRAWN "withdrawn-when-said" binds PROVIDERS:
        "A credential is withdrawn only when the target says that there is none any more: never for a failure."
    ASKED_ANEW "asked-anew" binds PROVIDERS:
        "It asks its sources and the target anew in each attempt, and never sends an identity token of an earlier one."
    NOTHING_STALE "nothing-stale" binds SOURCES:
        "It hands out the value of now, and not one that it has kept."
    AUDIENCE "audience" binds TOKEN_SOURCES:
        "A source that can choose hands out a token for the audience asked for, and not one made for another."
    INPUTS_UNPRINTED "inputs-unprinted" binds ALL:
        "No secret input is ever printed: not in Debug, errors, logs or panics, whatever the target repeats."
    OUTPUT_UNPRINTED "output-unprinted" binds ALL:
        "No secret that it obtained is ever printed: not in Debug, errors, logs or panics."
    CLEAN_URLS "clean-urls" binds ALL:
        "No secret travels in a URL."
    MARKED_HEADERS "marked-headers" binds ALL:
        "A header that holds a secret is marked as sensitive."
    IDENTITY_IN_BODY "identity-in-body" binds PROVIDERS:
        "An identity token travels in the body of a request, unless the protocol wants it in a header."
    EXPIRY "expiry-honoured" binds PROVIDERS:
        "What is handed out works at the target until the end that is told: lifetimes count from before the request, and absolute ends by the target's clock."
    REVOKED "revoked-once" binds PROVIDERS:
        "Revoking ends the credential held, that one alone, with one request; doing it again does no harm."
    SAME_AS "same-as" binds PROVIDERS:
        "A credential is the same as itself, and not the same as another one."
}

/// The law of this name.
pub(super) fn law(name: &str) -> &'static Law {
    LAWS.iter().find(|law| law.name == name).expect("the name of a law")
}
