//! One profile of a configuration file, as a pure function of its text
//! ([format](https://docs.oracle.com/iaas/Content/API/Concepts/sdkconfig.htm)).

use tokenex_core::Result;

use super::bad;

/// Where a profile is in the text, and what is around it. Whatever is not ours is carried over byte by byte.
pub(super) struct Profile<'a> {
    name: &'a str,
    before: &'a str,
    /// The header with its line's end; empty when the profile is not there.
    header: &'a str,
    lines: Vec<&'a str>,
    after: &'a str,
}

impl<'a> Profile<'a> {
    /// Finds the profile, which may be absent.
    ///
    /// # Errors
    /// When it is there and is not that of a session: it would lose its user's key.
    pub(super) fn find(text: &'a str, name: &'a str) -> Result<Self> {
        let Some((start, header)) = lines(text).find(|(_, line)| section(line) == Some(name)) else {
            return Ok(Self { name, before: text, header: "", lines: Vec::new(), after: "" });
        };
        let inside = start + header.len();
        let end = lines(&text[inside..]).find(|(_, line)| section(line).is_some());
        let end = end.map_or(text.len(), |(offset, _)| inside + offset);
        let lines = lines(&text[inside..end]).map(|(_, line)| line).collect::<Vec<_>>();
        if !lines.iter().any(|line| key(line) == Some("security_token_file")) {
            return Err(bad(format!(
                "the profile \"{name}\" of the configuration file is no session's, and was not touched"
            ))
            .with_advice("choose another name for the profile"));
        }
        Ok(Self { name, before: &text[..start], header, lines, after: &text[end..] })
    }

    pub(super) fn is_there(&self) -> bool {
        !self.header.is_empty()
    }

    /// Whether one of its values is a path that ends in this file.
    pub(super) fn names(&self, file: &str) -> bool {
        self.lines.iter().filter(|line| key(line).is_some()).any(|line| line.trim_end().ends_with(file))
    }

    /// The whole text with these values in the profile; a value that is not given stays as it is.
    ///
    /// # Errors
    /// When a value cannot stand in a line.
    pub(super) fn with(&self, values: &[(&str, Option<&str>)]) -> Result<String> {
        let given = || values.iter().filter_map(|(key, value)| value.map(|value| (*key, value)));
        if let Some((key, _)) = given().find(|(_, value)| value.contains(char::is_control) || value.trim() != *value) {
            return Err(bad(format!("the value of \"{key}\" cannot stand in a configuration file")));
        }
        let mut text = self.before.to_owned();
        if self.header.is_empty() {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(if text.is_empty() { "" } else { "\n" });
            text.push_str(&format!("[{}]\n", self.name));
        } else {
            text.push_str(self.header);
            text.push_str(if self.header.ends_with('\n') { "" } else { "\n" });
        }
        for (key, value) in given() {
            text.push_str(&format!("{key}={value}\n"));
        }
        // A pass phrase would be for the key before.
        for line in self.rest(|key| key == "pass_phrase" || given().any(|(given, _)| given == key)) {
            text.push_str(line);
        }
        text.push_str(if self.after.is_empty() || text.ends_with('\n') { "" } else { "\n" });
        text.push_str(self.after);
        Ok(text)
    }

    /// The whole text without the profile.
    pub(super) fn without(&self) -> String {
        format!("{}{}", self.before, self.after)
    }

    /// The lines of the profile but those of some keys. What is indented goes on with the line before.
    fn rest(&self, dropped: impl Fn(&str) -> bool) -> impl Iterator<Item = &'a str> {
        let mut dropping = false;
        self.lines.iter().copied().filter(move |line| {
            let goes_on = line.starts_with([' ', '\t']) && !line.trim().is_empty();
            dropping = if goes_on { dropping } else { key(line).is_some_and(&dropped) };
            !dropping
        })
    }
}

/// The lines with their ends, and where each begins.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len();
        Some((start, line))
    })
}

fn section(line: &str) -> Option<&str> {
    let (name, _) = line.strip_prefix('[')?.rsplit_once(']')?;
    Some(name)
}

fn key(line: &str) -> Option<&str> {
    if line.starts_with([' ', '\t', '#', ';', '[']) {
        return None;
    }
    let (key, _) = line.split_once(['=', ':'])?;
    Some(key.trim())
}

#[cfg(test)]
mod tests;
