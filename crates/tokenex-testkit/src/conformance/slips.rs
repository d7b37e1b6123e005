//! Secrets where none should be.

use std::collections::BTreeMap;
use std::fmt::Debug;

use tokenex_core::{Error, Provider};

use super::bench::Trial;
use crate::world::IDENTITY;

/// What the canary calls a secret that the provider obtained.
pub(super) const OUTPUT: &str = "obtained secret";

/// A secret where none should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slip {
    pub(super) place: Place,
    /// Whether it was obtained, and not given.
    pub(super) output: bool,
    /// For people: what was where.
    pub(super) told: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Printed,
    Url,
    /// A header that is not marked as sensitive.
    OpenHeader,
    /// A header, when it is an identity token.
    IdentityHeader,
}

impl<P: Provider> Trial<P> {
    /// Looks at what a value shows of itself.
    pub(super) fn look_at(&self, name: &str, value: &impl Debug) {
        self.world.canary().search_debug(name, value);
    }

    pub(super) fn look_at_error(&self, name: &str, error: &Error) {
        self.world.canary().search_error(name, error);
    }

    /// Everything that has slipped in this world so far.
    pub(super) fn slips(&self) -> Vec<Slip> {
        let mut slips: Vec<Slip> = Vec::new();
        let mut add = |place, secret: &str, told| {
            let slip = Slip { place, output: secret == OUTPUT, told };
            if !slips.contains(&slip) {
                slips.push(slip);
            }
        };
        for leak in self.world.canary().findings().leaks {
            add(Place::Printed, &leak.secret, format!("\"{}\" ({}) in {}", leak.secret, leak.form, leak.place));
        }
        let (urls, headers) = (self.world.canary().with_fresh_ears(), self.world.canary().with_fresh_ears());
        let identities: Vec<String> = self.identities();
        // One text for all of them: a canary looks at each text by itself, and that takes its time.
        let (mut addresses, mut open) = (String::new(), BTreeMap::<String, String>::new());
        for sent in self.world.wire().sent() {
            let request = &sent.request;
            let to = format!("{} {}", request.method(), request.path());
            addresses.push_str(&format!("{}\n", request.uri()));
            for (name, value) in request.headers() {
                let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
                let wanted = self.hooks.identity_header.is_some_and(|wanted| name == wanted);
                if !wanted && identities.iter().any(|identity| text.contains(identity.as_str())) {
                    add(Place::IdentityHeader, IDENTITY, format!("an identity token in the header {name} of {to}"));
                }
                if !value.is_sensitive() {
                    open.entry(name.to_string()).or_default().push_str(&format!("{text}\n"));
                }
            }
        }
        urls.search("the URLs", addresses);
        open.into_iter().for_each(|(name, text)| headers.search(&format!("the header {name}"), text));
        for leak in urls.findings().leaks {
            add(Place::Url, &leak.secret, format!("\"{}\" ({}) in the URL of a request", leak.secret, leak.form));
        }
        for leak in headers.findings().leaks {
            add(Place::OpenHeader, &leak.secret, format!("\"{}\" in {}, which is not marked", leak.secret, leak.place));
        }
        slips
    }

    /// The identity tokens that were handed out in this world.
    pub(super) fn identities(&self) -> Vec<String> {
        let handed = self.world.inputs().handed();
        handed.into_iter().filter(|handed| handed.label == IDENTITY).map(|handed| handed.text).collect()
    }
}
