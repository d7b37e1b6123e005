//! JSON objects, read into named members.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Deserializer as _, MapAccess, Visitor};

/// Reads an object and nothing else: the code that serde derives for named members takes an array as well.
///
/// # Errors
/// When the text is not one JSON object, a member is not of its type, or one of them is there twice, which leaves open
/// which of them counts ([RFC 8259 section 4](https://www.rfc-editor.org/rfc/rfc8259#section-4)).
pub(crate) fn object<T: DeserializeOwned>(json: &[u8]) -> serde_json::Result<T> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let members = reader.deserialize_map(Members(PhantomData))?;
    reader.end()?;
    Ok(members)
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, Debug, PartialEq)]
    struct One {
        a: Option<u8>,
    }

    fn read(json: &str) -> Option<One> {
        object(json.as_bytes()).ok()
    }

    #[test]
    fn an_object_is_read_and_other_members_are_passed_over() {
        assert_eq!(read(r#" {"b":[{}],"a":1} "#), Some(One { a: Some(1) }));
        assert_eq!(read("{}"), Some(One { a: None }));
        assert_eq!(read(r#"{"a":null}"#), Some(One { a: None }));
    }

    #[test]
    fn all_else_is_not() {
        for json in ["", "[1]", "[]", "1", "null", r#"{"a":1"#, r#"{"a":1}x"#, r#"{"a":"x"}"#, r#"{"a":1,"a":2}"#] {
            assert_eq!(read(json), None, "{json}");
        }
    }
}
