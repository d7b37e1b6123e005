//! The values of one table, read and checked.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};

use super::model::Span;
use super::secret_ref::SecretRef;

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Field {
    Text(String),
    Path(PathBuf),
    Duration(Duration),
    Flag(bool),
    Count(u32),
    Share(f64),
    Texts(Vec<String>),
    TextTable(Vec<(String, String)>),
    Secret(SecretRef),
    SecretTable(Vec<(String, SecretRef)>),
    Data(Map<String, Value>),
    /// It has been reported.
    Wrong,
}

/// The values of one table. What is missing or wrong has been reported, and then the file is not used: a placeholder
/// stands in its place until all else is checked.
#[derive(Debug)]
pub(super) struct Fields {
    header: Span,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    name: &'static str,
    key: Span,
    value: Span,
    field: Field,
}

impl Fields {
    pub(super) fn new(header: Span) -> Self {
        Self { header, entries: Vec::new() }
    }

    pub(super) fn insert(&mut self, name: &'static str, key: Span, value: Span, field: Field) {
        self.entries.push(Entry { name, key, value, field });
    }

    /// Where the table begins.
    pub(super) fn header(&self) -> Span {
        self.header.clone()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.entry(name).is_some()
    }

    /// Where the key stands; without one, the table.
    pub(super) fn key_span(&self, name: &str) -> Span {
        self.entry(name).map_or_else(|| self.header(), |entry| entry.key.clone())
    }

    /// Where the value stands; without one, the table.
    pub(super) fn value_span(&self, name: &str) -> Span {
        self.entry(name).map_or_else(|| self.header(), |entry| entry.value.clone())
    }

    /// Where each key stands.
    pub(super) fn places(&self) -> Vec<(&'static str, Span)> {
        self.entries.iter().map(|entry| (entry.name, entry.key.clone())).collect()
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    fn field(&self, name: &str) -> Option<&Field> {
        self.entry(name).map(|entry| &entry.field)
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.field(name)? {
            Field::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// One that must be there.
    pub(super) fn needed(&self, name: &str) -> String {
        self.text(name).unwrap_or_default()
    }

    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        match self.field(name)? {
            Field::Path(path) => Some(path.clone()),
            _ => None,
        }
    }

    pub(super) fn duration(&self, name: &str) -> Option<Duration> {
        match self.field(name)? {
            Field::Duration(duration) => Some(*duration),
            _ => None,
        }
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        match self.field(name)? {
            Field::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    pub(super) fn count(&self, name: &str) -> Option<u32> {
        match self.field(name)? {
            Field::Count(count) => Some(*count),
            _ => None,
        }
    }

    pub(super) fn share(&self, name: &str) -> Option<f64> {
        match self.field(name)? {
            Field::Share(share) => Some(*share),
            _ => None,
        }
    }

    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        match self.field(name) {
            Some(Field::Texts(texts)) => texts.clone(),
            _ => Vec::new(),
        }
    }

    pub(super) fn text_table(&self, name: &str) -> Vec<(String, String)> {
        match self.field(name) {
            Some(Field::TextTable(table)) => table.clone(),
            _ => Vec::new(),
        }
    }

    pub(super) fn secret(&self, name: &str) -> Option<SecretRef> {
        match self.field(name)? {
            Field::Secret(secret) => Some(secret.clone()),
            _ => None,
        }
    }

    pub(super) fn secret_table(&self, name: &str) -> Vec<(String, SecretRef)> {
        match self.field(name) {
            Some(Field::SecretTable(table)) => table.clone(),
            _ => Vec::new(),
        }
    }

    pub(super) fn data(&self, name: &str) -> Option<Map<String, Value>> {
        match self.field(name)? {
            Field::Data(data) => Some(data.clone()),
            _ => None,
        }
    }
}
