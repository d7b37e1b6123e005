//! What a row prints: Markdown, and a line for each goal that the summary is made of.

mod plot;
mod table;

use std::path::Path;
use std::{fmt, fs, io};

pub use plot::{Line, Plot};
pub use table::Table;

use crate::measure::load_average;

/// One row of the report.
pub struct Section {
    title: &'static str,
    text: String,
    verdicts: Vec<Verdict>,
    drawings: Vec<(&'static str, String)>,
    load: f64,
}

/// Whether a goal is met.
pub struct Verdict {
    /// What was measured.
    pub measure: &'static str,
    /// What came out.
    pub measured: String,
    /// What it is compared with.
    pub beside: String,
    /// What is wanted.
    pub goal: &'static str,
    /// Whether it came out so.
    pub met: bool,
}

impl Section {
    /// An empty one. The load of the machine is that of now.
    pub fn new(title: &'static str) -> Self {
        Self { title, text: String::new(), verdicts: Vec::new(), drawings: Vec::new(), load: load_average() }
    }

    /// Adds a paragraph or a table.
    pub fn say(&mut self, text: impl fmt::Display) {
        self.text += &format!("{text}\n\n");
    }

    /// Adds a drawing: a file of this name beside the page.
    pub fn draw(&mut self, name: &'static str, plot: &Plot) {
        self.say(format!("![{}](performance/{name}.svg)", plot.title));
        self.drawings.push((name, plot.svg()));
    }

    /// Writes the drawings.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write_drawings(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        self.drawings.iter().try_for_each(|(name, svg)| fs::write(folder.join(format!("{name}.svg")), svg))
    }

    /// Adds a goal.
    pub fn judge(&mut self, verdict: Verdict) {
        self.verdicts.push(verdict);
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "### {}\n\n{}Load average at the start: {:.1}.", self.title, self.text, self.load)?;
        for verdict in &self.verdicts {
            let Verdict { measure, measured, beside, goal, met } = verdict;
            let met = if *met { "met" } else { "**missed**" };
            writeln!(f, "<!-- goal: {measure} | {measured} | {beside} | {goal} | {met} -->")?;
        }
        Ok(())
    }
}
