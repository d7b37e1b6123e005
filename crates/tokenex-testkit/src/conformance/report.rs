//! What the suite has found.

use std::fmt;

use super::law::{LAWS, Law, Subject};

/// What came of one law.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It holds, as far as this was seen.
    Kept(String),
    /// It does not hold, and this was seen.
    Broken(String),
    /// It could not be tried: the fixture has to say something more.
    NotRun(String),
    /// There is nothing that it could apply to, such as revoking where nothing can be revoked.
    DoesNotApply(String),
}

/// One law and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The law.
    pub law: &'static Law,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of all the laws that bind one subject. `Display` shows each of them.
#[derive(Debug, Clone)]
#[must_use = "a report that nobody looks at proves nothing; end with `assert_all`"]
pub struct Report {
    subject: Subject,
    findings: Vec<Finding>,
}

impl Report {
    pub(super) fn new(subject: Subject, findings: Vec<Finding>) -> Self {
        Self { subject, findings }
    }

    /// One for each law that binds the subject, in the order of [`LAWS`].
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What came of one law.
    ///
    /// # Panics
    /// When there is no law of that name, or it does not bind this subject.
    #[track_caller]
    pub fn outcome(&self, law: &str) -> &Outcome {
        match self.findings.iter().find(|finding| finding.law.name == law) {
            Some(finding) => &finding.outcome,
            None => panic!(
                "no law of the name \"{law}\" binds a {}; there are: {}",
                self.subject,
                LAWS.iter()
                    .filter(|law| law.binds.contains(&self.subject))
                    .map(|law| law.name)
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        }
    }

    /// The names of the laws that do not hold.
    pub fn broken(&self) -> Vec<&'static str> {
        self.names(|outcome| matches!(outcome, Outcome::Broken(_)))
    }

    /// The names of the laws that could not be tried.
    pub fn not_run(&self) -> Vec<&'static str> {
        self.names(|outcome| matches!(outcome, Outcome::NotRun(_)))
    }

    /// Everything was tried, and everything holds.
    ///
    /// # Panics
    /// With the report, when a law is broken or could not be tried.
    #[track_caller]
    pub fn assert_all(&self) {
        let (broken, not_run) = (self.broken(), self.not_run());
        assert!(
            broken.is_empty() && not_run.is_empty(),
            "{} laws are broken and {} could not be tried\n{self}",
            broken.len(),
            not_run.len()
        );
    }

    /// Nothing is broken. Says on standard error which laws could not be tried, and what they need.
    ///
    /// # Panics
    /// With the report, when a law is broken.
    #[track_caller]
    pub fn assert_none_broken(&self) {
        let broken = self.broken();
        assert!(broken.is_empty(), "{} laws are broken\n{self}", broken.len());
        #[expect(clippy::print_stderr, reason = "a test says what it did not look at")]
        for finding in &self.findings {
            if let Outcome::NotRun(why) = &finding.outcome {
                eprintln!("not tried: {}: {why}", finding.law.name);
            }
        }
    }

    fn names(&self, wanted: impl Fn(&Outcome) -> bool) -> Vec<&'static str> {
        self.findings.iter().filter(|finding| wanted(&finding.outcome)).map(|finding| finding.law.name).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "conformance of a {}:", self.subject)?;
        for Finding { law, outcome } in &self.findings {
            let (word, seen) = match outcome {
                Outcome::Kept(seen) => ("kept", seen),
                Outcome::Broken(seen) => ("BROKEN", seen),
                Outcome::NotRun(why) => ("not run", why),
                Outcome::DoesNotApply(why) => ("n/a", why),
            };
            writeln!(f, "  {word:<8} {:<20} {seen}", law.name)?;
            if matches!(outcome, Outcome::Broken(_)) {
                writeln!(f, "  {:<8} {:<20} the law: {}", "", "", law.sentence)?;
            }
        }
        Ok(())
    }
}
