//! A table in Markdown.

use std::fmt;

/// Lines of cells below a heading.
pub struct Table {
    columns: usize,
    text: String,
}

impl Table {
    /// With these columns; all but the first are figures.
    pub fn new(columns: &[&str]) -> Self {
        let text = format!("| {} |\n|---|{}\n", columns.join(" | "), "---:|".repeat(columns.len() - 1));
        Self { columns: columns.len(), text }
    }

    /// One more line.
    ///
    /// # Panics
    /// When it has more or fewer cells than the heading.
    pub fn line(&mut self, cells: &[String]) {
        assert_eq!(cells.len(), self.columns, "{cells:?}");
        self.text += &format!("| {} |\n", cells.join(" | "));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.trim_end())
    }
}
