//! How a table may look here: width, colours, and which characters.

use std::env;
use std::io::IsTerminal as _;

use console::Term;

/// What the place allows in which a table is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// Columns.
    pub(crate) width: usize,
    /// Lines; those beyond are not drawn.
    pub(crate) height: usize,
    /// Whether colours are wanted.
    pub(crate) colour: bool,
    /// Whether characters beyond ASCII are understood.
    pub(crate) unicode: bool,
}

/// What is assumed where the size is unknown: that of the first terminals.
const USUAL: (u16, u16) = (24, 80);

impl Look {
    /// That of standard output, as it is now: people change the size of windows.
    pub(crate) fn of_stdout() -> Self {
        let (height, width) =
            Term::stdout().size_checked().filter(|(height, width)| *height > 0 && *width > 0).unwrap_or(USUAL);
        let colour = std::io::stdout().is_terminal() && wants_colour(variable("NO_COLOR"), variable("TERM"));
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable);
        Self { width: width.into(), height: height.into(), colour, unicode: cfg!(windows) || is_unicode(locale) }
    }
}

/// A variable that says something: an empty one counts as unset (no-color.org says so of `NO_COLOR`, POSIX of locales).
fn variable(name: &str) -> Option<String> {
    env::var_os(name).map(|value| value.to_string_lossy().into_owned()).filter(|value| !value.is_empty())
}

fn wants_colour(no_color: Option<String>, term: Option<String>) -> bool {
    no_color.is_none() && term.as_deref() != Some("dumb")
}

fn is_unicode(locale: Option<String>) -> bool {
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_color_and_a_dumb_terminal_turn_colours_off() {
        let text = |text: &str| Some(text.to_owned());
        assert!(wants_colour(None, text("xterm")) && wants_colour(None, None));
        assert!(!wants_colour(text("1"), text("xterm")) && !wants_colour(None, text("dumb")));
    }

    #[test]
    fn only_a_locale_that_says_utf_8_gets_more_than_ascii() {
        let unicode = |locale: &str| is_unicode(Some(locale.to_owned()));
        assert!(unicode("en_GB.UTF-8") && unicode("C.utf8"));
        assert!(!unicode("C") && !unicode("de_DE.ISO-8859-1") && !is_unicode(None));
    }
}
