//! Which identity, where a machine has several.

use tokenex_core::{Error, ErrorKind, Result};

use super::platform::Platform;

/// A user-assigned identity, by one of its three names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Selector {
    Client(String),
    Object(String),
    Resource(String),
}

/// How a platform calls the three in its query. `None`: it does not take that one.
pub(super) struct Names {
    pub(super) client: Option<&'static str>,
    pub(super) object: Option<&'static str>,
    pub(super) resource: Option<&'static str>,
}

impl Selector {
    /// The one that was given, if any.
    pub(super) fn only(mut given: Vec<Self>) -> Result<Option<Self>> {
        if given.len() > 1 {
            return Err(bad("two user-assigned identities are named, and a token is for one").with_advice(
                "give one of client_id, object_id and resource_id: each of them alone names the identity",
            ));
        }
        let Some(selector) = given.pop() else { return Ok(None) };
        let (option, value) = (selector.option(), selector.value());
        if value.is_empty() {
            return Err(bad(format!("the {option} of the managed identity is empty"))
                .with_advice("leave it out for the identity of the machine itself"));
        }
        if !value.bytes().all(|byte| byte.is_ascii_graphic()) && !matches!(selector, Self::Resource(_)) {
            return Err(bad(format!("the {option} of the managed identity holds blanks or other odd characters"))
                .with_advice("it is a GUID, without anything around it"));
        }
        if matches!(selector, Self::Resource(_)) && !value.starts_with('/') {
            return Err(bad("the resource_id of the managed identity is not one")
                .with_advice("it begins with /subscriptions/; `az identity show --query id` prints it"));
        }
        Ok(Some(selector))
    }

    /// The parameter that names this identity at the platform.
    pub(super) fn parameter(&self, names: &Names, platform: Platform) -> Result<(&'static str, &str)> {
        let name = match self {
            Self::Client(_) => names.client,
            Self::Object(_) => names.object,
            Self::Resource(_) => names.resource,
        };
        name.map(|name| (name, self.value())).ok_or_else(|| {
            if names.client.is_some() {
                bad(format!("{platform} takes a client_id only, and no {}", self.option()))
                    .with_advice("`az identity show --query clientId` prints the client id")
            } else {
                bad(format!("{platform} does not let programs choose their identity"))
                    .with_advice("leave out client_id, object_id and resource_id: the platform's settings decide")
            }
        })
    }

    fn option(&self) -> &'static str {
        match self {
            Self::Client(_) => "client_id",
            Self::Object(_) => "object_id",
            Self::Resource(_) => "resource_id",
        }
    }

    fn value(&self) -> &str {
        match self {
            Self::Client(value) | Self::Object(value) | Self::Resource(value) => value,
        }
    }
}

fn bad(what: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Configuration, what).with_code("selector")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_selector_or_none() {
        let (client, object) = (Selector::Client("c".into()), Selector::Object("o".into()));
        assert_eq!(Selector::only(vec![]).unwrap(), None);
        assert_eq!(Selector::only(vec![client.clone()]).unwrap(), Some(client.clone()));
        let error = Selector::only(vec![client, object]).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("selector")));
        assert!(error.to_string().contains("give one of"), "{error}");
    }

    #[test]
    fn what_cannot_name_an_identity_is_refused() {
        for selector in [
            Selector::Client("".into()),
            Selector::Client(" 11111111-2222-3333-4444-555555555555".into()),
            Selector::Object("a\nb".into()),
            Selector::Resource("my-identity".into()),
        ] {
            let error = Selector::only(vec![selector.clone()]).unwrap_err();
            assert!(error.advice().is_some() && error.to_string().contains(selector.option()), "{error}");
        }
        // Names of resource groups may hold parentheses, and letters of any script.
        assert!(Selector::only(vec![Selector::Resource("/subscriptions/s/resourceGroups/(ü)".into())]).is_ok());
    }
}
