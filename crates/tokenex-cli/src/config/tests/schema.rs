//! The schema agrees with the parser: what is well formed for one is so for the other.

use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

use super::{SAMPLE, file, is_sound};
use crate::config::schema;

#[test]
fn the_sample_fits_the_schema() {
    assert_eq!(faults(SAMPLE), Vec::<String>::new());
}

#[test]
fn what_the_parser_finds_malformed_the_schema_refuses() {
    let azure = "[credential.a]\nprovider = \"azure\"\ntenant_id = \"t\"\nclient_id = \"c\"\nscope = \"s\"\n";
    let url = "[identity.a]\nsource = \"url\"\nurl = \"https://x\"\n";
    for text in [
        "".to_owned(),
        "version = 2".to_owned(),
        "version = 1\nx = 1".to_owned(),
        "version = 1\nidentity = 1".to_owned(),
        file("[identity.\"a b\"]\nsource = \"github-actions\""),
        file("[identity.a]\nsource = \"nope\""),
        file("[identity.a]\nvar = \"x\""),
        file("[identity.a]\nsource = \"env\""),
        file("[identity.a]\nsource = \"env\"\nvar = 1"),
        file("[identity.a]\nsource = \"env\"\nvar = \"\""),
        file("[identity.a]\nsource = \"command\"\nargv = []"),
        file("[identity.a]\nsource = \"command\"\nargv = [1]"),
        file("[identity.a]\nsource = \"command\"\nargv = [\"x\"]\nformat = \"y\""),
        file(&format!("{url}headers = {{ a = \"x\" }}")),
        file(&format!("{url}headers = {{ a = {{ env = \"X\", file = \"y\" }} }}")),
        file(&format!("{url}headers = {{ a = {{ nope = \"X\" }} }}")),
        file(&format!("{url}dangerous_allow_http = 1")),
        file("[identity.a]\nsource = \"url\"\nurl = \"ftp://x\""),
        file(azure),
        file(&format!("{azure}identity = \"job\"\nfrom = \"x\"")),
        file(&format!("{azure}identity = \"job\"\nsecret = 1")),
        file(&format!("{azure}client_secret = \"x\"")),
        file(
            "[credential.a]\nprovider = \"azure-managed-identity\"\nscope = \"s\"\nclient_id = \"a\"\nobject_id = \"b\"",
        ),
        "version = 1\n[http]\ntimeout = 5".to_owned(),
        "version = 1\n[http]\ntimeout = \"5\"".to_owned(),
        "version = 1\n[policy]\njitter = 2".to_owned(),
        "version = 1\n[policy]\nattempts_per_lifetime = 0".to_owned(),
        "version = 1\n[policy]\nterminal_is_final = \"yes\"".to_owned(),
    ] {
        assert!(!is_sound(&text), "the parser takes\n{text}");
        assert!(!faults(&text).is_empty(), "the schema takes\n{text}");
    }
}

#[test]
fn each_key_is_described() {
    fn walk(value: &Value, path: &str) {
        if let Some(properties) = value.get("properties").and_then(Value::as_object) {
            for (name, property) in properties {
                let described = property.get("description").is_some() || property.get("const").is_some();
                assert!(described, "{path}/{name}");
            }
        }
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| walk(value, &format!("{path}/{name}"))),
            Value::Array(items) => items.iter().for_each(|value| walk(value, path)),
            _ => {}
        }
    }
    walk(&schema(), "");
}

/// What a file lacks by the schema.
fn faults(text: &str) -> Vec<String> {
    let document = DeTable::parse(text).unwrap();
    let (schema, mut faults) = (schema(), Vec::new());
    check(&schema, &schema, &object(document.get_ref()), "", &mut faults);
    faults
}

