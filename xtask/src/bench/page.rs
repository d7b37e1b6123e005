//! The page that the report is written into: each part stands between two markers, and all else is by hand.

use crate::Failure;

/// Its text.
pub(super) struct Page(String);

impl Page {
    pub(super) fn of(text: String) -> Self {
        Self(text)
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Puts `text` between the markers of `part`.
    pub(super) fn put(&mut self, part: &str, text: &str) -> Result<(), Failure> {
        let (begin, end) = (format!("<!-- bench {part}: begin -->"), format!("<!-- bench {part}: end -->"));
        let missing = || format!("docs/performance.md has no markers `{begin}` and `{end}`");
        let (before, rest) = self.0.split_once(&begin).ok_or_else(missing)?;
        let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
        self.0 = format!("{before}{begin}\n{}\n{end}{after}", text.trim_end());
        Ok(())
    }

    /// A table of all goals that the parts tell of.
    pub(super) fn summary(&self) -> String {
        let mut table = String::from("| measure | tokenex | beside | goal | |\n|---|---|---|---|---|\n");
        for line in self.0.lines() {
            if let Some(goal) = line.strip_prefix("<!-- goal: ").and_then(|rest| rest.strip_suffix(" -->")) {
                table += &format!("| {goal} |\n");
            }
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::Page;

    #[test]
    fn what_stands_between_the_markers_is_replaced_and_nothing_else() {
        let mut page =
            Page::of("by hand\n<!-- bench a: begin -->\nold\n<!-- bench a: end -->\nby hand too\n".to_owned());
        page.put("a", "new\n<!-- goal: x | 1 | 2 | less | met -->\n").unwrap();
        let kept = "<!-- bench a: begin -->\nnew\n<!-- goal: x | 1 | 2 | less | met -->\n<!-- bench a: end -->";
        assert_eq!(page.text(), format!("by hand\n{kept}\nby hand too\n"));
        assert!(page.summary().ends_with("| x | 1 | 2 | less | met |\n"));
        assert!(page.put("b", "").unwrap_err().to_string().contains("bench b"));
    }
}
