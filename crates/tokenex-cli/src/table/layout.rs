//! Rows into lines, at any width.

use std::time::{Duration, SystemTime};

use console::{measure_text_width, truncate_str};

use super::bar::bar;
use super::look::Look;
use super::paint::Tone;
use super::words::brief;
use super::{Row, Table};
use crate::time::from_now;

const SECOND: Duration = Duration::from_secs(1);
/// Between two columns.
const GAP: &str = "  ";
/// Before each row.
const INDENT: &str = "  ";
/// The narrowest bar that is still worth its place, a good one, and the widest.
const BAR: [usize; 3] = [6, 10, 20];
/// The widest that names and providers get.
const WIDEST_NAME: usize = 32;
/// What the last event needs to say something, and what it gets before bars grow.
const EVENT: [usize; 2] = [24, 48];
/// What it needs where all else is shortened too: that something was refreshed, and when.
const SHORT_EVENT: usize = 18;

/// The columns, with what each is worth: where the width does not suffice, words are shortened, and then the least worthy go
/// first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Name,
    Provider,
    Valid,
    Next,
    Refreshes,
    Event,
}

/// As they stand, from left to right.
const ORDER: [Column; 6] =
    [Column::Name, Column::Provider, Column::Valid, Column::Next, Column::Refreshes, Column::Event];
/// As they go.
const LEAST_FIRST: [Column; 4] = [Column::Provider, Column::Next, Column::Refreshes, Column::Event];

impl Column {
    /// The two about refreshes are short for "next refresh in" and "refreshes done".
    fn heading(self, short: bool) -> &'static str {
        match self {
            Self::Name => "NAME",
            Self::Provider => "PROVIDER",
            Self::Valid => "VALID FOR",
            Self::Next if short => "NEXT IN",
            Self::Next => "NEXT REFRESH",
            Self::Refreshes if short => "DONE",
            Self::Refreshes => "REFRESHES",
            Self::Event => "LAST EVENT",
        }
    }
}

/// What a row says, each column as a text.
struct Cells<'a> {
    row: &'a Row,
    left: String,
    share: Option<f64>,
    next: String,
    refreshes: String,
    event: String,
}

impl<'a> Cells<'a> {
    fn of(row: &'a Row, now: SystemTime, short: bool) -> Self {
        let ahead = |at: SystemTime| at.duration_since(now).ok();
        let left = row.valid_until.map(|at| ahead(at).unwrap_or_default());
        let share = match (left, row.lifetime) {
            (Some(left), Some(life)) if !life.is_zero() => Some(left.as_secs_f64() / life.as_secs_f64()),
            _ => None,
        };
        let next = match (row.next_at, row.tone) {
            (Some(at), _) => match ahead(at) {
                None => "now".to_owned(),
                Some(wait) if short => brief(wait),
                Some(wait) => format!("in {}", brief(wait)),
            },
            (None, Tone::Ended) => String::new(),
            (None, _) => "now".to_owned(),
        };
        let event = match row.event_at {
            Some(at) if at + SECOND <= now => format!("{}, {}", row.event, from_now(at, now)),
            _ => row.event.clone(),
        };
        Self {
            row,
            left: left.map_or_else(String::new, brief),
            share,
            next,
            refreshes: row.refreshes.to_string(),
            event,
        }
    }
}

/// The widths of what is shown.
struct Layout {
    columns: Vec<Column>,
    name: usize,
    provider: usize,
    bar: usize,
    left: usize,
    next: usize,
    refreshes: usize,
    event: usize,
    width: usize,
    short: bool,
}

impl Layout {
    /// Whether every column has its place.
    fn has_all(&self) -> bool {
        self.columns.len() == ORDER.len()
    }

