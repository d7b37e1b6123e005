//! An identity token as it went to a provider.

use tokenex::core::{Claims, IdentityToken};

use crate::inspect::Token;

/// A token, what it says, and for whom it was asked.
#[derive(Debug)]
pub(crate) struct Seen {
    whole: IdentityToken,
    /// Header and claims, without the signature.
    pub(crate) token: Token,
    /// The audience that the provider asked for.
    pub(crate) asked: Option<String>,
}

impl Seen {
    /// `None` for what is no JWT, which no provider takes either.
    pub(crate) fn new(whole: IdentityToken, asked: Option<String>) -> Option<Self> {
        let token = Token::read(whole.secret().expose()).ok()?;
        Some(Self { whole, token, asked })
    }

    pub(crate) fn claims(&self) -> &Claims {
        &self.token.claims
    }

    /// Empty when it has none.
    pub(crate) fn issuer(&self) -> &str {
        self.claims().issuer().unwrap_or_default()
    }

    /// Empty when it has none.
    pub(crate) fn subject(&self) -> &str {
        self.claims().subject().unwrap_or_default()
    }

    /// All of them, with commas between.
    pub(crate) fn audience(&self) -> String {
        self.claims().audiences().join(", ")
    }

    /// The one to trust: that which was asked for, else the first.
    pub(crate) fn main_audience(&self) -> &str {
        let audiences = self.claims().audiences();
        let asked = self.asked.as_deref().filter(|asked| audiences.iter().any(|audience| audience == asked));
        asked.or(audiences.first().map(String::as_str)).unwrap_or_default()
    }

    /// A member of the header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.token.header.get(name)?.as_str()
    }

    /// What is signed, and the signature, for those who verify it.
    pub(crate) fn signed(&self) -> Option<(&str, &str)> {
        self.whole.secret().expose().rsplit_once('.')
    }
}