/// As much of JSON Schema as is used. A keyword that is not known here is a fault of the test.
fn check(root: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let fits = |schema: &Value| {
        let mut inner = Vec::new();
        check(root, schema, value, at, &mut inner);
        inner.is_empty()
    };
    let properties = schema.get("properties");
    for (keyword, wanted) in schema.as_object().unwrap() {
        let good = match (keyword.as_str(), value) {
            ("$schema" | "title" | "description" | "$defs" | "properties", _) => true,
            ("$ref", _) => fits(root.pointer(wanted.as_str().unwrap().trim_start_matches('#')).unwrap()),
            ("const", _) => value == wanted,
            ("type", _) => match wanted.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                "integer" => value.is_i64(),
                "number" => value.is_number(),
                other => panic!("the type {other}"),
            },
            ("oneOf", _) => wanted.as_array().unwrap().iter().filter(|one| fits(one)).count() == 1,
            ("anyOf", _) => wanted.as_array().unwrap().iter().any(fits),
            ("allOf", _) => wanted.as_array().unwrap().iter().all(fits),
            ("not", _) => !fits(wanted),
            ("required", Value::Object(members)) => {
                wanted.as_array().unwrap().iter().all(|name| members.contains_key(name.as_str().unwrap()))
            }
            ("additionalProperties", Value::Object(members)) => members
                .iter()
                .filter(|(name, _)| properties.is_none_or(|properties| properties.get(name).is_none()))
                .all(|(name, value)| match wanted {
                    Value::Bool(allowed) => *allowed,
                    schema => {
                        let before = faults.len();
                        check(root, schema, value, &format!("{at}/{name}"), faults);
                        faults.len() == before
                    }
                }),
            ("propertyNames", Value::Object(members)) => {
                members.keys().all(|name| matches(wanted["pattern"].as_str().unwrap(), name))
            }
            ("minProperties", Value::Object(members)) => members.len() as u64 >= wanted.as_u64().unwrap(),
            ("maxProperties", Value::Object(members)) => members.len() as u64 <= wanted.as_u64().unwrap(),
            ("items", Value::Array(items)) => items.iter().all(|item| {
                let before = faults.len();
                check(root, wanted, item, at, faults);
                faults.len() == before
            }),
            ("minItems", Value::Array(items)) => items.len() as u64 >= wanted.as_u64().unwrap(),
            ("minLength", Value::String(text)) => text.len() as u64 >= wanted.as_u64().unwrap(),
            ("pattern", Value::String(text)) => matches(wanted.as_str().unwrap(), text),
            ("minimum", Value::Number(number)) => number.as_f64() >= wanted.as_f64(),
            ("maximum", Value::Number(number)) => number.as_f64() <= wanted.as_f64(),
            // Of another type, about which another keyword complains.
            (
                "required" | "additionalProperties" | "propertyNames" | "minProperties" | "maxProperties" | "items",
                _,
            )
            | ("minItems" | "minLength" | "pattern" | "minimum" | "maximum", _) => true,
            (other, _) => panic!("the keyword {other}"),
        };
        if !good {
            faults.push(format!("{at}: {keyword}"));
        }
    }
    if let (Some(properties), Value::Object(members)) = (properties, value) {
        for (name, value) in members {
            if let Some(property) = properties.get(name) {
                check(root, property, value, &format!("{at}/{name}"), faults);
            }
        }
    }
}

/// The patterns that are used, by hand.
fn matches(pattern: &str, text: &str) -> bool {
    let has_variable = text.contains("${");
    match pattern {
        "^[A-Za-z0-9_-]{1,100}$" => {
            (1..=100).contains(&text.len()) && text.chars().all(|l| l.is_ascii_alphanumeric() || l == '_' || l == '-')
        }
        "^[A-Za-z_][A-Za-z0-9_]*$" => crate::config::expand::is_name(text),
        "^[^.]+\\..+$" => text.split_once('.').is_some_and(|(name, field)| !name.is_empty() && !field.is_empty()),
        "\\$\\{" => has_variable,
        "^[0-9]+(ms|s|m|h)$|\\$\\{" => {
            let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
            has_variable || (unit.len() < text.len() && ["ms", "s", "m", "h"].contains(&unit))
        }
        "^([Hh][Tt][Tt][Pp][Ss]?://|.*\\$\\{)" => {
            let lower = text.to_ascii_lowercase();
            has_variable || lower.starts_with("http://") || lower.starts_with("https://")
        }
        other => panic!("the pattern {other}"),
    }
}

fn object(table: &DeTable<'_>) -> Value {
    let members = table.iter().map(|(name, value)| (name.get_ref().to_string(), json(value.get_ref())));
    Value::Object(members.collect::<Map<_, _>>())
}

fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(number) => Value::from(i64::from_str_radix(number.as_str(), number.radix()).unwrap()),
        DeValue::Float(number) => Value::from(number.as_str().parse::<f64>().unwrap()),
        DeValue::Boolean(flag) => Value::from(*flag),
        DeValue::Datetime(date) => Value::from(date.to_string()),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => object(table),
    }
}
