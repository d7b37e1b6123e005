//! Trust policies of roles: who may assume them, and under which conditions.
//!
//! Rules: docs.aws.amazon.com/IAM/latest/UserGuide, `reference_policies_condition` and `id_roles_create_for-idp_oidc`.

use std::fmt;
use std::time::SystemTime;

use super::sts::StsTwin;
use crate::twins::spreading::Spreading;

/// One statement of a trust policy, which allows.
///
/// Conditions must all hold. Several values of the same operator and key are alternatives, as in a policy document. A key
/// that the request lacks fails its condition.
///
/// ```
/// use tokenex_testkit::twins::aws::TrustStatement;
///
/// let from_ci = TrustStatement::web_identity("https://issuer.test")
///     .string_equals("aud", "sts.amazonaws.com")
///     .string_like("sub", "repo:acme/*:ref:refs/heads/main");
/// let from_partner = TrustStatement::principal("arn:aws:iam::210987654321:root").external_id("7");
/// # let _ = (from_ci, from_partner);
/// ```
#[derive(Debug, Clone)]
pub struct TrustStatement {
    principal: Trusted,
    conditions: Vec<Condition>,
    actions: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Trusted {
    /// The OIDC provider of this issuer.
    Issuer(String),
    /// An account, a role, a session, a user, or anybody.
    Principal(String),
}

#[derive(Debug, Clone)]
struct Condition {
    operator: Operator,
    key: String,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equals,
    Like,
}

impl TrustStatement {
    /// Trusts tokens of this issuer, which must be registered as an OIDC provider of the account.
    pub fn web_identity(issuer: &str) -> Self {
        Self::new(Trusted::Issuer(issuer.to_owned()), "sts:AssumeRoleWithWebIdentity")
    }

    /// Trusts an AWS principal: the ARN of a role, of one session, of a user or of a whole account
    /// (`arn:aws:iam::123456789012:root`, or the account id alone), or `*`.
    pub fn principal(arn: &str) -> Self {
        Self::new(Trusted::Principal(arn.to_owned()), "sts:AssumeRole")
    }

    fn new(principal: Trusted, action: &str) -> Self {
        Self { principal, conditions: Vec::new(), actions: vec![action.to_owned()] }
    }

    /// `StringEquals`. The keys are `sub`, `aud` and `amr` of the token without the issuer in front, and
    /// `sts:RoleSessionName`, `sts:ExternalId`, `sts:SourceIdentity`, `aws:PrincipalArn`, `aws:PrincipalAccount`.
    #[must_use]
    pub fn string_equals(self, key: &str, value: &str) -> Self {
        self.condition(Operator::Equals, key, value)
    }

    /// `StringLike`: `*` stands for any characters, `?` for one.
    #[must_use]
    pub fn string_like(self, key: &str, pattern: &str) -> Self {
        self.condition(Operator::Like, key, pattern)
    }

    /// Asks for this external id.
    #[must_use]
    pub fn external_id(self, id: &str) -> Self {
        self.string_equals("sts:ExternalId", id)
    }

    /// Allows session tags as well: `sts:TagSession`.
    #[must_use]
    pub fn tag_session(mut self) -> Self {
        self.actions.push("sts:TagSession".to_owned());
        self
    }

    /// Allows a source identity as well: `sts:SetSourceIdentity`.
    #[must_use]
    pub fn set_source_identity(mut self) -> Self {
        self.actions.push("sts:SetSourceIdentity".to_owned());
        self
    }

    fn condition(mut self, operator: Operator, key: &str, value: &str) -> Self {
        match self.conditions.iter_mut().find(|known| known.operator == operator && known.key == key) {
            Some(known) => known.values.push(value.to_owned()),
            None => {
                let (key, values) = (key.to_owned(), vec![value.to_owned()]);
                self.conditions.push(Condition { operator, key, values });
            }
        }
        self
    }

    /// Whether this statement allows all that is asked.
    pub(super) fn allows(&self, asked: &Asked<'_>) -> bool {
        let principal = match (&self.principal, asked.who) {
            (Trusted::Issuer(trusted), Who::Issuer(issuer)) => trusted == issuer,
            (Trusted::Principal(trusted), Who::Principal(arns)) => {
                trusted == "*" || arns.iter().any(|arn| arn == trusted)
            }
            _ => false,
        };
        principal
            && asked.actions.iter().all(|action| self.actions.iter().any(|allowed| allowed == action))
            && self.conditions.iter().all(|condition| condition.holds(asked.facts))
    }
}

impl Condition {
    fn holds(&self, facts: &[(&str, String)]) -> bool {
        // Names of keys do not tell upper from lower case.
        let found: Vec<_> = facts.iter().filter(|(key, _)| key.eq_ignore_ascii_case(&self.key)).collect();
        found.iter().any(|(_, fact)| {
            self.values.iter().any(|value| match self.operator {
                Operator::Equals => fact == value,
                Operator::Like => is_like(fact, value),
            })
        })
    }
}

/// What a statement is asked about.
pub(super) struct Asked<'a> {
    pub(super) who: Who<'a>,
    pub(super) actions: &'a [&'a str],
    /// Condition keys of the request. A key with several values stands there several times.
    pub(super) facts: &'a [(&'a str, String)],
}

