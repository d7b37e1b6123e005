//! Assignments for a shell.

use std::collections::BTreeMap;

use tokenex::core::Secret;

use crate::catalog::{Snapshot, Value};
use crate::failure::Failure;

/// `export NAME_FIELD='...'` for each field; keys of AWS get the names that its tools read.
///
/// The name of the credential stands in front, because bare names such as `USERNAME` mean something to shells.
pub(super) fn render(name: &str, snapshot: &Snapshot) -> Result<Secret, Failure> {
    let mut taken = BTreeMap::new();
    let mut text = String::new();
    for field in snapshot.value.fields() {
        let Some(value) = snapshot.value.field(&field) else { continue };
        let Some(variable) = variable(name, &field, &snapshot.value) else { continue };
        if let Some(other) = taken.insert(variable.clone(), field.clone()) {
            return Err(Failure::usage(format!(
                "the fields {other:?} and {field:?} of {name:?} would both be ${variable}"
            ))
            .with_help("ask for one of them with --format value --field"));
        }
        if value.expose().contains('\0') {
            return Err(Failure::usage(format!(
                "the field {field:?} of {name:?} holds a zero byte, and no variable can"
            )));
        }
        text.push_str(&format!("export {variable}={}\n", quoted(value.expose())));
    }
    Ok(Secret::new(text))
}

fn variable(name: &str, field: &str, value: &Value) -> Option<String> {
    match (value, field) {
        (Value::AwsKeys { .. }, field) => Some(format!("AWS_{}", upper(field))),
        // The same word for every token.
        (Value::Token { .. }, "token_type") => None,
        _ => Some(upper(&format!("{name}_{field}"))),
    }
}

/// A name that shells take: letters, digits and underscores, and no digit in front.
fn upper(text: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let name: String = text.chars().map(letter).collect();
    match name.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("_{name}"),
        false => name,
    }
}

/// In single quotes, where nothing is special but the quote itself
/// ([POSIX, Single-Quotes](https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_02)).
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_a_shell_takes() {
        assert_eq!(upper("my-db_user.name"), "MY_DB_USER_NAME");
        assert_eq!(upper("2fa"), "_2FA");
    }

    #[test]
    fn values_are_quoted_so_that_a_shell_reads_them_as_they_are() {
        assert_eq!(quoted("a'b $c `d`"), r"'a'\''b $c `d`'");
    }
}
