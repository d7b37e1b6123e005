//! Tables of anything, as JSON.

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::keys::Key;
use super::problems::Problem;
use super::read::Reader;

impl Reader<'_> {
    /// A table as a JSON object, its texts expanded.
    pub(super) fn data(&mut self, key: &Key, value: &Spanned<DeValue<'_>>) -> Option<Map<String, Value>> {
        match value.get_ref().as_table() {
            Some(table) => self.object(key, table),
            None => self.wrong_type(key, value, "a table"),
        }
    }

    fn object(&mut self, key: &Key, table: &DeTable<'_>) -> Option<Map<String, Value>> {
        let members: Vec<_> =
            table.iter().map(|(name, value)| Some((name.get_ref().to_string(), self.json(key, value)?))).collect();
        members.into_iter().collect()
    }

    fn json(&mut self, key: &Key, value: &Spanned<DeValue<'_>>) -> Option<Value> {
        match value.get_ref() {
            DeValue::String(text) if text.is_empty() => Some(Value::String(String::new())),
            DeValue::String(_) => self.text(key, value).map(Value::String),
            DeValue::Boolean(flag) => Some(Value::Bool(*flag)),
            DeValue::Integer(number) => match whole(number) {
                Some(number) => Some(Value::from(number)),
                None => self.wrong_type(key, value, "a number of 64 bits"),
            },
            DeValue::Float(number) => {
                match number.as_str().parse::<f64>().ok().and_then(serde_json::Number::from_f64) {
                    Some(number) => Some(Value::Number(number)),
                    None => self.wrong_type(key, value, "a finite number"),
                }
            }
            DeValue::Array(list) => {
                let items: Vec<_> = list.iter().map(|item| self.json(key, item)).collect();
                items.into_iter().collect::<Option<Vec<_>>>().map(Value::Array)
            }
            DeValue::Table(table) => self.object(key, table).map(Value::Object),
            DeValue::Datetime(_) => {
                let what = format!("`{}` holds a date, which JSON does not have", key.name);
                self.report(Problem::at(value.span(), what).with_help("write it as a text in quotes"));
                None
            }
        }
    }
}

fn whole(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}
