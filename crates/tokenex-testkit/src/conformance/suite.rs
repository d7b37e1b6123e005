//! Running the laws.

use std::fmt;

use tokenex_core::Provider;

use super::bench::{Bench, Failed, Judged, Make};
use super::law::{self, LAWS, Subject};
use super::report::{Finding, Report, Verdict};

/// Tries laws by name, on real time or not.
type Run = dyn Fn(&[&'static str], bool) -> Vec<Judged>;

/// The laws for one fixture, to be run.
#[must_use = "nothing is tried before `run`"]
pub struct Suite {
    subject: Subject,
    real_time: bool,
    only: Option<Vec<&'static str>>,
    run: Box<Run>,
}

impl Suite {
    pub(super) fn new<P: Provider>(subject: Subject, make: Make<P>, judge: fn(&Bench<P>, &str) -> Judged) -> Self {
        let run = Box::new(move |names: &[&'static str], real_time| {
            let bench = Bench::new(make.clone(), subject, real_time);
            // Nothing can be said of something that does not work at all.
            let usable = bench.facts().map(|_| ());
            let verdict = |name: &&'static str| match &usable {
                Err(Failed::Broken(_)) if *name != law::WORKS => {
                    Err(Failed::NotRun("it does not work even when nothing is in its way".to_owned()))
                }
                _ => judge(&bench, name),
            };
            names.iter().map(verdict).collect()
        });
        Self { subject, real_time: false, only: None, run }
    }

    /// On real time, for what waits for the outside: processes, sockets. Laws about time see less then, and each waits for a
    /// moment.
    pub fn in_real_time(mut self) -> Self {
        self.real_time = true;
        self
    }

    /// Tries these laws only: for looking into one that is broken. The report has no others.
    ///
    /// # Panics
    /// When there is no law of that name for this subject.
    #[track_caller]
    pub fn only(mut self, names: &[&'static str]) -> Self {
        for name in names {
            assert!(self.names().contains(name), "no law of the name \"{name}\" binds a {}", self.subject);
        }
        self.only = Some(names.to_vec());
        self
    }

    /// Tries the laws. Blocks the thread until all are done: some seconds.
    pub fn run(self) -> Report {
        let mut names = self.names();
        names.retain(|name| self.only.as_ref().is_none_or(|only| only.contains(name)));
        let verdicts = (self.run)(&names, self.real_time);
        let findings = names.into_iter().zip(verdicts).map(|(name, verdict)| {
            let verdict = match verdict {
                Ok(seen) => Verdict::Kept(seen),
                Err(Failed::Broken(seen)) => Verdict::Broken(seen),
                Err(Failed::NotRun(why)) => Verdict::NotRun(why),
                Err(Failed::DoesNotApply(why)) => Verdict::DoesNotApply(why),
            };
            Finding { law: law::law(name), verdict }
        });
        Report::new(self.subject, findings.collect())
    }

    fn names(&self) -> Vec<&'static str> {
        LAWS.iter().filter(|law| law.binds.contains(&self.subject)).map(|law| law.name).collect()
    }
}

impl fmt::Debug for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite").field("subject", &self.subject).finish_non_exhaustive()
    }
}
