//! Session tags, checked before anything is sent
//! ([their rules](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html)).

use aws_sdk_sts::types::Tag;
use tokenex_core::Result;

use crate::session::bad;

/// At most so many tags, and so many keys of transitive ones.
const TAGS_MAX: usize = 50;
const KEY_MAX: usize = 128;
const VALUE_MAX: usize = 256;

/// Tags as they were given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tags(Vec<(String, String)>);

impl Tags {
    pub(crate) fn add(&mut self, key: String, value: String) {
        self.0.push((key, value));
    }

    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration), naming the tag.
    pub(crate) fn check(&self) -> Result<()> {
        if self.0.len() > TAGS_MAX {
            return Err(
                bad("tag", format!("there are {} tags", self.0.len())).with_advice(format!("AWS takes {TAGS_MAX}"))
            );
        }
        for (at, (key, value)) in self.0.iter().enumerate() {
            check_key(key)?;
            if value.chars().count() > VALUE_MAX || !value.chars().all(is_tag) {
                return Err(bad("tag", format!("the value of the tag {key:?} is not one"))
                    .with_advice("it can have 256 letters, digits, blanks and _.:/=+-@"));
            }
            // AWS tells keys apart without regard to case.
            if self.0[..at].iter().any(|(other, _)| other.to_lowercase() == key.to_lowercase()) {
                return Err(bad("tag", format!("the tag {key:?} is there twice"))
                    .with_advice("upper and lower case are the same here"));
            }
        }
        Ok(())
    }

    /// As the SDK takes them; `None` when there are none.
    pub(crate) fn to_sdk(&self) -> Option<Vec<Tag>> {
        let tag = |(key, value): &(String, String)| Tag::builder().key(key).value(value).build().ok();
        Some(self.0.iter().filter_map(tag).collect::<Vec<_>>()).filter(|tags| !tags.is_empty())
    }
}

/// # Errors
/// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration).
pub(crate) fn check_transitive(keys: &[String]) -> Result<()> {
    if keys.len() > TAGS_MAX {
        return Err(bad("tag", format!("there are {} keys of transitive tags", keys.len()))
            .with_advice(format!("AWS takes {TAGS_MAX}")));
    }
    keys.iter().try_for_each(|key| check_key(key))
}

fn check_key(key: &str) -> Result<()> {
    let advice = "it has 1 to 128 letters, digits, blanks and _.:/=+-@, and does not begin with aws:";
    if !(1..=KEY_MAX).contains(&key.chars().count()) || !key.chars().all(is_tag) {
        return Err(bad("tag", "the key of a tag is not one").with_advice(advice));
    }
    if key.to_lowercase().starts_with("aws:") {
        return Err(bad("tag", format!("the key of the tag {key:?} is reserved")).with_advice(advice));
    }
    Ok(())
}

/// `[\p{L}\p{Z}\p{N}_.:/=+\-@]`, as far as the standard library tells characters apart.
fn is_tag(c: char) -> bool {
    c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
}

#[cfg(test)]
mod tests {
    use tokenex_core::ErrorKind;

    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        let mut tags = Tags::default();
        for (key, value) in pairs {
            tags.add((*key).to_owned(), (*value).to_owned());
        }
        tags
    }

    #[test]
    fn tags_within_their_bounds_are_passed_on() {
        let some = tags(&[("team", "a b"), ("größe", ""), ("a_.:/=+-@", &"x".repeat(256)), (&"k".repeat(128), "v")]);
        some.check().unwrap();
        let sent = some.to_sdk().unwrap();
        assert_eq!((sent.len(), sent[0].key(), sent[0].value()), (4, "team", "a b"));
        assert!(Tags::default().to_sdk().is_none());
    }

    #[test]
    fn tags_out_of_bounds_are_refused() {
        for pairs in [
            &[("", "v")][..],
            &[("k\n", "v")],
            &[("k", "v\u{0}")],
            &[("k", "v*")],
            &[("AWS:k", "v")],
            &[("Team", "v"), ("team", "w")],
            &[(&"k".repeat(129), "v")],
            &[("k", &"v".repeat(257))],
        ] {
            let error = tags(pairs).check().unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("tag")), "{error}");
            assert!(error.advice().is_some());
        }
        let many: Vec<String> = (0..51).map(|number| format!("k{number}")).collect();
        let pairs: Vec<(&str, &str)> = many.iter().map(|key| (key.as_str(), "v")).collect();
        assert!(tags(&pairs).check().is_err() && tags(&pairs[1..]).check().is_ok());
        assert!(check_transitive(&many).is_err() && check_transitive(&many[1..]).is_ok());
        assert!(check_transitive(&["aws:k".to_owned()]).is_err());
    }
}