#[derive(Clone, Copy)]
pub(super) enum Who<'a> {
    Issuer(&'a str),
    /// All names by which a policy can mean the caller.
    Principal(&'a [String]),
}

/// Wildcards as in policies: `*` and `?`.
fn is_like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut of) = (0, 0);
    // Where the last star was, and how much of the text it has taken: the only place to go back to.
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(of) {
            Some('*') => {
                star = Some((of, at));
                of += 1;
            }
            Some(&wanted) if wanted == '?' || wanted == text[at] => {
                at += 1;
                of += 1;
            }
            _ => match &mut star {
                Some((star_of, taken)) => {
                    *taken += 1;
                    at = *taken;
                    of = *star_of + 1;
                }
                None => return false,
            },
        }
    }
    pattern[of..].iter().all(|&rest| rest == '*')
}

/// A statement, as it stands in the directory.
pub(super) struct Kept {
    pub(super) id: u64,
    pub(super) statement: TrustStatement,
    pub(super) spreading: Spreading,
}

/// A statement of a role's trust policy, to be changed while the program under test runs.
#[derive(Clone)]
pub struct Trust {
    pub(super) twin: StsTwin,
    pub(super) role_arn: String,
    pub(super) id: u64,
}

impl Trust {
    /// The next calls for its role, so many, do not see it yet.
    pub fn unseen_for(&self, calls: usize) -> &Self {
        self.seen_by(std::iter::repeat_n(false, calls))
    }

    /// Whether each of the next calls for its role sees it: IAM is eventually consistent, so a call may be refused after
    /// one that worked. Afterwards all see it.
    pub fn seen_by(&self, calls: impl IntoIterator<Item = bool>) -> &Self {
        self.edit(|kept| kept.spreading.steps(calls))
    }

    /// No call before this time sees it.
    pub fn seen_from(&self, at: SystemTime) -> &Self {
        self.edit(|kept| kept.spreading.from(at))
    }

    /// Takes it away. Sessions already begun live on.
    pub fn remove(&self) {
        let mut state = self.twin.state();
        if let Some(role) = state.iam.role_mut(&self.role_arn) {
            role.trust.retain(|kept| kept.id != self.id);
        }
    }

    fn edit(&self, change: impl FnOnce(&mut Kept)) -> &Self {
        let mut state = self.twin.state();
        let role = state.iam.role_mut(&self.role_arn);
        if let Some(kept) = role.and_then(|role| role.trust.iter_mut().find(|kept| kept.id == self.id)) {
            change(kept);
        }
        self
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trust(of {})", self.role_arn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_any_and_for_one() {
        for (text, pattern) in [
            ("", ""),
            ("", "*"),
            ("abc", "abc"),
            ("abc", "a*"),
            ("abc", "*c"),
            ("abc", "a?c"),
            ("aXbXc", "a*b*c"),
            ("repo:acme/app:ref:refs/heads/main", "repo:acme/*:ref:refs/heads/main"),
            ("aab", "*ab"),
        ] {
            assert!(is_like(text, pattern), "{text} {pattern}");
        }
        for (text, pattern) in [("", "?"), ("abc", "ab"), ("abc", "a?"), ("ABC", "abc"), ("abc", "*b"), ("a", "a?")] {
            assert!(!is_like(text, pattern), "{text} {pattern}");
        }
    }

    #[test]
    fn values_of_one_key_are_alternatives_and_a_missing_key_fails() {
        let statement = TrustStatement::web_identity("i").string_equals("sub", "a").string_equals("sub", "b");
        let asks = |issuer, facts: &[(&str, String)]| {
            let actions = &["sts:AssumeRoleWithWebIdentity"];
            statement.allows(&Asked { who: Who::Issuer(issuer), actions, facts })
        };
        assert!(asks("i", &[("sub", "b".to_owned())]));
        assert!(!asks("i", &[("sub", "c".to_owned())]));
        assert!(!asks("i", &[("aud", "a".to_owned())]));
        assert!(!asks("j", &[("sub", "a".to_owned())]));
    }
}
