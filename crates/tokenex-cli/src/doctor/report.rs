//! All that was found, as programs read it.

use std::time::SystemTime;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use tokenex::core::ShutdownReport;

use super::finding::{Finding, Verdict};
use crate::failure::Exit;
use crate::time::rfc3339;

/// One credential, walked to its end.
#[derive(Debug, Clone)]
pub(crate) struct Examined {
    pub(crate) name: String,
    pub(crate) provider: &'static str,
    /// Named on the command line, or one of all; else it is here for what is made from it.
    pub(crate) asked: bool,
    /// The credentials that it is made from.
    pub(crate) made_from: Vec<String>,
    pub(crate) findings: Vec<Finding>,
}

impl Examined {
    /// What the worst of its steps would have the program exit with.
    pub(crate) fn exit(&self) -> Option<Exit> {
        worst(self.findings.iter().filter_map(Finding::exit))
    }

    /// Why its last steps were not taken, when that was not its own fault.
    fn is_skipped(&self) -> bool {
        self.findings.iter().all(|finding| finding.verdict == Verdict::Skipped)
    }

    pub(crate) fn word(&self) -> &'static str {
        if self.exit().is_some() {
            "failed"
        } else if self.is_skipped() {
            "skipped"
        } else if self.findings.iter().any(|finding| finding.verdict == Verdict::Warning) {
            "warning"
        } else {
            "ok"
        }
    }
}

impl Serialize for Examined {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut credential = serializer.serialize_struct("Credential", 7)?;
        credential.serialize_field("name", &self.name)?;
        credential.serialize_field("provider", self.provider)?;
        credential.serialize_field("asked", &self.asked)?;
        credential.serialize_field("made_from", &self.made_from)?;
        credential.serialize_field("result", self.word())?;
        credential.serialize_field("exit", &code(self.exit()))?;
        credential.serialize_field("steps", &self.findings)?;
        credential.end()
    }
}

/// A whole walk, and what became of what it made.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) credentials: Vec<Examined>,
    pub(crate) withdrawal: Option<ShutdownReport>,
}

impl Report {
    /// What the worst of all credentials would have the program exit with.
    pub(crate) fn exit(&self) -> Option<Exit> {
        worst(self.credentials.iter().filter_map(Examined::exit))
    }

    pub(crate) fn word(&self) -> &'static str {
        let any = |word: &str| self.credentials.iter().any(|examined| examined.word() == word);
        ["failed", "skipped", "warning"].into_iter().find(|word| any(word)).unwrap_or("ok")
    }
}

/// The shape is part of what the program promises.
impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut report = serializer.serialize_struct("Report", 6)?;
        report.serialize_field("version", &1)?;
        report.serialize_field("time", &rfc3339(SystemTime::now()))?;
        report.serialize_field("result", self.word())?;
        report.serialize_field("exit", &code(self.exit()))?;
        report.serialize_field("credentials", &self.credentials)?;
        report.serialize_field("withdrawal", &self.withdrawal.as_ref().map(Withdrawal::of))?;
        report.end()
    }
}

#[derive(Serialize)]
struct Withdrawal<'a> {
    revocations_accepted: u32,
    left: Vec<Left<'a>>,
}

#[derive(Serialize)]
struct Left<'a> {
    name: &'a str,
    until: Option<String>,
    because: String,
}

impl<'a> Withdrawal<'a> {
    fn of(report: &'a ShutdownReport) -> Self {
        let left = report.left.iter().map(|left| Left {
            name: &left.name,
            until: left.until.map(rfc3339),
            because: left.because.to_string(),
        });
        Self { revocations_accepted: report.accepted, left: left.collect() }
    }
}

fn code(exit: Option<Exit>) -> u8 {
    exit.map_or(0, |exit| exit as u8)
}

fn worst(exits: impl Iterator<Item = Exit>) -> Option<Exit> {
    exits.min_by_key(|exit| exit.place())
}

#[cfg(test)]
mod tests {
    use super::super::finding::Step;
    use super::*;

    fn examined(verdicts: &[Verdict]) -> Examined {
        let findings = verdicts.iter().map(|verdict| Finding::new(Step::Token, *verdict, "")).collect();
        Examined { name: "a".to_owned(), provider: "aws", asked: true, made_from: Vec::new(), findings }
    }

    #[test]
    fn the_worst_decides_in_the_order_that_is_documented() {
        use Verdict::{Failed, Ok, Skipped, Warning};
        let report = |all: &[&[Verdict]]| Report {
            credentials: all.iter().map(|verdicts| examined(verdicts)).collect(),
            withdrawal: None,
        };
        let healthy = report(&[&[Ok, Skipped], &[Ok]]);
        assert_eq!((healthy.word(), healthy.exit()), ("ok", None));
        let odd = report(&[&[Ok, Warning]]);
        assert_eq!((odd.word(), odd.exit()), ("warning", None));
        let down = [Failed(Exit::Unreachable)];
        let refused = [Failed(Exit::Authorization)];
        let distrusted = [Failed(Exit::Trust), Skipped];
        let bad = report(&[&down, &refused, &distrusted]);
        assert_eq!((bad.word(), bad.exit()), ("failed", Some(Exit::Trust)));
        assert_eq!(report(&[&down, &refused]).exit(), Some(Exit::Authorization));
        assert_eq!(report(&[&[Skipped, Skipped], &[Ok]]).word(), "skipped");
    }
}
