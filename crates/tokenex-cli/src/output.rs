//! The only place that prints: data to standard output, words for people to standard error.

use std::io::{self, Write};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::failure::{Exit, Failure};

/// Writes `text` to standard output, and nothing after it.
///
/// # Errors
/// When it cannot be written. A reader that went away is no failure of ours to explain: [`Closed`](Stdout::Closed).
pub(crate) fn data(text: &str) -> Result<Stdout, Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(Stdout::Open),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Stdout::Closed),
        Err(error) => Err(Failure::new(Exit::Internal, format!("standard output cannot be written: {error}"))),
    }
}

/// Whether the reader of standard output went away: without looking, that shows with the next thing to print only, which may
/// be an hour away.
pub(crate) fn reader() -> Stdout {
    let stdout = io::stdout();
    let mut looked_at = [PollFd::new(&stdout, PollFlags::empty())];
    // What cannot be looked at is found out when it is written to.
    let _ = poll(&mut looked_at, Some(&Timespec::default()));
    match looked_at[0].revents().intersects(PollFlags::ERR | PollFlags::HUP) {
        true => Stdout::Closed,
        false => Stdout::Open,
    }
}

/// Whether anybody reads standard output still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Stdout {
    /// Somebody may.
    Open,
    /// The reader went away.
    Closed,
}

/// A line for people. A closed standard error is nobody's problem.
pub(crate) fn note(line: impl std::fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// The failure that the program ends with.
pub(crate) fn failure(failure: &Failure) {
    note(failure);
}

/// `text` without what could move a terminal's cursor or turn its text around: the token comes from anywhere.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() || turns_text(letter) {
            shown.extend(letter.escape_unicode());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Marks that change the direction of text, and blanks that nobody sees.
fn turns_text(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_the_cursor_or_turns_text_is_escaped() {
        assert_eq!(printable("a\u{1b}[2J\u{202e}b\u{9b}ü"), "a\\u{1b}[2J\\u{202e}b\\u{9b}ü");
    }
}
