//! The reference of the file names every key, in the words of the tables.

use super::super::keys::{self, Form, Key, Table};

const REFERENCE: &str = include_str!("../../../../../docs/cli-file.md");

#[test]
fn the_reference_has_a_row_for_each_key_and_no_other() {
    let tables = keys::IDENTITIES.iter().chain(keys::CREDENTIALS).chain([&keys::HTTP, &keys::POLICY]);
    let mut wanted = Vec::new();
    for table in tables {
        wanted.push(heading(table));
        wanted.extend(table.keys().filter(|key| key.name != "probe").map(row));
    }
    let is_ours =
        |line: &&str| line.starts_with("### `") || (line.starts_with("| `") && line.matches(" | ").count() == 3);
    let found: Vec<_> = REFERENCE.lines().filter(is_ours).collect();
    assert_eq!(found.join("\n"), wanted.join("\n"));
}

fn heading(table: &Table) -> String {
    format!("### `{}`", table.word)
}

fn row(key: &Key) -> String {
    format!("| `{}` | {} | {} | {} |", key.name, form(key.form), if key.required { "yes" } else { "" }, key.about)
}

fn form(form: Form) -> String {
    match form {
        Form::Text => "text".to_owned(),
        Form::Choice(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        Form::Identity => "identity".to_owned(),
        Form::Credential => "credential".to_owned(),
        Form::Path => "path".to_owned(),
        Form::Url | Form::PlatformUrl => "address".to_owned(),
        Form::Duration | Form::DurationOrZero => "duration".to_owned(),
        Form::Flag => "true or false".to_owned(),
        Form::Count => "number".to_owned(),
        Form::Share => "0 to 1".to_owned(),
        Form::Texts | Form::Argv => "list of texts".to_owned(),
        Form::TextTable => "table of texts".to_owned(),
        Form::Secret => "secret".to_owned(),
        Form::SecretTable => "table of secrets".to_owned(),
        Form::Proxy => "address or secret".to_owned(),
        Form::Data => "table".to_owned(),
    }
}
