//! Command lines for people to paste.

use crate::output::printable;

/// One command line, every word as a shell reads it. `None` when a word holds what a terminal would act on: then it is
/// better written by hand.
pub(super) fn line<W: AsRef<str>>(words: &[W]) -> Option<String> {
    let quoted = words.iter().map(|word| quoted(word.as_ref())).collect::<Option<Vec<_>>>()?;
    Some(quoted.join(" "))
}

/// In single quotes where anything could be special in them
/// ([POSIX, Single-Quotes](https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_02)).
fn quoted(word: &str) -> Option<String> {
    if printable(word) != word {
        return None;
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@%+=:,./_-".contains(&byte);
    match !word.is_empty() && word.bytes().all(is_plain) {
        true => Some(word.to_owned()),
        false => Some(format!("'{}'", word.replace('\'', r"'\''"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_each_word_as_it_is() {
        let words = ["az", "--id=repo:a/b", "it's $HOME", "", "*"];
        assert_eq!(line(&words).unwrap(), r"az --id=repo:a/b 'it'\''s $HOME' '' '*'");
    }

    #[test]
    fn what_a_terminal_would_act_on_is_in_no_line() {
        assert_eq!(line(&["az", "a\u{1b}[2Jb"]), None);
        assert_eq!(line(&["az", "a\nb"]), None);
    }
}
