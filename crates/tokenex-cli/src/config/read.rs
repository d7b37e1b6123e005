//! Reads a table of the file by its table of keys.

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fields::{Field, Fields};
use super::keys::{Form, Key, Table};
use super::model::Span;
use super::problems::Problem;
use super::secret_ref::SecretRef;
use super::{address, duration, expand, nearest, permissions};

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

    fn expand(&mut self, key: &Key, text: &str, span: Span) -> Option<String> {
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

    /// Whether credentials may go there.
    fn address(&mut self, keys: &Table, key: &Key, allows_plain: bool, text: &str, span: Span) -> Option<()> {
        let address = match address::Address::read(text) {
            Ok(address) => address,
            Err(fault) => {
                let (what, help) = match fault {
                    address::Fault::NamesAUser => ("names a user", "leave user and password out of addresses"),
                    _ => ("is no http or https address", "write it as https://host:port"),
                };
                self.report(Problem::at(span, format!("`{}` {what}", key.name)).with_help(help));
                return None;
            }
        };
        if !address.is_plain() || (key.form == Form::PlatformUrl && address.is_platform()) {
            return Some(());
        }
        let can_be_allowed = keys.key("dangerous_allow_http").is_some() && key.name != "probe";
        if allows_plain && can_be_allowed {
            self.plain_http.push(address.authority);
            return Some(());
        }
        let what = format!("`{}` is plain http to another machine: credentials would travel unencrypted", key.name);
        let help = match can_be_allowed {
            true => "use https; where the network is trusted, set `dangerous_allow_http = true` beside it",
            false => "use https; there is no way to allow plain http here",
        };
        self.report(Problem::at(span, what).with_help(help));
        None
    }

    fn texts(&mut self, key: &Key, value: &Spanned<DeValue<'_>>) -> Option<Vec<String>> {
        let Some(list) = value.get_ref().as_array() else {
            return self.wrong_type(key, value, "a list of texts");
        };
        let texts: Vec<_> = list.iter().map(|value| self.text(key, value)).collect();
        texts.into_iter().collect()
    }

    /// A program and its arguments. Others may not write to the program.
    fn argv(&mut self, key: &Key, value: &Spanned<DeValue<'_>>) -> Option<Vec<String>> {
        let Some(list) = value.get_ref().as_array() else {
            return self.wrong_type(key, value, "a list: the program, and each argument by itself");
        };
        // An argument may be empty.
        let mut argv = Vec::new();
        for item in list.iter() {
            match item.get_ref().as_str() {
                Some(text) => argv.push(self.expand(key, text, item.span())?),
                None => return self.wrong_type(key, item, "a list of texts"),
            }
        }
        let Some(program) = argv.first_mut().filter(|program| !program.is_empty()) else {
            self.report(Problem::at(value.span(), format!("`{}` names no program", key.name)));
            return None;
        };
        if Path::new(program.as_str()).components().count() > 1 {
            match self.folder.join(&program).into_os_string().into_string() {
                Ok(path) => *program = path,
                Err(_) => return self.wrong_type(key, value, "a path that is UTF-8"),
            }
        }
        let found = permissions::program(Path::new(program.as_str()));
        self.trusted(key, found, value.span())?;
        Some(argv)
    }

    /// Refuses a file whose content others may change.
    pub(super) fn trusted(&mut self, key: &Key, path: Option<PathBuf>, span: Span) -> Option<()> {
        let Some(path) = path else { return Some(()) };
        let Some(mode) = permissions::others_may_write(&path) else { return Some(()) };
        let what = format!("`{}`: others may write to {} (mode {mode:o})", key.name, path.display());
        self.report(Problem::at(span, what).with_help(format!("chmod go-w {}", path.display())));
        None
    }

    fn text_table(&mut self, key: &Key, value: &Spanned<DeValue<'_>>) -> Option<Vec<(String, String)>> {
        let Some(table) = value.get_ref().as_table() else {
            return self.wrong_type(key, value, "a table of texts");
        };
        let entries: Vec<_> =
            table.iter().map(|(name, value)| Some((name.get_ref().to_string(), self.text(key, value)?))).collect();
        entries.into_iter().collect()
    }

    fn secret_table(&mut self, key: &Key, value: &Spanned<DeValue<'_>>) -> Option<Vec<(String, SecretRef)>> {
        let Some(table) = value.get_ref().as_table() else {
            return self.wrong_type(key, value, "a table: { NAME = { env = \"VAR\" } }");
        };
        let entries: Vec<_> =
            table.iter().map(|(name, value)| Some((name.get_ref().to_string(), self.secret(key, value)?))).collect();
        entries.into_iter().collect()
    }

    /// Where a secret is. The secret itself is refused.
    pub(super) fn secret(&mut self, key: &Key, value: &Spanned<DeValue<'_>>) -> Option<SecretRef> {
        const PLACES: &str = "{ env = \"VAR\" }, { file = \"PATH\" } or { credential = \"NAME.FIELD\" }";
        let Some(table) = value.get_ref().as_table() else {
            let what = match value.get_ref() {
                DeValue::String(_) => format!("`{}` holds a secret, and this file is no place for one", key.name),
                _ => format!("`{}` does not say where a secret is", key.name),
            };
            let help = format!("files like this are copied and committed; write {PLACES}");
            self.report(Problem::at(value.span(), what).with_help(help));
            return None;
        };
        let mut entries = table.iter();
        let (Some((name, place)), None) = (entries.next(), entries.next()) else {
            let what = format!("`{}` says not in one way where a secret is", key.name);
            self.report(Problem::at(value.span(), what).with_help(format!("write {PLACES}")));
            return None;
        };
        match name.get_ref().as_ref() {
            "env" => {
                let variable = self.text(key, place)?;
                if !expand::is_name(&variable) {
                    let what = format!("`{}` names no variable", key.name);
                    self.report(Problem::at(place.span(), what).with_help("`env` is the name of a variable"));
                    return None;
                }
                Some(SecretRef::Env(variable))
            }
            "file" => {
                let path = self.folder.join(self.text(key, place)?);
                self.trusted(key, Some(path.clone()), place.span())?;
                Some(SecretRef::File(path))
            }
            "credential" => {
                let text = self.text(key, place)?;
                match text.split_once('.') {
                    Some((name, field)) if !name.is_empty() && !field.is_empty() => {
                        Some(SecretRef::Credential { name: name.to_owned(), field: field.to_owned() })
                    }
                    _ => {
                        let what = format!("`{}` does not name a field of a credential", key.name);
                        self.report(Problem::at(place.span(), what).with_help("write it as NAME.FIELD"));
                        None
                    }
                }
            }
            other => {
                let help = nearest::hint(other, ["env", "file", "credential"]);
                let what = format!("`{}` knows no place {other:?}", key.name);
                let help = help.unwrap_or_else(|| format!("write {PLACES}"));
                self.report(Problem::at_key(name.span(), what).with_help(help));
                None
            }
        }
    }

    fn proxy(&mut self, key: &Key, value: &Spanned<DeValue<'_>>) -> Option<Field> {
        if value.get_ref().is_table() {
            let secret = self.secret(key, value)?;
            if matches!(secret, SecretRef::Credential { .. }) {
                let what = "a proxy cannot come from a credential, which needs it";
                self.report(
                    Problem::at(value.span(), what).with_help("write { env = \"VAR\" } or { file = \"PATH\" }"),
                );
                return None;
            }
            return Some(Field::Secret(secret));
        }
        let text = self.text(key, value)?;
        match address::Address::read(&text) {
            Ok(_) => Some(Field::Text(text)),
            Err(_) if text == "none" => Some(Field::Text(text)),
            Err(address::Fault::NamesAUser) => {
                let what = "`proxy` names a user, and this file is no place for a password";
                let help = "write { env = \"VAR\" } or { file = \"PATH\" }, which hold the whole address";
                self.report(Problem::at(value.span(), what).with_help(help));
                None
            }
            Err(_) => {
                let help = "write it as http://proxy.example:3128, or \"none\"";
                self.report(Problem::at(value.span(), "`proxy` is no address").with_help(help));
                None
            }
        }
    }
}

/// `a`, `b` and so on.
pub(super) fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
