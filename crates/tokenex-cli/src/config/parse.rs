//! The text of a file as a whole.

use std::path::Path;

use tokenex::core::Policy;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::build;
use super::fields::Fields;
use super::keys::{self, Table};
use super::model::{Config, CredentialSpec, HttpSpec, IdentitySpec, Span};
use super::problems::Problem;
use super::read::{Reader, listed};
use super::source_text::SourceText;
use super::{nearest, references, warnings};

/// Where a file stands.
pub(crate) struct Place<'a> {
    /// Where relative paths begin.
    pub(crate) folder: &'a Path,
    /// The environment that `${VAR}` is taken from.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> Place<'a> {
    /// In this folder, with the environment of this process.
    pub(crate) fn here(folder: &'a Path) -> Self {
        Self { folder, variable: &|name| std::env::var(name).ok() }
    }
}

/// What a text came to.
pub(crate) struct Parsed {
    /// Absent when it is not even a table. Not to be used when one of the problems is an error.
    pub(crate) config: Option<Config>,
    /// Errors and warnings.
    pub(crate) problems: Vec<Problem>,
}

/// Reads a text. It finds all problems that can be seen without asking anybody.
pub(crate) fn parse(text: &SourceText, place: &Place<'_>) -> Parsed {
    let (document, syntax) = DeTable::parse_recoverable(text.text());
    let mut reader =
        Reader { folder: place.folder, variable: place.variable, problems: Vec::new(), plain_http: Vec::new() };
    let mut config = Config {
        text: text.clone(),
        identities: Vec::new(),
        credentials: Vec::new(),
        http: HttpSpec::default(),
        policy: Policy::default(),
        declared: Vec::new(),
    };
    reader.document(document.get_ref(), &mut config);
    config.http.plain_http = std::mem::take(&mut reader.plain_http);
    reader.problems.extend(references::check(&config));
    if syntax.is_empty() && reader.problems.is_empty() {
        reader.problems.extend(warnings::of(&config));
    }
    Parsed { config: Some(config), problems: with_syntax(reader.problems, &syntax, text) }
}

/// Adds the errors in the syntax, and drops what only follows from them.
fn with_syntax(mut problems: Vec<Problem>, syntax: &[toml::de::Error], text: &SourceText) -> Vec<Problem> {
    let Some(first) = syntax.iter().filter_map(toml::de::Error::span).map(|span| span.start).min() else {
        problems.extend(syntax.iter().map(|error| Problem::of_the_file(error.message())));
        return problems;
    };
    // What follows the first error may have been read in another way than it was meant.
    let begin = text.text().as_bytes()[..first.min(text.text().len())].iter().rposition(|byte| *byte == b'\n');
    let trusted = begin.map_or(0, |at| at + 1);
    problems.retain(|problem| !problem.is_absence() && problem.start().is_some_and(|start| start < trusted));
    problems.extend(syntax.iter().map(|error| match error.span() {
        Some(span) => Problem::at(span, format!("this is no TOML: {}", error.message())),
        None => Problem::of_the_file(format!("this is no TOML: {}", error.message())),
    }));
    problems
}

