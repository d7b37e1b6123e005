//! Reads what is trusted: places of secrets, and programs that are run. Others may not write to either.

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::DeValue;

use super::keys::Key;
use super::model::Span;
use super::problems::Problem;
use super::read::Reader;
use super::secret_ref::SecretRef;
use super::{expand, nearest, permissions};

impl Reader<'_> {
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

    pub(super) fn secret_table(&mut self, key: &Key, value: &Spanned<DeValue<'_>>) -> Option<Vec<(String, SecretRef)>> {
        let Some(table) = value.get_ref().as_table() else {
            return self.wrong_type(key, value, "a table: { NAME = { env = \"VAR\" } }");
        };
        let entries: Vec<_> =
            table.iter().map(|(name, value)| Some((name.get_ref().to_string(), self.secret(key, value)?))).collect();
        entries.into_iter().collect()
    }

    /// A program and its arguments. Others may not write to the program.
    pub(super) fn argv(&mut self, key: &Key, value: &Spanned<DeValue<'_>>) -> Option<Vec<String>> {
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
}
