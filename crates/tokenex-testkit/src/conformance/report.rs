//! What the suite has found.

use std::fmt;

use super::law::{LAWS, Law, Subject};

/// What came of one law.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It holds, as far as this was seen.
    Kept(String),
    /// It does not hold, and this was seen.
    Broken(String),
    /// It could not be tried: the fixture has to say something more.
    NotRun(String),
    /// There is nothing that it could apply to, such as revoking where nothing can be revoked.
    DoesNotApply(String),
}

impl Verdict {
    /// Whether it was tried, and holds.
    pub fn is_kept(&self) -> bool {
        matches!(self, Self::Kept(_))
    }
}

/// One law and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The law.
    pub law: &'static Law,
    /// What came of it.
    pub verdict: Verdict,
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
    pub fn verdict(&self, law: &str) -> &Verdict {
        match self.findings.iter().find(|finding| finding.law.name == law) {
            Some(finding) => &finding.verdict,
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
        self.names(|verdict| matches!(verdict, Verdict::Broken(_)))
    }

    /// The names of the laws that could not be tried.
    pub fn not_run(&self) -> Vec<&'static str> {
        self.names(|verdict| matches!(verdict, Verdict::NotRun(_)))
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
            if let Verdict::NotRun(why) = &finding.verdict {
                eprintln!("not tried: {}: {why}", finding.law.name);
            }
        }
    }

    fn names(&self, wanted: impl Fn(&Verdict) -> bool) -> Vec<&'static str> {
        self.findings.iter().filter(|finding| wanted(&finding.verdict)).map(|finding| finding.law.name).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "conformance of a {}:", self.subject)?;
        for Finding { law, verdict } in &self.findings {
            let (word, seen) = match verdict {
                Verdict::Kept(seen) => ("kept", seen),
                Verdict::Broken(seen) => ("BROKEN", seen),
                Verdict::NotRun(why) => ("not run", why),
                Verdict::DoesNotApply(why) => ("n/a", why),
            };
            writeln!(f, "  {word:<8} {:<20} {seen}", law.name)?;
            if matches!(verdict, Verdict::Broken(_)) {
                writeln!(f, "  {:<8} {:<20} the law: {}", "", "", law.sentence)?;
            }
        }
        Ok(())
    }
}
