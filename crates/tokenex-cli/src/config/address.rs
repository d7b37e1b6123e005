//! Addresses of servers, and whether plain http may go there.

use http::Uri;
use tokenex::core::address::Reach;

/// What is wrong with an address. The address itself is not repeated where it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No absolute http or https URL.
    NotAnAddress,
    /// It names a user.
    NamesAUser,
}

/// An http or https address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// Host, and port where one is named.
    pub(crate) authority: String,
    plain: bool,
    reach: Reach,
}

impl Address {
    /// # Errors
    /// When it is none, or names a user.
    pub(crate) fn read(text: &str) -> Result<Self, Fault> {
        // As the library fills it in.
        let uri: Uri = text.replace("{audience}", "audience").parse().map_err(|_| match text.contains('@') {
            true => Fault::NamesAUser,
            false => Fault::NotAnAddress,
        })?;
        let (Some(scheme @ ("http" | "https")), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(Fault::NotAnAddress);
        };
        if authority.as_str().contains('@') {
            return Err(Fault::NamesAUser);
        }
        if authority.host().is_empty() {
            return Err(Fault::NotAnAddress);
        }
        Ok(Self {
            authority: authority.as_str().to_owned(),
            plain: scheme == "http",
            reach: Reach::of(authority.host()),
        })
    }

    /// Whether it would send credentials unencrypted over a network.
    pub(crate) fn is_plain(&self) -> bool {
        self.plain && self.reach != Reach::Loopback
    }

    /// Whether this is an address that clouds reserve for the platform below.
    pub(crate) fn is_platform(&self) -> bool {
        self.reach == Reach::Platform
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_told_from_what_stays_on_this_machine() {
        for (text, plain) in [
            ("https://vault.example:8200", false),
            ("http://vault.example:8200/x", true),
            ("HTTP://10.0.0.1", true),
            ("http://127.0.0.1:1", false),
            ("http://[::1]:1", false),
            ("http://localhost", false),
            ("http://127.0.0.1.example", true),
        ] {
            assert_eq!(Address::read(text).unwrap().is_plain(), plain, "{text}");
        }
        assert!(Address::read("http://169.254.169.254/x").unwrap().is_platform());
        assert!(!Address::read("http://10.0.0.1/x").unwrap().is_platform());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "vault.example", "/x", "ftp://x", "https://", "https:// /"] {
            assert_eq!(Address::read(text), Err(Fault::NotAnAddress), "{text}");
        }
        for text in ["https://user:hunter22@x", "https://u@x/", "https://user:hun ter@x"] {
            assert_eq!(Address::read(text), Err(Fault::NamesAUser), "{text}");
        }
    }
}
