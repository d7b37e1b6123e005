//! The JSON Schema of the file, made from the tables of keys.

use serde_json::{Map, Value, json};

use super::keys::{self, Form, Table};

/// As text, for editors that complete and check TOML by it.
pub(crate) fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "tokenex.toml",
        "description": "Identities, and the credentials that are made from them",
        "type": "object",
        "properties": {
            "version": { "description": "The form of this file", "const": 1 },
            "identity": named("Where identity tokens come from", "source", keys::IDENTITIES),
            "credential": named("What they are exchanged for", "provider", keys::CREDENTIALS),
            "http": table(&keys::HTTP, None),
            "policy": table(&keys::POLICY, None),
        },
        "required": ["version"],
        "additionalProperties": false,
        "$defs": {
            "secret": {
                "description": "Where a secret is; it does not stand in the file itself",
                "type": "object",
                "properties": {
                    "env": { "description": "A variable", "type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" },
                    "file": { "description": "A file, read anew each time", "type": "string", "minLength": 1 },
                    "credential": { "description": "NAME.FIELD", "type": "string", "pattern": "^[^.]+\\..+$" },
                },
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": false,
            },
        },
    })
}

/// Tables with names of one's own.
fn named(about: &str, deciding: &'static str, words: &[Table]) -> Value {
    json!({
        "description": about,
        "type": "object",
        "propertyNames": { "pattern": "^[A-Za-z0-9_-]{1,100}$" },
        "additionalProperties": {
            "oneOf": words.iter().map(|word| table(word, Some(deciding))).collect::<Vec<_>>(),
        },
    })
}

fn table(table: &Table, deciding: Option<&'static str>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    if let Some(deciding) = deciding {
        properties.insert(deciding.to_owned(), json!({ "const": table.word }));
        required.push(deciding);
    }
    for key in table.keys() {
        let mut value = form(key.form);
        if let Some(members) = value.as_object_mut() {
            members.insert("description".to_owned(), Value::from(key.about));
        }
        properties.insert(key.name.to_owned(), value);
        if key.required {
            required.push(key.name);
        }
    }
    let mut schema = json!({
        "description": table.about,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    let groups = exclusions(table);
    if !groups.is_empty() {
        schema["allOf"] = Value::from(groups);
    }
    schema
}

/// Which keys exclude each other.
fn exclusions(table: &Table) -> Vec<Value> {
    let has = |name: &&str| json!({ "required": [name] });
    let exactly = table.one_of.iter().map(|group| json!({ "oneOf": group.iter().map(has).collect::<Vec<_>>() }));
    let at_most = table.at_most_one_of.iter().map(|group| {
        let mut ways: Vec<_> = group.iter().map(has).collect();
        ways.push(json!({ "not": { "anyOf": group.iter().map(has).collect::<Vec<_>>() } }));
        json!({ "oneOf": ways })
    });
    exactly.chain(at_most).collect()
}

fn form(form: Form) -> Value {
    let text = || json!({ "type": "string", "minLength": 1 });
    match form {
        Form::Text | Form::Path => text(),
        Form::Identity | Form::Credential => json!({ "type": "string", "minLength": 1 }),
        // A variable may stand for any part of it.
        Form::Url | Form::PlatformUrl => json!({ "type": "string", "pattern": "^([Hh][Tt][Tt][Pp][Ss]?://|.*\\$\\{)" }),
        Form::Choice(words) => {
            let mut ways: Vec<Value> = words.iter().map(|word| json!({ "const": word })).collect();
            ways.push(json!({ "type": "string", "pattern": "\\$\\{" }));
            json!({ "anyOf": ways })
        }
        Form::Duration | Form::DurationOrZero => json!({ "type": "string", "pattern": "^[0-9]+(ms|s|m|h)$|\\$\\{" }),
        Form::Flag => json!({ "type": "boolean" }),
        Form::Count => json!({ "type": "integer", "minimum": 1, "maximum": u32::MAX }),
        Form::Share => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        Form::Texts => json!({ "type": "array", "items": text() }),
        Form::Argv => json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 }),
        Form::TextTable => json!({ "type": "object", "additionalProperties": text() }),
        Form::Secret => json!({ "$ref": "#/$defs/secret" }),
        Form::SecretTable => json!({ "type": "object", "additionalProperties": { "$ref": "#/$defs/secret" } }),
        Form::Proxy => json!({ "anyOf": [text(), { "$ref": "#/$defs/secret" }] }),
        Form::Data => json!({ "type": "object" }),
    }
}