impl Reader<'_> {
    fn document(&mut self, document: &DeTable<'_>, config: &mut Config) {
        for (name, _) in document.iter().filter(|(name, _)| !keys::TOP.contains(&name.get_ref().as_ref())) {
            let help =
                nearest::hint(name.get_ref(), keys::TOP).unwrap_or_else(|| format!("there are {}", listed(&keys::TOP)));
            self.report(Problem::at_key(name.span(), format!("a file has no {:?}", name.get_ref())).with_help(help));
        }
        self.version(document);
        if let Some(fields) = self.only(document, &keys::HTTP) {
            config.http = self.http(&fields);
        }
        if let Some(fields) = self.only(document, &keys::POLICY) {
            config.policy = build::policy(&fields);
        }
        let identities = self.named(document, "identity");
        let credentials = self.named(document, "credential");
        let declared = |kind, names: &[(String, Span, &DeTable<'_>)]| {
            names.iter().map(|(name, ..)| (kind, name.clone())).collect::<Vec<_>>()
        };
        config.declared = declared("identity", &identities);
        config.declared.extend(declared("credential", &credentials));
        for (name, at, table) in identities {
            let Some((word, fields)) = self.chosen("source", keys::IDENTITIES, &at, table) else { continue };
            if let Some(origin) = build::origin(word, &fields) {
                config.identities.push(IdentitySpec { name, at, keys: fields.places(), origin });
            }
        }
        let words: Vec<_> = credentials
            .iter()
            .map(|(name, _, table)| (name.clone(), table.get("provider").and_then(|word| word.get_ref().as_str())))
            .collect();
        let word_of =
            |name: &str| words.iter().find(|(known, _)| known == name).and_then(|(_, word)| word.map(str::to_owned));
        for (name, at, table) in credentials {
            let Some((word, fields)) = self.chosen("provider", keys::CREDENTIALS, &at, table) else { continue };
            if let Some(provider) = self.provider(word, &fields, &word_of) {
                let (keys, probe) = (fields.places(), fields.text("probe"));
                config.credentials.push(CredentialSpec { name, at, keys, provider, probe });
            }
        }
    }

    fn version(&mut self, document: &DeTable<'_>) {
        const HELP: &str = "write `version = 1` at the top of the file";
        match document.get("version") {
            None => self.report(Problem::absent("`version` is missing").with_help(HELP)),
            Some(version) => {
                let is_one = version.get_ref().as_integer().is_some_and(|version| version.as_str() == "1");
                if !is_one {
                    let what = "this program reads files of version 1 alone";
                    self.report(Problem::at(version.span(), what).with_help(HELP));
                }
            }
        }
    }

    /// `[http]` or `[policy]`.
    fn only(&mut self, document: &DeTable<'_>, keys: &Table) -> Option<Fields> {
        let (name, value) = document.get_key_value(keys.word)?;
        match value.get_ref().as_table() {
            Some(table) => Some(self.fields(keys, None, &name.span(), table)),
            None => {
                self.report(Problem::at_key(name.span(), format!("`{0}` is no table: write [{0}]", keys.word)));
                None
            }
        }
    }

    /// All `[identity.NAME]` or `[credential.NAME]`, in the file's order.
    fn named<'t, 'i>(&mut self, document: &'t DeTable<'i>, kind: &'static str) -> Vec<(String, Span, &'t DeTable<'i>)> {
        let Some((header, value)) = document.get_key_value(kind) else { return Vec::new() };
        let Some(tables) = value.get_ref().as_table() else {
            self.report(Problem::at_key(header.span(), format!("`{kind}` is no table: write [{kind}.NAME]")));
            return Vec::new();
        };
        let mut named = Vec::new();
        for (name, value) in tables.iter() {
            if !is_name(name.get_ref()) {
                let what = format!("{:?} is no name: letters, digits, - and _ are", name.get_ref());
                self.report(Problem::at_key(name.span(), what));
            }
            match value.get_ref() {
                DeValue::Table(table) => named.push((name.get_ref().to_string(), name.span(), table)),
                _ => {
                    let what = format!("`{kind}.{}` is no table: write [{kind}.NAME]", name.get_ref());
                    self.report(Problem::at_key(name.span(), what).with_help("the keys stand below that line"));
                }
            }
        }
        named.sort_by_key(|(_, at, _)| at.start);
        named
    }

    /// The fields of a table whose key `deciding` chooses its other keys.
    fn chosen(
        &mut self,
        deciding: &'static str,
        words: &'static [Table],
        header: &Span,
        table: &DeTable<'_>,
    ) -> Option<(&'static str, Fields)> {
        let known: Vec<_> = words.iter().map(|table| table.word).collect();
        let Some(value) = table.get(deciding) else {
            let strange = |name: &str| words.iter().all(|table| table.key(name).is_none());
            let slip = |name: &str| strange(name) && nearest::nearest(name, [deciding]).is_some();
            let problem = match table.iter().find(|(name, _)| slip(name.get_ref())) {
                Some((name, _)) => Problem::at_key(name.span(), format!("there is no key {:?}", name.get_ref()))
                    .with_help(format!("did you mean `{deciding}`?")),
                None => Problem::missing(header.clone(), format!("`{deciding}` is missing"))
                    .with_help(format!("one of {}", listed(&known))),
            };
            self.report(problem);
            return None;
        };
        let keys = self.word(deciding, words, &known, value)?;
        Some((keys.word, self.fields(keys, Some(deciding), header, table)))
    }

    fn word(
        &mut self,
        deciding: &str,
        words: &'static [Table],
        known: &[&str],
        value: &Spanned<DeValue<'_>>,
    ) -> Option<&'static Table> {
        let word = value.get_ref().as_str();
        let found = words.iter().find(|table| Some(table.word) == word);
        if found.is_none() {
            let all = format!("one of {}", listed(known));
            let help = word.and_then(|word| nearest::hint(word, known.iter().copied())).unwrap_or(all);
            self.report(Problem::at(value.span(), format!("there is no such `{deciding}`")).with_help(help));
        }
        found
    }
}

/// What can stand before the point in `NAME.FIELD`, and in a log.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 100
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_')
}
