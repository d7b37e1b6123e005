//! What people see: a table that is drawn anew, or a line for each thing that happens.

use std::io::{self, IsTerminal as _};
use std::time::{Duration, SystemTime};

use tokenex::core::{ShutdownReport, State, Status};

use super::credentials::CAST;
use super::outage::{Act, Outage};
use super::tally::{Seen, grouped};
use super::watching::Heard;
use crate::failure::Failure;
use crate::output::{self, Stdout};
use crate::table::{Row, Screen, Table, Tone, brief};

const TITLE: &str = "tokenex demo: one identity, five credentials, kept fresh through two outages";
const STARTING: &str = "starting an issuer and five targets on this machine";

/// Where a run is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Phase {
    /// Nothing is read yet.
    Starting,
    /// So long since all were there, of how long.
    Running(Duration, Duration),
}

/// The one or the other.
pub(super) enum Show {
    Table { table: Table, screen: Screen, lives: [Option<Duration>; CAST.len()] },
    Lines,
}

impl Show {
    /// A table on a terminal, unless lines are wanted.
    pub(super) fn new(plain: bool) -> Self {
        if plain || !io::stdout().is_terminal() {
            return Self::Lines;
        }
        let table = Table::new(CAST.map(|(name, provider)| Row::new(name, provider)));
        Self::Table { table, screen: Screen::on_stdout(), lives: [None; CAST.len()] }
    }

    /// The beginning.
    pub(super) fn begin(&mut self) -> Result<Stdout, Failure> {
        match self {
            Self::Table { table, screen, .. } => paint(table, screen, STARTING),
            Self::Lines => output::data(&format!("{TITLE}\n{STARTING}\n")),
        }
    }

    /// Something was heard of a credential.
    pub(super) fn hear(&mut self, heard: &Heard, seen: &Seen, phase: Phase) -> Result<Stdout, Failure> {
        let now = SystemTime::now();
        let Some(words) = told(heard, seen) else { return Ok(Stdout::Open) };
        let left = heard.update.and_then(|update| update.valid_until?.duration_since(now).ok());
        match self {
            Self::Table { table, lives, .. } => {
                table.row(heard.index).tell(&words, now);
                if left.is_some() {
                    lives[heard.index] = left;
                }
                Ok(Stdout::Open)
            }
            // Of a run of failures, the first: the others say the same.
            Self::Lines if heard.failing.is_some() && heard.in_a_row > heard.failures && !heard.removed => {
                Ok(Stdout::Open)
            }
            Self::Lines => {
                let (name, _) = CAST[heard.index];
                let valid = left.map(|left| format!(", valid for {}", brief(left))).unwrap_or_default();
                line(phase, &format!("{name:<16} {words}{valid}"))
            }
        }
    }

    /// Something was broken or mended.
    pub(super) fn act(&mut self, act: Act, phase: Phase) -> Result<Stdout, Failure> {
        match (self, act) {
            (Self::Table { .. }, _) => Ok(Stdout::Open),
            (Self::Lines, Act::Break(outage)) => line(phase, &format!("OUTAGE: {}", what(outage))),
            (Self::Lines, Act::Mend(outage)) => line(phase, &format!("the outage is over: {}", mended(outage))),
        }
    }

    /// Time has passed.
    pub(super) fn tick(
        &mut self,
        phase: Phase,
        statuses: &[Status],
        seen: &[Seen],
        outage: Option<(Outage, Duration)>,
    ) -> Result<Stdout, Failure> {
        let Self::Table { table, screen, lives } = self else { return Ok(Stdout::Open) };
        for (index, (status, seen)) in statuses.iter().zip(seen).enumerate() {
            let row = table.row(index);
            row.tone(tone(status.state)).valid_until(status.valid_until).lifetime(lives[index]);
            row.next(status.next_attempt_at).refreshes(seen.refreshes);
        }
        table.foot(foot(seen, outage));
        let where_it_is = match phase {
            Phase::Starting => STARTING.to_owned(),
            Phase::Running(elapsed, length) => format!("{} s of {} s", elapsed.as_secs(), length.as_secs()),
        };
        paint(table, screen, &where_it_is)
    }

