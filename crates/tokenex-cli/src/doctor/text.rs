//! All that was found, as people read it.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::time::SystemTime;

use tokenex::core::ShutdownReport;

use super::finding::{Facts, Finding, Said, Verdict};
use super::report::{Examined, Report};
use crate::table::Tone;
use crate::time::{from_now, rfc3339};

/// Before a detail: below the meaning.
const MARGIN: &str = "                         ";

/// Writes a report bit by bit.
#[derive(Debug)]
pub(crate) struct Writer {
    colour: bool,
}

impl Writer {
    /// In colour for people at a terminal who have not asked for none (<https://no-color.org>).
    pub(crate) fn for_stdout() -> Self {
        let is_wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { colour: is_wanted && std::io::stdout().is_terminal() }
    }

    /// One credential.
    pub(crate) fn credential(&self, examined: &Examined) -> String {
        let mut text = format!("{} ({})", examined.name, examined.provider);
        if !examined.made_from.is_empty() {
            let _ = write!(text, ", made from {}", examined.made_from.join(", "));
        }
        text.push('\n');
        for finding in &examined.findings {
            self.step(&mut text, finding);
        }
        text.push('\n');
        text
    }

    fn step(&self, text: &mut String, finding: &Finding) {
        let word = tone(finding.verdict).paint(&format!("{:7}", finding.verdict.word()), self.colour);
        let _ = writeln!(text, "  {word}  {:13}  {}", finding.step.name(), finding.meaning);
        if finding.verdict == Verdict::Skipped {
            return;
        }
        if let Some(said) = &finding.said {
            let _ = writeln!(text, "{MARGIN}said: {}", words(said));
        }
        facts(text, &finding.found, &finding.expected);
        for command in &finding.fix {
            let _ = writeln!(text, "{MARGIN}$ {command}");
        }
    }

    /// What became of what was made, and how it all stands.
    pub(crate) fn end(&self, report: &Report) -> String {
        let mut text = String::new();
        if let Some(withdrawn) = &report.withdrawal {
            withdrawal(&mut text, withdrawn);
        }
        let count = |word: &str| report.credentials.iter().filter(|examined| examined.word() == word).count();
        let counts: Vec<_> = ["ok", "warning", "failed", "skipped"]
            .into_iter()
            .filter(|word| count(word) > 0)
            .map(|word| format!("{} {word}", count(word)))
            .collect();
        let exit = report.exit().map_or(0, |exit| exit as u8);
        let _ = writeln!(text, "{} (exit {exit})", counts.join(", "));
        text
    }
}

fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Ok => Tone::Good,
        Verdict::Warning => Tone::Worried,
        Verdict::Failed(_) => Tone::Bad,
        Verdict::Skipped => Tone::Quiet,
    }
}

fn words(said: &Said) -> String {
    let mut words = match &said.message {
        Some(message) => format!("\"{message}\""),
        None => "nothing that is understood".to_owned(),
    };
    let status = said.status.map(|status| format!("HTTP {status}"));
    let id = said.request_id.as_ref().map(|id| format!("request {id}"));
    let all: Vec<_> = [status, said.code.clone(), id].into_iter().flatten().collect();
    if !all.is_empty() {
        let _ = write!(words, " ({})", all.join(", "));
    }
    words
}

/// What was found, and below it what was expected where the two differ.
fn facts(text: &mut String, found: &Facts, expected: &Facts) {
    let value =
        |facts: &Facts, name: &str| facts.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
    let only_expected = expected.iter().filter(|(name, _)| value(found, name).is_none());
    for (name, _) in found.iter().chain(only_expected) {
        let (is, should) = (value(found, name), value(expected, name));
        match (&is, &should) {
            (Some(is), Some(should)) if is != should => {
                let _ = writeln!(text, "{MARGIN}{name:10}  {is}\n{MARGIN}  expected  {should}");
            }
            (Some(is), _) => {
                let _ = writeln!(text, "{MARGIN}{name:10}  {is}");
            }
            (None, Some(should)) => {
                let _ = writeln!(text, "{MARGIN}{name:10}  (not told)\n{MARGIN}  expected  {should}");
            }
            (None, None) => {}
        }
    }
}

fn withdrawal(text: &mut String, report: &ShutdownReport) {
    let plural = if report.accepted == 1 { "" } else { "s" };
    let _ = writeln!(text, "withdrawn: {} revocation{plural} accepted", report.accepted);
    let now = SystemTime::now();
    for left in &report.left {
        let life = match left.until {
            Some(at) => format!("lives until {} ({})", rfc3339(at), from_now(at, now)),
            None => "stays valid until it is changed or revoked at its target".to_owned(),
        };
        let _ = writeln!(text, "  {} {life}: {}", left.name, left.because);
    }
}
