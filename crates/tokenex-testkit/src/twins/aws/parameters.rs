//! The bounds of parameters, and AWS's words for those who overstep them.

use super::refusal::{self, Refusal};
use crate::twins::form::Form;

/// Collects what is wrong: AWS tells all at once.
#[derive(Default)]
pub(super) struct Problems(Vec<String>);

impl Problems {
    /// Everything that is wrong, in one refusal.
    pub(super) fn none(self) -> Result<(), Refusal> {
        let count = self.0.len();
        if count == 0 {
            return Ok(());
        }
        let plural = if count == 1 { "error" } else { "errors" };
        Err(refusal::validation(format!("{count} validation {plural} detected: {}", self.0.join("; "))))
    }

    /// A text of so many characters that must be there.
    pub(super) fn required<'a>(&mut self, form: &'a Form, name: &str, length: (usize, usize)) -> &'a str {
        match form.get(name) {
            Some(value) => {
                self.length(name, value, length);
                value
            }
            None => {
                self.add(name, Some("null"), "Member must not be null");
                ""
            }
        }
    }

    /// A text of so many characters that may be there.
    pub(super) fn optional<'a>(&mut self, form: &'a Form, name: &str, length: (usize, usize)) -> Option<&'a str> {
        form.get(name).inspect(|value| self.length(name, value, length))
    }

    /// A whole number within these bounds that may be there.
    pub(super) fn number(&mut self, form: &Form, name: &str, bounds: (u64, u64)) -> Option<u64> {
        let text = form.get(name)?;
        let shown = format!("'{text}'");
        match text.parse::<u64>() {
            Ok(number) if number < bounds.0 => {
                let rule = format!("Member must have value greater than or equal to {}", bounds.0);
                self.add(name, Some(&shown), &rule);
            }
            Ok(number) if number > bounds.1 => {
                let rule = format!("Member must have value less than or equal to {}", bounds.1);
                self.add(name, Some(&shown), &rule);
            }
            Ok(number) => return Some(number),
            Err(_) => self.add(name, Some(&shown), "Member must be an integer"),
        }
        None
    }

    pub(super) fn length(&mut self, name: &str, value: &str, (least, most): (usize, usize)) {
        let count = value.chars().count();
        if count < least {
            self.add(
                name,
                shown(name, value).as_deref(),
                &format!("Member must have length greater than or equal to {least}"),
            );
        } else if count > most {
            self.add(
                name,
                shown(name, value).as_deref(),
                &format!("Member must have length less than or equal to {most}"),
            );
        }
    }

    /// Letters, digits, underscores, and these.
    pub(super) fn characters(&mut self, name: &str, value: &str, others: &str) {
        let allowed = |c: char| c.is_alphanumeric() || c == '_' || others.contains(c);
        if !value.chars().all(allowed) {
            let rule = format!("Member must satisfy regular expression pattern: [\\w{others}]*");
            self.add(name, shown(name, value).as_deref(), &rule);
        }
    }

    pub(super) fn at_most(&mut self, name: &str, count: usize, most: usize) {
        if count > most {
            self.add(name, None, &format!("Member must have length less than or equal to {most}"));
        }
    }

    pub(super) fn add(&mut self, name: &str, value: Option<&str>, rule: &str) {
        let mut name = name.to_owned();
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        let value = value.map(|value| format!("{value} ")).unwrap_or_default();
        self.0.push(format!("Value {value}at '{name}' failed to satisfy constraint: {rule}"));
    }
}

/// The value as the refusal repeats it. Secrets are not repeated.
fn shown(name: &str, value: &str) -> Option<String> {
    (name != "WebIdentityToken").then(|| format!("'{value}'"))
}

/// The members of a list: `Audience.member.1`, `Audience.member.2` and so on; `Tags.member.1.Key` with a field.
pub(super) fn members<'a>(form: &'a Form, list: &str, field: &str) -> Vec<&'a str> {
    (1..).map_while(|number| form.get(&format!("{list}.member.{number}{field}"))).collect()
}

/// The pairs of a list of tags. A value may be empty.
pub(super) fn tags(problems: &mut Problems, form: &Form) -> Vec<(String, String)> {
    let pair = |number: usize| {
        let key = form.get(&format!("Tags.member.{number}.Key"))?;
        let value = form.get(&format!("Tags.member.{number}.Value")).unwrap_or_default();
        Some((key.to_owned(), value.to_owned()))
    };
    let tags: Vec<_> = (1..).map_while(pair).collect();
    problems.at_most("Tags", tags.len(), 50);
    for (number, (key, value)) in (1..).zip(&tags) {
        problems.length(&format!("tags.{number}.member.key"), key, (1, 128));
        problems.length(&format!("tags.{number}.member.value"), value, (0, 256));
    }
    tags
}

/// Session name, duration and session policies: what all ways to a role have in common.
pub(super) struct SessionParameters<'a> {
    pub(super) role_arn: &'a str,
    pub(super) session_name: &'a str,
    pub(super) duration: Option<u64>,
    policy: Option<&'a str>,
    policy_arns: Vec<&'a str>,
}

/// Most characters of session policies in plain text, inline and ARNs together.
const POLICY: usize = 2048;

impl<'a> SessionParameters<'a> {
    pub(super) fn read(problems: &mut Problems, form: &'a Form) -> Self {
        let session_name = problems.required(form, "RoleSessionName", (2, 64));
        problems.characters("RoleSessionName", session_name, "+=,.@-");
        let policy_arns = members(form, "PolicyArns", ".arn");
        problems.at_most("PolicyArns", policy_arns.len(), 10);
        Self {
            role_arn: problems.required(form, "RoleArn", (20, 2048)),
            session_name,
            duration: problems.number(form, "DurationSeconds", (900, 43_200)),
            policy: form.get("Policy"),
            policy_arns,
        }
    }

    /// How full the policies are, in percent; `None` where there are none.
    pub(super) fn packed_policy_size(&self) -> Result<Option<usize>, Refusal> {
        if self.policy.is_none() && self.policy_arns.is_empty() {
            return Ok(None);
        }
        if let Some(policy) = self.policy {
            let read: Result<serde_json::Value, _> = serde_json::from_str(policy);
            if !read.is_ok_and(|policy| policy["Statement"].is_array() || policy["Statement"].is_object()) {
                return Err(refusal::malformed_policy());
            }
        }
        let characters: usize = self.policy.iter().chain(&self.policy_arns).map(|text| text.chars().count()).sum();
        let percent = (characters * 100).div_ceil(POLICY);
        if percent > 100 { Err(refusal::policy_too_large(percent)) } else { Ok(Some(percent)) }
    }
}
