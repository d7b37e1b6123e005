//! The issuer of an identity token, as it looks from here.
//!
//! OpenID Connect Discovery 1.0 section 4 says where the document is and what must be equal in it; RFC 7517 says what
//! keys look like. The target may see another thing: from another network, with keys that were uploaded to it, or with
//! copies that it kept.

mod discovery;
mod fetch;
mod keys;
mod signature;

use tokenex::core::AnyTransport;

use super::clock::Apart;
use super::finding::{Finding, Step};
use super::seen::Seen;
use discovery::Document;
use fetch::Trouble;
use keys::Keys;

/// What can be said only from here.
const ELSEWHERE: &str = "the target may see it differently";

/// What was seen of one issuer.
#[derive(Debug)]
pub(super) struct Issuer {
    document: Result<Document, Trouble>,
    keys: Result<Keys, Trouble>,
    /// Its clock.
    pub(super) clock: Option<Apart>,
}

impl Issuer {
    /// Fetches the discovery document and the keys. Nothing is shown to the issuer.
    pub(super) async fn look(issuer: &str, transport: &AnyTransport) -> Self {
        let (document, clock) = match discovery::fetch(issuer, transport).await {
            Ok((document, clock)) => (Ok(document), clock),
            Err(trouble) => (Err(trouble), None),
        };
        let keys = match &document {
            Ok(document) => keys::fetch(document, transport).await,
            Err(_) => Err(Trouble::NoDocument),
        };
        Self { document, keys, clock }
    }

    /// The three steps about it.
    pub(super) fn judge(&self, seen: &Seen) -> [Finding; 3] {
        let discovery = match &self.document {
            Ok(document) => document.judge(seen.issuer()),
            Err(trouble) => unseen(Step::Discovery, trouble, seen),
        };
        let keys = match &self.keys {
            Ok(keys) => keys.judge(seen),
            Err(Trouble::NoDocument) => Finding::skipped(Step::Keys, "the discovery document says where they are"),
            Err(trouble) => unseen(Step::Keys, trouble, seen),
        };
        let signature = match self.keys.as_ref().ok().and_then(|keys| keys.of(seen)) {
            Some(key) => signature::judge(key, seen),
            None => Finding::skipped(Step::Signature, "the key is not known here"),
        };
        [discovery, keys, signature]
    }
}

/// Not seen from here. What is reachable for everybody may not be for this machine, and the reverse.
fn unseen(step: Step, trouble: &Trouble, seen: &Seen) -> Finding {
    let meaning = format!("{trouble}; seen from here only: {ELSEWHERE}, or have the keys uploaded");
    Finding::warning(step, meaning).found("issuer", seen.issuer())
}
