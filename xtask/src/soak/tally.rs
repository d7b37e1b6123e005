//! What became of the logins.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokenex_core::{Failing, Handle};
use tokenex_vault::DatabaseCredentials;

use super::{LOGIN_EVERY, stage::Tried};
use crate::Failure;

/// Whether a refused login with a valid credential is a failure of the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    Yes,
    /// A static password ends at once when the server rotates it, whatever was said of it.
    No,
}

/// The logins with one credential, and its events.
pub(super) struct Tally {
    name: &'static str,
    judged: Judged,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    tried: u64,
    succeeded: u64,
    failed_database_down: u64,
    /// Nobody answered, though the database was up.
    unanswered: u64,
    refused_outside: u64,
    refused_inside: u64,
    /// There was no credential to try while something was wrong, ...
    nothing_in_trouble: u64,
    /// ... and while nothing was,
    nothing_in_fair_weather: u64,
    /// so many times in a row, until now and at most.
    in_a_row: [u64; 2],
    /// In the words of the database, or of the last failure.
    reasons: BTreeMap<String, u64>,
    generations: u64,
    renewals: u64,
    failures: u64,
    recoveries: u64,
    gaps: u64,
}

impl Tally {
    pub(super) fn new(name: &'static str, judged: Judged) -> Self {
        Self { name, judged, counts: Mutex::default() }
    }

    pub(super) fn count(&self, tried: Tried) {
        let mut counts = self.counts();
        counts.tried += 1;
        counts.in_a_row[0] = 0;
        let Err(error) = tried.outcome else {
            counts.succeeded += 1;
            return;
        };
        let when = match (tried.database_up, error.is_refused(), tried.valid) {
            (false, ..) => {
                counts.failed_database_down += 1;
                return;
            }
            (true, false, _) => {
                counts.unanswered += 1;
                "unanswered".to_owned()
            }
            (true, true, false) => {
                counts.refused_outside += 1;
                "outside its validity".to_owned()
            }
            (true, true, true) => {
                counts.refused_inside += 1;
                match self.judged {
                    Judged::Yes => format!("inside the validity of generation {}", tried.generation),
                    Judged::No => "inside its validity".to_owned(),
                }
            }
        };
        // The user's name differs each time, and says nothing.
        let text = error.to_string();
        let words = text.split('"').step_by(2).collect::<Vec<_>>().join("...");
        *counts.reasons.entry(format!("{when}: {words}")).or_default() += 1;
    }

    /// There was no credential to try, since it was `failing`, while something was wrong or nothing was.
    pub(super) fn had_nothing(&self, failing: Option<&Failing>, in_trouble: bool) {
        let mut counts = self.counts();
        if in_trouble {
            counts.nothing_in_trouble += 1;
            counts.in_a_row[0] = 0;
        } else {
            counts.nothing_in_fair_weather += 1;
            let [now, most] = &mut counts.in_a_row;
            *now += 1;
            *most = (*most).max(*now);
        }
        let why = failing.map_or_else(|| "no failure yet".to_owned(), |failing| format!("{:?}", failing.last.kind()));
        *counts.reasons.entry(format!("no credential: {why}")).or_default() += 1;
    }

    /// Counts events; has no end before that of the credential.
    pub(super) async fn listen(&self, handle: &Handle<DatabaseCredentials>, began: Instant) {
        let mut listener = handle.listen();
        let say = |what: &str| println!("[{:6.1} s]   {} {what}", began.elapsed().as_secs_f64(), self.name);
        let mut gap = false;
        while let Some(event) = listener.next().await {
            let mut counts = self.counts();
            counts.generations += u64::from(event.updated && !event.renewed);
            counts.renewals += u64::from(event.renewed);
            counts.failures += u64::from(event.failing.is_some());
            counts.recoveries += u64::from(event.recovered);
            counts.gaps += u64::from(event.removed.is_some());
            drop(counts);
            if event.removed.is_some() {
                gap = true;
                say("is valid no more");
            }
            if event.updated {
                match (event.renewed, gap) {
                    (false, _) => say("is a new one"),
                    (true, true) => say("is valid again"),
                    (true, false) => {}
                }
                gap = false;
            }
        }
    }

    /// The rule: a login that the database refused, while it was up all the time and the credential was valid by its own
    /// word until the answer, is a failure that the library could have avoided.
    pub(super) fn judge(&self) -> Result<(), Failure> {
        let counts = self.counts();
        if counts.succeeded == 0 {
            return Err(format!("{}: not one login succeeded, so nothing is proved", self.name).into());
        }
        match counts.refused_inside {
            0 => Ok(()),
            refused => Err(format!("{}: {refused} logins were refused with a valid credential", self.name).into()),
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.counts();
        let note = if self.judged == Judged::Yes { "must be 0" } else { "rotated a moment ago; not judged" };
        writeln!(f, "{}:", self.name)?;
        writeln!(f, "  logins tried                         {:>7}", counts.tried)?;
        writeln!(f, "  succeeded                            {:>7}", counts.succeeded)?;
        writeln!(f, "  failed while the database was down   {:>7}", counts.failed_database_down)?;
        writeln!(f, "  unanswered by a database that was up {:>7}", counts.unanswered)?;
        writeln!(f, "  refused outside the stated validity  {:>7}", counts.refused_outside)?;
        writeln!(f, "  refused inside the stated validity   {:>7}  ({note})", counts.refused_inside)?;
        let longest = counts.in_a_row[1] as f64 * LOGIN_EVERY.as_secs_f64();
        writeln!(f, "  not tried, nothing valid in hand:")?;
        writeln!(f, "    while something was wrong          {:>7}", counts.nothing_in_trouble)?;
        writeln!(
            f,
            "    in fair weather                    {:>7}  (at most {longest:.1} s in a row)",
            counts.nothing_in_fair_weather
        )?;
        write!(
            f,
            "  events: {} generations, {} renewals, {} failing, {} recovered, {} removed",
            counts.generations, counts.renewals, counts.failures, counts.recoveries, counts.gaps
        )?;
        for (reason, times) in &counts.reasons {
            write!(f, "\n  {times:>5} x {reason}")?;
        }
        Ok(())
    }
}