    /// Takes columns away, then width from the bar, until the rest fits.
    fn of(rows: &[Cells<'_>], width: usize, short: bool) -> Self {
        let widest = |text: &dyn Fn(&Cells<'_>) -> usize, heading: Column| {
            rows.iter().map(text).max().unwrap_or_default().max(heading.heading(short).len()).min(WIDEST_NAME)
        };
        let mut layout = Self {
            columns: ORDER.to_vec(),
            name: widest(&|cells| measure_text_width(&cells.row.name), Column::Name),
            provider: widest(&|cells| measure_text_width(&cells.row.provider), Column::Provider),
            bar: BAR[2],
            // Wide enough for two units, so that nothing moves while time passes.
            left: rows.iter().map(|cells| measure_text_width(&cells.left)).max().unwrap_or_default().max(5),
            next: widest(&|cells| measure_text_width(&cells.next), Column::Next),
            refreshes: widest(&|cells| cells.refreshes.len(), Column::Refreshes),
            event: if short { SHORT_EVENT } else { EVENT[0] },
            width,
            short,
        };
        for column in LEAST_FIRST {
            if layout.needed(BAR[0]) <= width {
                break;
            }
            layout.columns.retain(|kept| *kept != column);
        }
        if layout.needed(BAR[0]) > width {
            layout.bar = 0;
            let rest = width.saturating_sub(layout.needed(0) - layout.name);
            layout.name = layout.name.min(rest.max(1));
        } else {
            let spare = width - layout.needed(BAR[0]);
            let good = if short { 0 } else { spare.min(BAR[1] - BAR[0]) };
            let events = if layout.columns.contains(&Column::Event) { EVENT[1] - layout.event } else { 0 };
            let rest = (spare - good).saturating_sub(events);
            layout.bar = (BAR[0] + good + rest).min(BAR[2]);
        }
        layout
    }

    fn needed(&self, bar: usize) -> usize {
        let columns: usize = self.columns.iter().map(|column| self.column(*column, bar) + GAP.len()).sum();
        INDENT.len() + columns - GAP.len()
    }

    fn column(&self, column: Column, bar: usize) -> usize {
        match column {
            Column::Name => self.name,
            Column::Provider => self.provider,
            // The bar, a space, and the words.
            Column::Valid => (bar + usize::from(bar > 0) + self.left).max(column.heading(self.short).len()),
            Column::Next => self.next,
            Column::Refreshes => self.refreshes,
            Column::Event => self.event,
        }
    }

    fn headings(&self) -> String {
        let cell = |column: &Column| padded(column.heading(self.short), self.column(*column, self.bar));
        format!("{INDENT}{}", self.columns.iter().map(cell).collect::<Vec<_>>().join(GAP))
    }

    fn line(&self, cells: &Cells<'_>, look: &Look) -> String {
        let row = cells.row;
        let cell = |column: &Column| {
            let width = self.column(*column, self.bar);
            match column {
                Column::Name => Tone::Title.paint(&padded(&row.name, width), look.colour),
                Column::Provider => padded(&row.provider, width),
                Column::Valid => self.valid(cells, width, look),
                Column::Next => Tone::Quiet.paint(&padded(&cells.next, width), look.colour),
                Column::Refreshes => padded(&format!("{:>4}", cells.refreshes), width),
                Column::Event => match row.tone {
                    Tone::Worried | Tone::Bad => row.tone.paint(&cells.event, look.colour),
                    _ => Tone::Quiet.paint(&cells.event, look.colour),
                },
            }
        };
        format!("{INDENT}{}", self.columns.iter().map(cell).collect::<Vec<_>>().join(GAP))
    }

    fn valid(&self, cells: &Cells<'_>, width: usize, look: &Look) -> String {
        let words = format!("{:>width$}", cells.left, width = self.left);
        let words = cells.row.tone.paint(&words, look.colour);
        let drawn = match (self.bar, cells.share) {
            (0, _) => words,
            (bar, None) => format!("{:bar$} {words}", ""),
            (wide, Some(share)) => {
                let (full, rest) = bar(share, wide, look.unicode);
                let full = cells.row.tone.paint(&full, look.colour);
                format!("{full}{} {words}", Tone::Quiet.paint(&rest, look.colour))
            }
        };
        padded(&drawn, width)
    }
}

pub(super) fn lines(table: &Table, now: SystemTime, look: &Look) -> Vec<String> {
    // The last column stays free: a character there leaves the cursor in a place that terminals do not agree on.
    let width = look.width.saturating_sub(1).max(1);
    let cells = |short| table.rows.iter().map(|row| Cells::of(row, now, short)).collect::<Vec<_>>();
    let mut cells_shown = cells(false);
    let mut layout = Layout::of(&cells_shown, width, false);
    if !layout.has_all() {
        cells_shown = cells(true);
        layout = Layout::of(&cells_shown, width, true);
    }
    let mut lines: Vec<String> = table.head.clone();
    lines.push(Tone::Quiet.paint(&layout.headings(), look.colour));
    lines.extend(cells_shown.iter().map(|cells| layout.line(cells, look)));
    lines.extend(table.foot.iter().map(|(tone, text)| tone.paint(text, look.colour)));
    let tail = if look.unicode { "…" } else { "~" };
    lines.iter().map(|line| truncate_str(line, layout.width, tail).trim_end().to_owned()).collect()
}

/// `text` cut or filled up to exactly this width.
fn padded(text: &str, width: usize) -> String {
    let text = truncate_str(text, width, "");
    let missing = width.saturating_sub(measure_text_width(&text));
    format!("{text}{}", " ".repeat(missing))
}
