//! What is wrong with a file, and how it is shown.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use tokenex::Error;

use super::model::Span;
use super::source_text::SourceText;

/// Something that is wrong, or at least unwise, at a place of the file. It holds no value of a key that may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    severity: Severity,
    at: Option<Place>,
    message: String,
    help: Option<String>,
    is_absence: bool,
}

/// Whether the file can be used all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    Error,
    Warning,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    span: Span,
    /// It is the name of a key, which may be shown.
    is_key: bool,
}

/// More of them help nobody.
const SHOWN_MAX: usize = 100;

impl Problem {
    /// About a value.
    pub(crate) fn at(span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            at: Some(Place { span, is_key: false }),
            message: message.into(),
            help: None,
            is_absence: false,
        }
    }

    /// About a key itself, or the name of a table.
    pub(crate) fn at_key(span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            at: Some(Place { span, is_key: true }),
            message: message.into(),
            help: None,
            is_absence: false,
        }
    }

    /// About what is not there. With errors in the syntax that says little: it may have been meant.
    pub(crate) fn missing(header: Span, message: impl Into<String>) -> Self {
        Self { is_absence: true, ..Self::at_key(header, message) }
    }

    /// About the file as a whole.
    pub(crate) fn of_the_file(message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, at: None, message: message.into(), help: None, is_absence: false }
    }

    /// About what the file as a whole lacks.
    pub(crate) fn absent(message: impl Into<String>) -> Self {
        Self { is_absence: true, ..Self::of_the_file(message) }
    }

    /// What the library does not take.
    pub(crate) fn refused(span: Span, error: &Error) -> Self {
        let mut message = error.to_string();
        let help = error.advice().map(str::to_owned);
        if let Some(advice) = &help {
            message = message.replace(&format!("; {advice}"), "");
        }
        Self { help, ..Self::at_key(span, message) }
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// The file can be used all the same.
    pub(crate) fn into_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    pub(crate) fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    pub(crate) fn is_absence(&self) -> bool {
        self.is_absence
    }

    /// Where it begins.
    pub(crate) fn start(&self) -> Option<usize> {
        self.at.as_ref().map(|place| place.span.start)
    }
}

/// All of them, in the file's order, each with its line.
pub(crate) fn report(problems: &[Problem], text: &SourceText, colours: bool) -> String {
    let renderer = match colours {
        true => Renderer::styled(),
        false => Renderer::plain(),
    };
    let mut sorted: Vec<&Problem> = problems.iter().collect();
    sorted.sort_by_key(|problem| problem.start());
    let shown = sorted.iter().take(SHOWN_MAX).map(|problem| renderer.render(&[group(problem, text)]));
    let mut report = shown.collect::<Vec<_>>().join("\n\n");
    if sorted.len() > SHOWN_MAX {
        report.push_str(&format!("\n\n... and {} more", sorted.len() - SHOWN_MAX));
    }
    report
}

fn group<'a>(problem: &'a Problem, text: &'a SourceText) -> Group<'a> {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(problem.message.as_str());
    let group = match &problem.at {
        Some(place) => {
            let line = text.line(&place.span, place.is_key);
            let annotation = AnnotationKind::Primary.span(line.mark);
            let snippet = Snippet::source(line.shown).line_start(line.number).path(text.name());
            title.element(snippet.annotation(annotation))
        }
        None => Group::with_title(title).element(annotate_snippets::Origin::path(text.name())),
    };
    match &problem.help {
        Some(help) => group.element(Level::HELP.message(help.as_str())),
        None => group,
    }
}
