//! Drawing lines over those drawn before.

use std::fmt::Write as _;

use console::measure_text_width;

use super::look::Look;
use crate::failure::Failure;
use crate::output::{self, Stdout};

/// The place below the cursor, where lines are drawn again and again.
///
/// Each drawing is one write, moves up over the last one, and clears what is left of it. How many lines that was depends on
/// the width now: where a window became narrower, terminals have wrapped them.
#[derive(Debug, Default)]
pub(crate) struct Screen {
    /// The widths of the lines of the last drawing.
    drawn: Vec<usize>,
}

impl Screen {
    /// On standard output, which must be a terminal for this to make sense.
    pub(crate) fn on_stdout() -> Self {
        Self::default()
    }

    /// How things may look there now.
    pub(crate) fn look(&self) -> Look {
        Look::of_stdout()
    }

    /// Draws these lines in place of the last ones.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn draw(&mut self, lines: &[String]) -> Result<Stdout, Failure> {
        let look = self.look();
        output::data(&self.frame(lines, look.width, look.height))
    }

    /// Leaves what is drawn where it is: what is printed next goes below, and the next drawing is a new one.
    #[cfg_attr(not(feature = "demo"), allow(dead_code, reason = "only the demo goes on below its table"))]
    pub(crate) fn keep(&mut self) {
        self.drawn.clear();
    }

    fn frame(&mut self, lines: &[String], width: usize, height: usize) -> String {
        let width = width.max(1);
        let above: usize = self.drawn.iter().map(|line| line.div_ceil(width).max(1)).sum();
        let mut frame = String::new();
        // Never further up than the window is high: the cursor would stop there anyway.
        match above.min(height.saturating_sub(1)) {
            0 => {}
            above => {
                let _ = write!(frame, "\x1b[{above}A");
            }
        }
        // The last line of the window is the cursor's: more lines would scroll, and could not be drawn over.
        let shown = &lines[..lines.len().min(height.saturating_sub(1))];
        frame.push('\r');
        for line in shown {
            let _ = writeln!(frame, "{line}\x1b[K");
        }
        frame.push_str("\x1b[J");
        self.drawn = shown.iter().map(|line| measure_text_width(line)).collect();
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines<const N: usize>(lines: [&str; N]) -> Vec<String> {
        lines.map(str::to_owned).to_vec()
    }

    #[test]
    fn the_first_drawing_goes_where_the_cursor_is_and_the_next_over_it() {
        let mut screen = Screen::default();
        assert_eq!(screen.frame(&lines(["a", "b"]), 80, 24), "\ra\x1b[K\nb\x1b[K\n\x1b[J");
        assert_eq!(screen.frame(&lines(["c"]), 80, 24), "\x1b[2A\rc\x1b[K\n\x1b[J");
        screen.keep();
        assert_eq!(screen.frame(&lines(["d"]), 80, 24), "\rd\x1b[K\n\x1b[J");
    }

    #[test]
    fn lines_that_a_narrower_window_has_wrapped_count_as_many() {
        let mut screen = Screen::default();
        let wide = "x".repeat(70);
        screen.frame(&lines([&wide, "", &wide]), 80, 24);
        assert!(screen.frame(&lines(["y"]), 30, 24).starts_with("\x1b[7A\r"));
    }

    #[test]
    fn what_is_higher_than_the_window_is_not_drawn() {
        let mut screen = Screen::default();
        let many = vec!["x".to_owned(); 10];
        assert_eq!(screen.frame(&many, 80, 5).matches('x').count(), 4);
        assert!(screen.frame(&many, 80, 5).starts_with("\x1b[4A"));
        assert_eq!(screen.frame(&many, 80, 0).matches('x').count(), 0);
    }
}
