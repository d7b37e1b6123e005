//! The live table: what `demo` and `watch` show to people.
//!
//! ```text
//! let mut table = Table::new(["app-db", "deploy-role"].map(|name| Row::new(name, "vault")));
//! let mut screen = Screen::on_stdout();
//! table.row(0).valid_until(until).lifetime(life).next(refresh).tell("refreshed", now);
//! screen.draw(&table.lines(now, &screen.look()))?;
//! ```
//!
//! A table is pure: rows in, lines out. Only the screen knows the terminal. Nothing of the terminal is changed (no raw mode,
//! no alternate screen, no hidden cursor), so there is nothing to restore, however the program ends.

mod bar;
mod layout;
mod look;
mod paint;
mod screen;
mod words;

use std::time::{Duration, SystemTime};

use crate::output::printable;

pub(crate) use look::Look;
pub(crate) use paint::Tone;
pub(crate) use screen::Screen;
#[cfg(feature = "demo")]
pub(crate) use words::brief;

/// Rows, with lines above and below them.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
    head: Vec<String>,
    foot: Vec<(Tone, String)>,
}

/// One credential.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    name: String,
    provider: String,
    tone: Tone,
    valid_until: Option<SystemTime>,
    lifetime: Option<Duration>,
    next_at: Option<SystemTime>,
    refreshes: u64,
    event: String,
    event_at: Option<SystemTime>,
}

impl Table {
    /// A table with these rows, in this order.
    pub(crate) fn new(rows: impl IntoIterator<Item = Row>) -> Self {
        Self { rows: rows.into_iter().collect(), ..Self::default() }
    }

    /// The row at this place, to change it.
    pub(crate) fn row(&mut self, index: usize) -> &mut Row {
        &mut self.rows[index]
    }

    /// The lines above the rows.
    #[cfg_attr(not(feature = "demo"), allow(dead_code, reason = "only the demo has any"))]
    pub(crate) fn head(&mut self, lines: impl IntoIterator<Item = String>) {
        self.head = lines.into_iter().collect();
    }

    /// The lines below the rows.
    #[cfg_attr(not(feature = "demo"), allow(dead_code, reason = "only the demo has any"))]
    pub(crate) fn foot(&mut self, lines: impl IntoIterator<Item = (Tone, String)>) {
        self.foot = lines.into_iter().collect();
    }

    /// The table as it is at `now`, each line no wider than `look` allows.
    pub(crate) fn lines(&self, now: SystemTime, look: &Look) -> Vec<String> {
        layout::lines(self, now, look)
    }
}

impl Row {
    /// A credential of which nothing is known yet.
    pub(crate) fn new(name: impl Into<String>, provider: impl Into<String>) -> Self {
        Self {
            name: printable(&name.into()),
            provider: printable(&provider.into()),
            tone: Tone::Waiting,
            valid_until: None,
            lifetime: None,
            next_at: None,
            refreshes: 0,
            event: String::new(),
            event_at: None,
        }
    }

    /// How it stands: the colour of the row.
    pub(crate) fn tone(&mut self, tone: Tone) -> &mut Self {
        self.tone = tone;
        self
    }

    /// When the credential in hand ends; `None` when there is none, or it has no end.
    pub(crate) fn valid_until(&mut self, at: Option<SystemTime>) -> &mut Self {
        self.valid_until = at;
        self
    }

    /// What a full bar stands for.
    pub(crate) fn lifetime(&mut self, lifetime: Option<Duration>) -> &mut Self {
        self.lifetime = lifetime;
        self
    }

    /// When the next attempt is due; `None` while one is under way, or when there will be none.
    pub(crate) fn next(&mut self, at: Option<SystemTime>) -> &mut Self {
        self.next_at = at;
        self
    }

    /// How often it was refreshed.
    pub(crate) fn refreshes(&mut self, count: u64) -> &mut Self {
        self.refreshes = count;
        self
    }

    /// What happened to it last, and when. The words may come from a target: what could move the cursor is escaped.
    pub(crate) fn tell(&mut self, event: &str, at: SystemTime) -> &mut Self {
        self.event = printable(event);
        self.event_at = Some(at);
        self
    }
}

#[cfg(test)]
mod tests;
