//! What is asked of a role's session: its role, name, length and limits, checked before anything is sent.
//!
//! The bounds are those of [AssumeRoleWithWebIdentity](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html)
//! and [AssumeRole](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html).

use std::borrow::Cow;
use std::time::Duration;

use tokenex_core::{Error, ErrorKind, Result};

/// The shortest session that AWS makes.
const DURATION_MIN: Duration = Duration::from_secs(900);

/// The longest, if the role allows it.
const DURATION_MAX: Duration = Duration::from_secs(43_200);

/// The characters of an inline policy, and of it and the ARNs of managed ones together.
const POLICY_MAX: usize = 2048;

const POLICY_ARNS_MAX: usize = 10;

/// How long a session's name can be.
const NAME_MAX: usize = 64;

/// The first word of the names that are made here.
const NAME_PREFIX: &str = "tokenex";

/// The choices of a session, as they were made.
#[derive(Debug, Default)]
pub(crate) struct SessionOptions {
    pub(crate) role_arn: String,
    pub(crate) name: Option<String>,
    pub(crate) duration: Option<Duration>,
    pub(crate) policy: Option<String>,
    pub(crate) policy_arns: Vec<String>,
}

/// The choices of a session, within their bounds.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) role_arn: String,
    /// Without one, it is made of who asks.
    pub(crate) name: Option<String>,
    /// Without one, AWS takes an hour.
    pub(crate) seconds: Option<i32>,
    pub(crate) policy: Option<String>,
    pub(crate) policy_arns: Vec<String>,
}

impl SessionOptions {
    pub(crate) fn new(role_arn: String) -> Self {
        Self { role_arn, ..Self::default() }
    }

    /// # Errors
    /// [`ErrorKind::Configuration`], naming the option.
    pub(crate) fn check(self) -> Result<Session> {
        check_role_arn(&self.role_arn)?;
        if let Some(name) = &self.name {
            check_name(name, "session_name", "session name")?;
        }
        let seconds = self.duration.map(|duration| seconds(duration, DURATION_MIN, DURATION_MAX)).transpose()?;
        check_policies(self.policy.as_deref(), &self.policy_arns)?;
        Ok(Session {
            role_arn: self.role_arn,
            name: self.name,
            seconds,
            policy: self.policy,
            policy_arns: self.policy_arns,
        })
    }
}

impl Session {
    /// The session's name. Made of `who`, unless it was chosen: the same each time, so that CloudTrail and conditions on
    /// `sts:RoleSessionName` can count on it.
    pub(crate) fn name_for(&self, who: Option<&str>) -> Cow<'_, str> {
        match &self.name {
            Some(name) => Cow::Borrowed(name),
            None => Cow::Owned(name_of(who.unwrap_or_default())),
        }
    }
}

/// `tokenex` and what of `who` a name can hold.
fn name_of(who: &str) -> String {
    let mut name = String::from(NAME_PREFIX);
    for c in who.chars() {
        match (is_name(c), name.ends_with('-')) {
            _ if name.len() >= NAME_MAX => break,
            (true, _) => {
                if name == NAME_PREFIX {
                    name.push('-');
                }
                name.push(c);
            }
            // One dash for each run of what cannot stand in a name.
            (false, false) => name.push('-'),
            (false, true) => {}
        }
    }
    name.trim_end_matches('-').to_owned()
}

/// `[\w+=,.@-]`
fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_+=,.@-".contains(c)
}

/// A session name, and whatever else has the same form.
///
/// # Errors
/// [`ErrorKind::Configuration`] with this code.
pub(crate) fn check_name(name: &str, code: &str, what: &str) -> Result<()> {
    if !(2..=NAME_MAX).contains(&name.chars().count()) {
        return Err(bad(code, format!("the {what} has {} characters", name.chars().count()))
            .with_advice("it must have 2 to 64"));
    }
    if let Some(wrong) = name.chars().find(|c| !is_name(*c)) {
        return Err(bad(code, format!("the {what} holds the character {wrong:?}"))
            .with_advice("it can hold letters, digits and _+=,.@-"));
    }
    Ok(())
}

