//! The discovery document.

use tokenex::core::AnyTransport;

use super::super::clock::Apart;
use super::super::finding::{Finding, Step};
use super::ELSEWHERE;
use super::fetch::{self, Trouble};

/// What a document says that matters to trust.
#[derive(Debug)]
pub(super) struct Document {
    issuer: Option<String>,
    pub(super) jwks_uri: Option<String>,
}

/// The document of an issuer, and its clock.
pub(super) async fn fetch(issuer: &str, transport: &AnyTransport) -> Result<(Document, Option<Apart>), Trouble> {
    let fetched = fetch::json(&address(issuer), transport).await?;
    let text = |name: &str| fetched.members.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    let document = Document { issuer: text("issuer"), jwks_uri: text("jwks_uri") };
    Ok((document, fetched.date.map(|(there, here)| Apart::between(there, here))))
}

/// A slash at the end of an issuer is left out
/// ([OpenID Connect Discovery 1.0 section 4](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig)).
fn address(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.strip_suffix('/').unwrap_or(issuer))
}

impl Document {
    /// Whether it is the document of this very issuer.
    pub(super) fn judge(&self, issuer: &str) -> Finding {
        let finding = match &self.issuer {
            Some(found) if found == issuer => Finding::ok(Step::Discovery, format!("reachable from here; {ELSEWHERE}")),
            Some(found) => {
                let how = if found.trim_end_matches('/') == issuer.trim_end_matches('/') {
                    "differs in the slash at its end"
                } else if found.eq_ignore_ascii_case(issuer) {
                    "differs in the case of letters"
                } else {
                    "is another one"
                };
                let meaning = format!(
                    "the issuer in the discovery document {how} from that of the token: they must be equal to the letter, or \
                     every target refuses the token; correct the issuer's configuration"
                );
                Finding::warning(Step::Discovery, meaning).contradicting()
            }
            None => Finding::warning(Step::Discovery, "the discovery document names no issuer").contradicting(),
        };
        let finding = finding.maybe_found("issuer", self.issuer.as_deref()).expected("issuer", issuer);
        finding.maybe_found("jwks_uri", self.jwks_uri.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_below_the_issuer_whether_it_ends_in_a_slash_or_not() {
        for issuer in ["https://issuer.example/a", "https://issuer.example/a/"] {
            assert_eq!(address(issuer), "https://issuer.example/a/.well-known/openid-configuration");
        }
    }

    #[test]
    fn issuers_are_compared_to_the_letter() {
        let document = |issuer: &str| Document { issuer: Some(issuer.to_owned()), jwks_uri: None };
        assert!(!document("https://i.example").judge("https://i.example").contradicts);
        let slash = document("https://i.example/").judge("https://i.example");
        assert!(slash.contradicts && slash.meaning.contains("slash"), "{slash:?}");
        let case = document("https://i.example/A").judge("https://i.example/a");
        assert!(case.meaning.contains("case"), "{case:?}");
        assert!(document("https://j.example").judge("https://i.example").meaning.contains("another"));
    }
}
