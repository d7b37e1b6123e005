//! Who holds an access token, and the names by which policies mean it.

use std::collections::BTreeMap;

/// The holder of an access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Principal {
    /// An identity of a pool.
    Federated {
        /// `projects/1/locations/global/workloadIdentityPools/p`, or `locations/global/workforcePools/p`.
        pool: String,
        /// `google.subject`.
        subject: String,
        /// The custom attributes, without `attribute.` in front.
        attributes: BTreeMap<String, String>,
    },
    /// A service account, by its e-mail address.
    ServiceAccount(String),
}

impl Principal {
    /// Its own name in a policy (cloud.google.com/iam/docs/principal-identifiers).
    pub(super) fn member(&self) -> String {
        match self {
            Self::Federated { pool, subject, .. } => format!("principal://iam.googleapis.com/{pool}/subject/{subject}"),
            Self::ServiceAccount(email) => format!("serviceAccount:{email}"),
        }
    }

    /// Whether a binding to `member` is for it.
    pub(super) fn is_member(&self, member: &str) -> bool {
        if self.member() == member {
            return true;
        }
        let Self::Federated { pool, attributes, .. } = self else { return false };
        let set = member.strip_prefix("principalSet://iam.googleapis.com/");
        let Some(rest) = set.and_then(|set| set.strip_prefix(pool.as_str())?.strip_prefix('/')) else { return false };
        rest == "*"
            || rest
                .strip_prefix("attribute.")
                .and_then(|attribute| attribute.split_once('/'))
                .is_some_and(|(name, value)| attributes.get(name).is_some_and(|found| found == value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_federated_identity_is_meant_alone_by_attribute_and_with_its_pool() {
        let pool = "projects/7/locations/global/workloadIdentityPools/ci";
        let principal = Principal::Federated {
            pool: pool.to_owned(),
            subject: "repo:a/b".to_owned(),
            attributes: BTreeMap::from([("repository".to_owned(), "a/b".to_owned())]),
        };
        for (member, expected) in [
            (format!("principal://iam.googleapis.com/{pool}/subject/repo:a/b"), true),
            (format!("principalSet://iam.googleapis.com/{pool}/*"), true),
            (format!("principalSet://iam.googleapis.com/{pool}/attribute.repository/a/b"), true),
            (format!("principalSet://iam.googleapis.com/{pool}/attribute.repository/a/c"), false),
            (format!("principalSet://iam.googleapis.com/{pool}2/*"), false),
            (format!("principal://iam.googleapis.com/{pool}/subject/repo:a/B"), false),
            ("serviceAccount:repo:a/b".to_owned(), false),
        ] {
            assert_eq!(principal.is_member(&member), expected, "{member}");
        }
    }
}