/// Whole seconds within bounds.
///
/// # Errors
/// [`ErrorKind::Configuration`].
pub(crate) fn seconds(duration: Duration, min: Duration, max: Duration) -> Result<i32> {
    let out_of_bounds = || {
        bad("duration", format!("the duration is {} s", duration.as_secs_f64())).with_advice(format!(
            "it must be {} to {} s",
            min.as_secs(),
            max.as_secs()
        ))
    };
    if !(min..=max).contains(&duration) {
        return Err(out_of_bounds());
    }
    i32::try_from(duration.as_secs()).map_err(|_| out_of_bounds())
}

fn check_role_arn(arn: &str) -> Result<()> {
    const FORM: &str = "write it as arn:aws:iam::123456789012:role/name; `aws iam get-role --role-name name` prints it";
    let bad = |what: &'static str| Err(bad("role_arn", what).with_advice(FORM));
    if arn.trim() != arn {
        return bad("there are blanks around the role's ARN");
    }
    if !(20..=2048).contains(&arn.chars().count()) {
        return bad("the role's ARN is not 20 to 2048 characters long");
    }
    let Some(arn) = Arn::read(arn) else { return bad("the role's ARN is not an ARN") };
    if arn.service == "sts" || arn.resource.starts_with("assumed-role/") {
        return bad("the role's ARN is that of a session, not of the role");
    }
    if arn.service != "iam" || !arn.region.is_empty() {
        return bad("the role's ARN is not one of IAM");
    }
    if !is_account(arn.account) {
        return bad("the account in the role's ARN is not 12 digits");
    }
    match arn.resource.strip_prefix("role/") {
        Some(name) if !name.is_empty() && !name.ends_with('/') => Ok(()),
        Some(_) => bad("the role's ARN lacks the name of the role"),
        None => bad("the role's ARN is that of something else than a role"),
    }
}

fn check_policies(policy: Option<&str>, arns: &[String]) -> Result<()> {
    if let Some(policy) = policy {
        let bad = |what: &'static str| Err(bad("policy", what).with_advice("give the JSON of an IAM policy"));
        if !policy.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{ff}')) {
            return bad("the session policy holds characters beyond Latin-1, or control characters");
        }
        if !serde_json::from_str::<serde_json::Value>(policy).is_ok_and(|policy| policy.is_object()) {
            return bad("the session policy is not a JSON object");
        }
    }
    if arns.len() > POLICY_ARNS_MAX {
        return Err(bad("policy_arn", format!("there are {} managed session policies", arns.len()))
            .with_advice(format!("AWS takes {POLICY_ARNS_MAX}")));
    }
    for arn in arns {
        let is_policy = (20..=2048).contains(&arn.chars().count())
            && Arn::read(arn).is_some_and(|arn| {
                arn.service == "iam"
                    && (arn.account == "aws" || is_account(arn.account))
                    && arn.resource.strip_prefix("policy/").is_some_and(|name| !name.is_empty())
            });
        if !is_policy {
            return Err(bad("policy_arn", "the ARN of a managed session policy is not that of a policy").with_advice(
                "write it as arn:aws:iam::aws:policy/ReadOnlyAccess or arn:aws:iam::123456789012:policy/name",
            ));
        }
    }
    let length =
        policy.into_iter().chain(arns.iter().map(String::as_str)).map(|text| text.chars().count()).sum::<usize>();
    if length > POLICY_MAX {
        return Err(bad("policy", format!("the session policies have {length} characters together")).with_advice(
            format!("AWS takes {POLICY_MAX}; leave blanks out, or attach more of it to the role itself"),
        ));
    }
    Ok(())
}

/// The parts of an [ARN](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html).
struct Arn<'a> {
    service: &'a str,
    region: &'a str,
    account: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let (Some("arn"), Some(partition)) = (parts.next(), parts.next()) else { return None };
        let arn = Self {
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next().filter(|resource| resource.bytes().all(|byte| byte.is_ascii_graphic()))?,
        };
        partition.starts_with("aws").then_some(arn)
    }
}

fn is_account(account: &str) -> bool {
    account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())
}

/// An option that is missing or wrong.
pub(crate) fn bad(code: &str, what: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Configuration, what).with_provider("aws").with_code(code)
}

#[cfg(test)]
mod tests;
