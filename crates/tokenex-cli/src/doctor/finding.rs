//! What is found at a step.

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use tokenex::Error;

use crate::failure::Exit;
use crate::output::printable;

/// A longer text is cut: what matters is how it begins.
const LONGEST: usize = 600;

/// The steps, in the order in which they are taken. Every credential has all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Configuration,
    Token,
    Clock,
    Discovery,
    Keys,
    Signature,
    Audience,
    Exchange,
    Access,
    Probe,
}

impl Step {
    pub(crate) const ALL: [Self; 10] = [
        Self::Configuration,
        Self::Token,
        Self::Clock,
        Self::Discovery,
        Self::Keys,
        Self::Signature,
        Self::Audience,
        Self::Exchange,
        Self::Access,
        Self::Probe,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Token => "token",
            Self::Clock => "clock",
            Self::Discovery => "discovery",
            Self::Keys => "keys",
            Self::Signature => "signature",
            Self::Audience => "audience",
            Self::Exchange => "exchange",
            Self::Access => "access",
            Self::Probe => "probe",
        }
    }
}

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Ok,
    /// Odd as seen from here. It is the target that decides.
    Warning,
    /// Trust breaks here, and so would the program exit.
    Failed(Exit),
    /// Not taken.
    Skipped,
}

impl Verdict {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed(_) => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// Names and values, in the order in which people read them.
pub(crate) type Facts = Vec<(&'static str, String)>;

/// What is found at a step. It holds no secret.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    pub(crate) step: Step,
    pub(crate) verdict: Verdict,
    pub(crate) found: Facts,
    pub(crate) expected: Facts,
    pub(crate) said: Option<Said>,
    /// What it means, and what to do; no final stop.
    pub(crate) meaning: String,
    /// Command lines that would repair it, or show what is there.
    pub(crate) fix: Vec<String>,
    /// What is seen from here cannot be right wherever one stands.
    pub(crate) contradicts: bool,
}

/// The target's error in its own words.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Said {
    pub(crate) status: Option<u16>,
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) request_id: Option<String>,
}

impl Finding {
    pub(crate) fn new(step: Step, verdict: Verdict, meaning: impl Into<String>) -> Self {
        Self {
            step,
            verdict,
            found: Facts::new(),
            expected: Facts::new(),
            said: None,
            meaning: shown(&meaning.into()),
            fix: Vec::new(),
            contradicts: false,
        }
    }

    pub(crate) fn ok(step: Step, meaning: impl Into<String>) -> Self {
        Self::new(step, Verdict::Ok, meaning)
    }

    pub(crate) fn warning(step: Step, meaning: impl Into<String>) -> Self {
        Self::new(step, Verdict::Warning, meaning)
    }

    pub(crate) fn skipped(step: Step, why: impl Into<String>) -> Self {
        Self::new(step, Verdict::Skipped, why)
    }

    pub(crate) fn found(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        self.found.push((name, shown(value.as_ref())));
        self
    }

    pub(crate) fn expected(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        self.expected.push((name, shown(value.as_ref())));
        self
    }

    /// As [`found`](Self::found), if there is anything.
    pub(crate) fn maybe_found(self, name: &'static str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.found(name, value),
            None => self,
        }
    }

    pub(crate) fn fixes(mut self, commands: impl IntoIterator<Item = String>) -> Self {
        self.fix.extend(commands);
        self
    }

    /// What the far end said, if it said anything.
    pub(crate) fn said(mut self, error: &Error) -> Self {
        let status = error.status().map(|status| status.as_u16());
        let text = |text: Option<&str>| text.map(shown);
        if status.is_some() || error.said().is_some() {
            self.said = Some(Said {
                status,
                code: text(error.code()),
                message: text(error.said()),
                request_id: text(error.request_id().or(error.correlation_id())),
            });
        }
        self
    }

    pub(crate) fn contradicting(mut self) -> Self {
        self.contradicts = true;
        self
    }

    pub(crate) fn exit(&self) -> Option<Exit> {
        match self.verdict {
            Verdict::Failed(exit) => Some(exit),
            _ => None,
        }
    }
}

/// The shape is part of what the program promises.
impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut step = serializer.serialize_struct("Step", 7)?;
        step.serialize_field("name", self.step.name())?;
        step.serialize_field("result", self.verdict.word())?;
        step.serialize_field("found", &Ordered(&self.found))?;
        step.serialize_field("expected", &Ordered(&self.expected))?;
        step.serialize_field("said", &self.said)?;
        step.serialize_field("meaning", &self.meaning)?;
        step.serialize_field("fix", &self.fix)?;
        step.end()
    }
}

struct Ordered<'a>(&'a Facts);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// What an error is about: without who failed, what was said and what to do, which have places of their own.
pub(crate) fn what(error: &Error) -> String {
    let text = error.to_string();
    let named = match (error.provider(), error.step()) {
        (Some(provider), Some(step)) => format!("{provider} {step}: "),
        (Some(one), None) | (None, Some(one)) => format!("{one}: "),
        (None, None) => String::new(),
    };
    let text = text.strip_prefix(&named).unwrap_or(&text);
    let ends = [
        error.status().map(|status| format!(" (HTTP {})", status.as_u16())),
        error.code().map(|code| format!(" [{code}]")),
        error.said().map(|said| format!(": \"{said}\"")),
        error.presented().map(|_| "; the token said issuer".to_owned()),
        error.advice().map(|advice| format!("; {advice}")),
        error.request_id().map(|id| format!(" (request {id})")),
        error.correlation_id().map(|id| format!(" (correlation {id})")),
        error.time().map(|time| format!(" (at {time})")),
        error.next_attempt_in().map(|_| "; next attempt in ".to_owned()),
    ];
    let end = ends.iter().flatten().filter_map(|end| text.find(end.as_str())).min();
    text[..end.unwrap_or(text.len())].to_owned()
}

/// What an error is about, and what to do.
pub(crate) fn what_and_advice(error: &Error) -> String {
    match error.advice() {
        Some(advice) => format!("{}; {advice}", what(error)),
        None => what(error),
    }
}

/// Harmless in a terminal, and not too long.
fn shown(text: &str) -> String {
    let text = printable(text);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use tokenex::core::{Claims, ErrorKind};

    use super::*;

    #[test]
    fn what_an_error_is_about_is_told_apart_from_all_that_goes_with_it() {
        let bare = Error::new(ErrorKind::Trust, "it was refused (as before)");
        assert_eq!(what(&bare), "it was refused (as before)");
        let full = bare
            .with_provider("aws")
            .with_step("web identity")
            .with_status(StatusCode::FORBIDDEN)
            .with_code("AccessDenied")
            .with_said("no", &[])
            .with_presented(&Claims::default())
            .with_advice("do this")
            .with_request_id("1");
        assert_eq!(what(&full), "it was refused (as before)");
        assert_eq!(what_and_advice(&full), "it was refused (as before); do this");
    }

    #[test]
    fn values_are_harmless_in_a_terminal_and_cut() {
        let finding = Finding::ok(Step::Token, "").found("subject", "a\u{1b}[2J").found("issuer", "x".repeat(1000));
        assert_eq!(finding.found[0].1, "a\\u{1b}[2J");
        assert_eq!(finding.found[1].1.len(), LONGEST + 3);
    }
}