    /// Everything is closed: the last drawing, which stays.
    pub(super) fn end(&mut self, report: &ShutdownReport, lines: &[String]) -> Result<Stdout, Failure> {
        if let Self::Table { table, screen, .. } = self {
            for (index, (name, _)) in CAST.iter().enumerate() {
                let left = report.left.iter().find(|left| left.name == *name);
                let words = if left.is_some() { "ends by itself" } else { "revocation accepted" };
                table.row(index).tone(Tone::Ended).next(None).valid_until(left.and_then(|left| left.until));
                table.row(index).tell(words, SystemTime::now());
            }
            table.foot([]);
            if paint(table, screen, "over: everything is closed")? == Stdout::Closed {
                return Ok(Stdout::Closed);
            }
            screen.keep();
        }
        output::data(&format!("\n{}\n", lines.join("\n")))
    }
}

fn paint(table: &mut Table, screen: &mut Screen, where_it_is: &str) -> Result<Stdout, Failure> {
    let look = screen.look();
    table.head([Tone::Title.paint(TITLE, look.colour), Tone::Quiet.paint(where_it_is, look.colour), String::new()]);
    screen.draw(&table.lines(SystemTime::now(), &look))
}

fn foot(seen: &[Seen], outage: Option<(Outage, Duration)>) -> Vec<(Tone, String)> {
    let sum = |of: &dyn Fn(&Seen) -> u64| seen.iter().map(of).sum::<u64>();
    let (made, failed) = (sum(&|seen| seen.reads.made), sum(&|seen| seen.reads.failed));
    let reads = match failed {
        0 => (Tone::Good, format!("  read all the time: {} reads, none in vain", grouped(made))),
        failed => (Tone::Bad, format!("  read all the time: {} reads, {} in vain", grouped(made), grouped(failed))),
    };
    let outage = match outage {
        Some((outage, left)) => (Tone::Worried, format!("  OUTAGE for another {}: {}", brief(left), what(outage))),
        None => (Tone::Plain, String::new()),
    };
    vec![(Tone::Plain, String::new()), outage, if made == 0 { (Tone::Plain, String::new()) } else { reads }]
}

fn what(outage: Outage) -> &'static str {
    match outage {
        Outage::Targets => "Azure refuses connections, and Vault is sealed",
        Outage::Issuer => "the issuer answers 503, so there are no identity tokens",
    }
}

fn mended(outage: Outage) -> &'static str {
    match outage {
        Outage::Targets => "Azure and Vault are back",
        Outage::Issuer => "the issuer is back",
    }
}

/// What was heard, in words; `None` when it is nothing to tell.
fn told(heard: &Heard, seen: &Seen) -> Option<String> {
    let verb = heard.update.map(|update| match (update.renewed, seen.refreshes) {
        (true, _) => "renewed",
        (false, 0) => "issued",
        (false, _) => "refreshed",
    });
    match (verb, &heard.failing, heard.recovered, heard.removed) {
        (Some(verb), _, true, _) => Some(format!("{verb}, after {}", failures(heard.in_a_row))),
        (Some(verb), _, false, _) => Some(verb.to_owned()),
        (None, Some(why), _, true) => Some(format!("ENDED, and no new one came: {}", why.what)),
        (None, Some(why), _, false) => Some(format!("{}: {}", failures(heard.in_a_row), why.what)),
        (None, None, true, _) => Some("well again".to_owned()),
        (None, None, false, true) => Some("ENDED, and no new one came".to_owned()),
        (None, None, false, false) => None,
    }
}

fn failures(count: u32) -> String {
    format!("{count} failure{}", if count == 1 { "" } else { "s" })
}

fn tone(state: State) -> Tone {
    match state {
        State::Starting => Tone::Waiting,
        State::Ready => Tone::Good,
        State::Degraded => Tone::Worried,
        State::Closed | State::Shutdown => Tone::Ended,
        _ => Tone::Bad,
    }
}

fn line(phase: Phase, text: &str) -> Result<Stdout, Failure> {
    let at = match phase {
        Phase::Running(elapsed, _) => brief(elapsed),
        Phase::Starting => String::new(),
    };
    output::data(&format!("{at:>7}  {}\n", output::printable(text)))
}
