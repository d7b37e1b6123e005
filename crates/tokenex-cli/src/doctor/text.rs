//! All that was found, as people read it.

use std::fmt::Write as _;
use std::time::SystemTime;

use tokenex::core::ShutdownReport;

use super::finding::{Facts, Finding, Said, Verdict};
use super::report::{Examined, Report};
use crate::time::{from_now, rfc3339};

/// Before a detail: below the meaning.
const MARGIN: &str = "                         ";

/// Writes a report bit by bit.
#[derive(Debug, Default)]
pub(crate) struct Writer;

impl Writer {
    /// One credential.
    pub(crate) fn credential(&self, examined: &Examined) -> String {
        let mut text = format!("{} ({})", examined.name, examined.provider);
        if !examined.made_from.is_empty() {
            let _ = write!(text, ", made from {}", examined.made_from.join(", "));
        }
        text.push('\n');
        for finding in &examined.findings {
            step(&mut text, finding);
        }
        text.push('\n');
        text
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

fn step(text: &mut String, finding: &Finding) {
    let _ = writeln!(text, "  {:7}  {:13}  {}", finding.verdict.word(), finding.step.name(), finding.meaning);
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
        let until = match left.until {
            Some(at) => format!("until {} ({})", rfc3339(at), from_now(at, now)),
            None => "without an end".to_owned(),
        };
        let _ = writeln!(text, "  {} lives {until}: {}", left.name, left.because);
    }
}
