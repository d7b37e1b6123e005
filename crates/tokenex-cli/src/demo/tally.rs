//! What was counted, and whether it proves what it should.

use std::time::Duration;

use tokenex::core::{LeftBecause, ShutdownReport};

use super::watching::{Heard, ReadCounts};
use crate::failure::{Exit, Failure};
use crate::table::brief;
use crate::time::words;

/// What was seen of one credential.
#[derive(Debug, Default, Clone)]
pub(super) struct Seen {
    pub(super) provider: &'static str,
    pub(super) reads: ReadCounts,
    /// New ones and renewals, after the first.
    pub(super) refreshes: u64,
    /// Whether there was a first.
    begun: bool,
    /// Attempts that failed.
    pub(super) failures: u64,
    /// Runs of failures that ended with a fresh credential, before the one in hand had ended.
    pub(super) survived: u64,
    /// Times at which there was none.
    pub(super) gaps: u64,
    /// How many credentials the target has issued, as the target counted.
    pub(super) issued: u64,
}

impl Seen {
    pub(super) fn of(provider: &'static str) -> Self {
        Self { provider, ..Self::default() }
    }

    pub(super) fn hear(&mut self, heard: &Heard) {
        self.refreshes += u64::from(heard.update.is_some() && self.begun);
        self.begun |= heard.update.is_some();
        self.failures += u64::from(heard.failures);
        self.gaps += u64::from(heard.removed);
        self.survived += u64::from(heard.recovered && !heard.removed);
    }
}

/// Everything that was counted.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) ran: Duration,
    /// Somebody wanted it to end before its time.
    pub(super) interrupted: bool,
    pub(super) seen: Vec<Seen>,
    /// What the scheduler says of its end.
    pub(super) report: ShutdownReport,
    /// Revocations that Vault accepted in all, as Vault counted.
    pub(super) revoked: usize,
    /// Logins and leases that live at Vault after the end.
    pub(super) alive: usize,
}

impl Tally {
    fn sum(&self, of: impl Fn(&Seen) -> u64) -> u64 {
        self.seen.iter().map(of).sum()
    }

    /// For people.
    pub(super) fn lines(&self) -> Vec<String> {
        let reads = self.sum(|seen| seen.reads.made);
        let failed = self.sum(|seen| seen.reads.failed);
        let uses = self.sum(|seen| seen.reads.used);
        let refused = self.sum(|seen| seen.reads.refused);
        let failures = self.sum(|seen| seen.failures);
        let line = |what: &str, count: u64, more: String| format!("  {what:<20}{:>8}   {more}", grouped(count));
        let mut lines = vec![
            format!(
                "What was seen in {}{}:",
                words(whole(self.ran)),
                if self.interrupted { ", then interrupted" } else { "" }
            ),
            line("reads", reads, none_or(failed, "failed")),
            line("uses at the targets", uses, none_or(refused, "refused")),
            line("exchanges", self.sum(|seen| seen.issued), self.each(|seen| seen.issued) + ", as they counted"),
            line("refreshes", self.sum(|seen| seen.refreshes), self.each(|seen| seen.refreshes)),
            line("failed attempts", failures, self.outages()),
            line("revocations", self.revoked as u64, self.revocations()),
        ];
        let (short, lost): (Vec<_>, Vec<_>) =
            self.report.left.iter().partition(|left| matches!(left.because, LeftBecause::NotRevocable));
        let longest = short.iter().filter_map(|left| left.lives).max().unwrap_or_default();
        if !short.is_empty() {
            let more = format!("cannot be revoked; the last of them ends by itself in {}", brief(longest));
            lines.push(line("live on", short.len() as u64, more));
        }
        // What should have been revoked and was not, in the library's own words.
        lines.extend(lost.iter().map(|left| format!("  {left}")));
        lines
    }

    fn each(&self, of: impl Fn(&Seen) -> u64) -> String {
        self.seen.iter().map(|seen| format!("{} {}", seen.provider, of(seen))).collect::<Vec<_>>().join(", ")
    }

    fn outages(&self) -> String {
        let (survived, gaps) = (self.sum(|seen| seen.survived), self.sum(|seen| seen.gaps));
        let times = |count: u64| if count == 1 { "once".to_owned() } else { format!("{count} times") };
        match (survived, gaps) {
            (0, 0) if self.sum(|seen| seen.failures) == 0 => "no outage met a refresh".to_owned(),
            (survived, 0) => format!("survived: {} a credential was fresh again before it ended", times(survived)),
            (_, gaps) => format!("{} a credential ended before there was a new one", times(gaps)),
        }
    }

    fn revocations(&self) -> String {
        match self.alive {
            0 => "accepted by Vault, where nothing of ours lives on".to_owned(),
            alive => format!("accepted by Vault, where {alive} of ours live on"),
        }
    }

    /// Whether this proves that credentials are always fresh.
    ///
    /// # Errors
    /// In words, when it does not.
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        let guilty = |of: &dyn Fn(&Seen) -> bool| {
            let names: Vec<_> = self.seen.iter().filter(|seen| of(seen)).map(|seen| seen.provider).collect();
            names.join(", ")
        };
        let failed = self.sum(|seen| seen.reads.failed);
        if failed > 0 {
            let whose = guilty(&|seen| seen.reads.failed > 0);
            return Err(unproved(format!("{} reads found no credential: {whose}", grouped(failed))).with_help(
                "an outage that outlasts what is left of a life costs reads; so does a machine that stands still",
            ));
        }
        let refused = self.sum(|seen| seen.reads.refused);
        if refused > 0 {
            let whose = guilty(&|seen| seen.reads.refused > 0);
            return Err(unproved(format!("{} credentials were refused when used: {whose}", grouped(refused))));
        }
        let stale = guilty(&|seen| seen.reads.made == 0 || seen.refreshes == 0);
        match (stale.is_empty(), self.interrupted) {
            (true, _) => Ok(()),
            (false, true) => Err(unproved(format!("interrupted before each credential was refreshed: {stale}"))),
            (false, false) => Err(unproved(format!("not refreshed once: {stale}"))),
        }
    }
}

fn unproved(message: String) -> Failure {
    Failure::new(Exit::Internal, message)
}

fn none_or(count: u64, what: &str) -> String {
    if count == 0 { format!("none {what}") } else { format!("{} {what}", grouped(count)) }
}

/// Without the part of a second.
fn whole(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs())
}

/// `12,345`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests;
