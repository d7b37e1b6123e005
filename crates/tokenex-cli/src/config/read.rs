//! Reads a table of the file by its table of keys.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fields::{Field, Fields};
use super::keys::{Form, Key, Table};
use super::model::Span;
use super::problems::Problem;
use super::{duration, expand, nearest};

/// What reading a file needs, and what it finds.
pub(super) struct Reader<'a> {
    /// Where relative paths begin.
    pub(super) folder: &'a Path,
    /// The environment.
    pub(super) variable: &'a dyn Fn(&str) -> Option<String>,
    pub(super) problems: Vec<Problem>,
    /// Servers to which plain http was allowed.
    pub(super) plain_http: Vec<String>,
}

impl Reader<'_> {
    pub(super) fn report(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The values of all keys that are known and in order. `deciding` is the key that chose `keys`.
    pub(super) fn fields(
        &mut self,
        keys: &Table,
        deciding: Option<&'static str>,
        header: &Span,
        table: &DeTable<'_>,
    ) -> Fields {
        let mut fields = Fields::new(header.clone());
        let allows_plain = table
            .iter()
            .any(|(name, value)| name.get_ref() == "dangerous_allow_http" && value.get_ref().as_bool() == Some(true));
        for (name, value) in table.iter() {
            if deciding == Some(name.get_ref().as_ref()) {
                continue;
            }
            match keys.key(name.get_ref()) {
                Some(key) => {
                    // What is there and wrong is not missing as well.
                    let field = self.field(keys, key, allows_plain, value).unwrap_or(Field::Wrong);
                    fields.insert(key.name, name.span(), value.span(), field);
                }
                None => self.unknown(keys, deciding, name.get_ref(), name.span()),
            }
        }
        self.demand(keys, &fields);
        fields
    }

    fn unknown(&mut self, keys: &Table, deciding: Option<&'static str>, name: &str, span: Span) {
        let what = match deciding {
            Some(deciding) => format!("{deciding} = \"{}\" has no key {name:?}", keys.word),
            None => format!("[{}] has no key {name:?}", keys.word),
        };
        let names = || keys.keys().map(|key| key.name).chain(deciding);
        let help = nearest::hint(name, names()).unwrap_or_else(|| match names().collect::<Vec<_>>() {
            names if names.is_empty() => "it has none".to_owned(),
            names => format!("it has: {}", names.join(", ")),
        });
        self.report(Problem::at_key(span, what).with_help(help));
    }

    /// What must be there and is not.
    fn demand(&mut self, keys: &Table, fields: &Fields) {
        let missing = keys.keys().filter(|key| key.required && !fields.has(key.name));
        let missing: Vec<_> = missing.map(|key| format!("`{}`", key.name)).collect();
        if !missing.is_empty() {
            let what = format!("{} {} missing", missing.join(", "), if missing.len() == 1 { "is" } else { "are" });
            self.report(Problem::missing(fields.header(), what));
        }
        for group in keys.one_of {
            if !group.iter().any(|name| fields.has(name)) {
                let what = format!("one of {} is missing", listed(group));
                self.report(Problem::missing(fields.header(), what));
            }
        }
        for group in keys.one_of.iter().chain(keys.at_most_one_of) {
            let there: Vec<_> = group.iter().filter(|name| fields.has(name)).collect();
            if let [first, second, ..] = there[..] {
                let what = format!("`{first}` and `{second}` exclude each other");
                self.report(Problem::at_key(fields.key_span(second), what).with_help("give one of them"));
            }
        }
    }

    fn field(&mut self, keys: &Table, key: &Key, allows_plain: bool, value: &Spanned<DeValue<'_>>) -> Option<Field> {
        let span = value.span();
        match key.form {
            Form::Text | Form::Identity | Form::Credential => self.text(key, value).map(Field::Text),
            Form::Choice(words) => self.choice(key, words, value).map(Field::Text),
            Form::Path => {
                let path = self.text(key, value)?;
                if path.contains("-----BEGIN") {
                    let what = format!("`{}` holds a key or a certificate, and secrets do not belong here", key.name);
                    self.report(Problem::at(span, what).with_help("give the path of the file that holds it"));
                    return None;
                }
                Some(Field::Path(self.folder.join(path)))
            }
            Form::Url | Form::PlatformUrl => {
                let text = self.text(key, value)?;
                self.address(keys, key, allows_plain, &text, span)?;
                Some(Field::Text(text))
            }
            Form::Duration | Form::DurationOrZero => self.duration(key, value).map(Field::Duration),
            Form::Flag => match value.get_ref().as_bool() {
                Some(flag) => Some(Field::Flag(flag)),
                None => self.wrong_type(key, value, "true or false"),
            },
            Form::Count => {
                let number = value.get_ref().as_integer();
                let number = number.and_then(|number| u32::from_str_radix(number.as_str(), number.radix()).ok());
                match number.filter(|number| *number > 0) {
                    Some(number) => Some(Field::Count(number)),
                    None if value.get_ref().is_integer() => self.out_of_range(key, value, "1 to 4294967295"),
                    None => self.wrong_type(key, value, "a whole number"),
                }
            }
            Form::Share => {
                let number = match value.get_ref() {
                    DeValue::Float(number) => number.as_str().parse::<f64>().ok(),
                    DeValue::Integer(number) => number.as_str().parse::<f64>().ok(),
                    _ => None,
                };
                match number.filter(|number| (0.0..=1.0).contains(number)) {
                    Some(number) => Some(Field::Share(number)),
                    None if value.get_ref().is_integer() || value.get_ref().is_float() => {
                        self.out_of_range(key, value, "0 to 1")
                    }
                    None => self.wrong_type(key, value, "a number"),
                }
            }
            Form::Texts => self.texts(key, value).map(Field::Texts),
            Form::Argv => self.argv(key, value).map(Field::Texts),
            Form::TextTable => self.text_table(key, value).map(Field::TextTable),
            Form::Secret => self.secret(key, value).map(Field::Secret),
            Form::SecretTable => self.secret_table(key, value).map(Field::SecretTable),
            Form::Proxy => self.proxy(key, value),
            Form::Data => self.data(key, value).map(Field::Data),
        }
    }

    pub(super) fn wrong_type<T>(&mut self, key: &Key, value: &Spanned<DeValue<'_>>, wanted: &str) -> Option<T> {
        let is = match value.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "a truth value",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let what = format!("`{}` is {is}, and must be {wanted}", key.name);
        self.report(Problem::at(value.span(), what));
        None
    }

    fn out_of_range<T>(&mut self, key: &Key, value: &Spanned<DeValue<'_>>, range: &str) -> Option<T> {
        self.report(Problem::at(value.span(), format!("`{}` goes from {range}", key.name)));
        None
    }

    /// A text, expanded, and not empty.
    pub(super) fn text(&mut self, key: &Key, value: &Spanned<DeValue<'_>>) -> Option<String> {
        let Some(text) = value.get_ref().as_str() else {
            return self.wrong_type(key, value, "a text in quotes");
        };
        let text = self.expand(key, text, value.span())?;
        if text.trim().is_empty() {
            self.report(Problem::at(value.span(), format!("`{}` is empty", key.name)));
            return None;
        }
        if text.chars().any(char::is_control) && key.name != "policy" {
            self.report(Problem::at(value.span(), format!("`{}` holds a control character", key.name)));
            return None;
        }
        Some(text)
    }

    pub(super) fn expand(&mut self, key: &Key, text: &str, span: Span) -> Option<String> {
        match expand::expand(text, self.variable) {
            Ok(text) => Some(text),
            Err(expand::Refusal::Missing(name)) => {
                let what = format!("`{}` names the variable {name}, which is not set", key.name);
                self.report(Problem::at(span, what).with_help(format!("set {name}; `$${{` stands for a plain `${{`")));
                None
            }
            Err(expand::Refusal::Malformed) => {
                let what = format!("`{}` holds a `${{` that begins no variable", key.name);
                self.report(Problem::at(span, what).with_help("write ${NAME}; `$${` stands for a plain `${`"));
                None
            }
        }
    }

    fn choice(&mut self, key: &Key, words: &[&str], value: &Spanned<DeValue<'_>>) -> Option<String> {
        let text = self.text(key, value)?;
        if words.contains(&text.as_str()) {
            return Some(text);
        }
        let help = nearest::hint(&text, words.iter().copied());
        let problem = Problem::at(value.span(), format!("`{}` is none of {}", key.name, listed(words)));
        self.report(problem.maybe_help(help));
        None
    }

    fn duration(&mut self, key: &Key, value: &Spanned<DeValue<'_>>) -> Option<std::time::Duration> {
        if matches!(value.get_ref(), DeValue::Integer(_) | DeValue::Float(_)) {
            return self.wrong_type(key, value, "a text with a unit: \"90s\", \"15m\", \"1h\"");
        }
        let text = self.text(key, value)?;
        let read = if key.form == Form::DurationOrZero { duration::parse } else { duration::parse_some };
        match read(&text) {
            Ok(duration) => Some(duration),
            Err(why) => {
                self.report(Problem::at(value.span(), format!("`{}` {why}", key.name)));
                None
            }
        }
    }

    fn texts(&mut self, key: &Key, value: &Spanned<DeValue<'_>>) -> Option<Vec<String>> {
        let Some(list) = value.get_ref().as_array() else {
            return self.wrong_type(key, value, "a list of texts");
        };
        let texts: Vec<_> = list.iter().map(|value| self.text(key, value)).collect();
        texts.into_iter().collect()
    }

    fn text_table(&mut self, key: &Key, value: &Spanned<DeValue<'_>>) -> Option<Vec<(String, String)>> {
        let Some(table) = value.get_ref().as_table() else {
            return self.wrong_type(key, value, "a table of texts");
        };
        let entries: Vec<_> =
            table.iter().map(|(name, value)| Some((name.get_ref().to_string(), self.text(key, value)?))).collect();
        entries.into_iter().collect()
    }
}

/// `a`, `b` and so on.
pub(super) fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
