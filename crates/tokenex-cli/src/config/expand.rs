//! `${VAR}` in values.

/// What cannot be expanded. It never holds the value of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is no such variable, or it is not UTF-8.
    Missing(String),
    /// `${` without a name or without an end.
    Malformed,
}

/// Replaces each `${VAR}` by what `variable` says; `$${` stands for `${`.
///
/// # Errors
/// The first thing that cannot be expanded.
pub(crate) fn expand(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<String, Refusal> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            expanded.push_str(&rest[..at - 1]);
            expanded.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        expanded.push_str(&rest[..at]);
        let (name, after) = rest[at + 2..].split_once('}').ok_or(Refusal::Malformed)?;
        if !is_name(name) {
            return Err(Refusal::Malformed);
        }
        expanded.push_str(&variable(name).ok_or_else(|| Refusal::Missing(name.to_owned()))?);
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

/// A name as POSIX has it.
pub(crate) fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<String, Refusal> {
        expand(text, |name| match name {
            "HOST" => Some("vault.example".to_owned()),
            "EMPTY" => Some(String::new()),
            "NESTED" => Some("${HOST}".to_owned()),
            _ => None,
        })
    }

    #[test]
    fn variables_are_replaced_once_and_escapes_kept() {
        for (text, expanded) in [
            ("plain $HOST", "plain $HOST"),
            ("https://${HOST}:8200/${HOST}", "https://vault.example:8200/vault.example"),
            ("a${EMPTY}b", "ab"),
            ("${NESTED}", "${HOST}"),
            ("$${HOST}", "${HOST}"),
            ("$$${HOST}", "$${HOST}"),
            ("}$", "}$"),
        ] {
            assert_eq!(of(text).as_deref(), Ok(expanded), "{text}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(of("${NOT_THERE}"), Err(Refusal::Missing("NOT_THERE".to_owned())));
        for malformed in ["${", "${}", "${a b}", "${HOST", "${1X}", "é${é}"] {
            assert_eq!(of(malformed), Err(Refusal::Malformed), "{malformed}");
        }
    }
}
