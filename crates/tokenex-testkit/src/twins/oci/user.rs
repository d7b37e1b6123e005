//! Users of an identity domain.

/// A user of a domain: a person, or a service user that nobody can sign in as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub(super) name: String,
    pub(super) ocid: String,
}

impl User {
    /// The user name, which is unique in the domain.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The user's OCID: the `sub` of its session tokens.
    pub fn ocid(&self) -> &str {
        &self.ocid
    }
}
