//! The name of a workload or workforce identity pool provider.

use std::fmt;

use tokenex_core::{Error, Result};

use crate::errors::bad_option;

/// The full name of a provider, as the token exchange wants it for its `audience`
/// ([method token](https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token)).
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ProviderName {
    name: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Workload,
    Workforce,
    /// The built-in pool of a fleet of clusters, which is written otherwise.
    Fleet,
}

/// How the name begins on the wire.
const PREFIX: &str = "//iam.googleapis.com/";

/// The form for the fleet pool of a project
/// ([fleet workload identity](https://cloud.google.com/kubernetes-engine/fleet-management/docs/use-workload-identity)).
const FLEET: &str = "identitynamespace:";

const SHAPE: &str =
    "//iam.googleapis.com/projects/PROJECT_NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER";

const HOW_TO_FIND: &str = "`gcloud iam workload-identity-pools providers describe PROVIDER --workload-identity-pool=POOL \
    --location=global --format='value(name)'` prints it";

impl ProviderName {
    /// Reads the name in any of the forms that consoles and documents show: with `//iam.googleapis.com/` or `https:` in front,
    /// or from `projects/` or `locations/` on.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration), saying which part is wrong.
    pub(crate) fn read(text: &str) -> Result<Self> {
        if text.trim().is_empty() {
            return Err(bad("the name of the pool provider is empty"));
        }
        if text.trim() != text {
            return Err(bad("there are blanks around the name of the pool provider"));
        }
        if let Some(rest) = text.strip_prefix(FLEET) {
            return Self::fleet(text, rest);
        }
        let path = path(text)?;
        let segments: Vec<&str> = path.split('/').collect();
        if let Some(odd) = segments.iter().find(|segment| !is_plain(segment)) {
            return Err(bad(format!("the part {odd:?} of the name of the pool provider is not one")));
        }
        let kind = match segments.as_slice() {
            ["projects", project, "locations", _, "workloadIdentityPools", _, "providers", _] => {
                check_number(project)?;
                Kind::Workload
            }
            ["locations", _, "workforcePools", _, "providers", _] => Kind::Workforce,
            [.., "workloadIdentityPools" | "workforcePools", _] => {
                return Err(bad("the name is that of a pool and not of a provider in it")
                    .with_advice(format!("add /providers/PROVIDER; {HOW_TO_FIND}")));
            }
            [.., "subject" | "group", _] => {
                return Err(bad("the name is that of a principal and not of a pool provider"));
            }
            _ => return Err(bad("the name of the pool provider has not the parts that it must have")),
        };
        Ok(Self { name: format!("{PREFIX}{path}"), kind })
    }

    fn fleet(text: &str, rest: &str) -> Result<Self> {
        match rest.split_once(':') {
            Some((pool, provider))
                if !pool.is_empty() && !provider.is_empty() && text.bytes().all(|b| b.is_ascii_graphic()) =>
            {
                Ok(Self { name: text.to_owned(), kind: Kind::Fleet })
            }
            _ => Err(bad("the name of the fleet pool is not one")
                .with_advice("write identitynamespace:PROJECT_ID.svc.id.goog:IDENTITY_PROVIDER")),
        }
    }

    /// The `audience` of the exchange.
    pub(crate) fn as_str(&self) -> &str {
        &self.name
    }

    pub(crate) fn is_workforce(&self) -> bool {
        self.kind == Kind::Workforce
    }

    /// The `aud` values that such a provider takes while it has no allowed audiences of its own: its name with and without
    /// `https:`; a fleet pool takes its name. A workforce provider takes the client id that it is set up with, which its name
    /// does not tell.
    pub(crate) fn default_audiences(&self) -> Vec<String> {
        match self.kind {
            Kind::Workload => vec![format!("https:{}", self.name), self.name.clone()],
            Kind::Workforce => Vec::new(),
            Kind::Fleet => self.name.split(':').nth(1).map(str::to_owned).into_iter().collect(),
        }
    }
}

/// What follows the host, whichever way the name is written.
fn path(text: &str) -> Result<&str> {
    let without_scheme = text.strip_prefix("https:").or_else(|| text.strip_prefix("http:")).unwrap_or(text);
    let path = match without_scheme.strip_prefix("//") {
        Some(rest) => match rest.split_once('/') {
            Some(("iam.googleapis.com", path)) => path,
            _ => return Err(bad("the name of the pool provider does not begin with //iam.googleapis.com/")),
        },
        None => without_scheme.strip_prefix("iam.googleapis.com/").unwrap_or(without_scheme).trim_start_matches('/'),
    };
    // As in the address that gcloud prints for the resource.
    Ok(path.strip_prefix("v1/").unwrap_or(path).trim_end_matches('/'))
}

fn is_plain(segment: &str) -> bool {
    const LENGTH_MAX: usize = 100;
    let dots = segment.bytes().all(|b| b == b'.');
    !dots
        && segment.len() <= LENGTH_MAX
        && segment.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':'))
}

fn check_number(project: &str) -> Result<()> {
    if project.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    Err(bad(format!("\"{project}\" is the id of a project, and the name of a pool provider has its number"))
        .with_advice(format!("`gcloud projects describe {project} --format='value(projectNumber)'` prints it")))
}

fn bad(what: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    bad_option("provider_name", what).with_advice(format!("write {SHAPE}; {HOW_TO_FIND}"))
}

impl fmt::Debug for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = "//iam.googleapis.com/projects/123456/locations/global/workloadIdentityPools/pool/providers/ci";
    const WORKFORCE: &str = "//iam.googleapis.com/locations/global/workforcePools/people/providers/idp";

    #[test]
    fn all_the_ways_to_write_it_are_one_name() {
        for text in [
            FULL,
            &format!("https:{FULL}"),
            &FULL["//iam.googleapis.com".len()..],
            &FULL["//iam.googleapis.com/".len()..],
            &FULL["//".len()..],
            &format!("{FULL}/"),
            "https://iam.googleapis.com/v1/projects/123456/locations/global/workloadIdentityPools/pool/providers/ci",
        ] {
            assert_eq!(ProviderName::read(text).unwrap().as_str(), FULL, "{text}");
        }
        let workforce = ProviderName::read(&WORKFORCE["//iam.googleapis.com/".len()..]).unwrap();
        assert_eq!((workforce.as_str(), workforce.is_workforce()), (WORKFORCE, true));
    }

    #[test]
    fn a_workload_provider_takes_its_own_name_and_a_workforce_provider_does_not() {
        let audiences = ProviderName::read(FULL).unwrap().default_audiences();
        assert_eq!(audiences, [format!("https:{FULL}"), FULL.to_owned()]);
        assert!(ProviderName::read(WORKFORCE).unwrap().default_audiences().is_empty());
        let fleet = "identitynamespace:app.svc.id.goog:https://gkehub.googleapis.com/projects/app/x";
        let fleet = ProviderName::read(fleet).unwrap();
        assert_eq!(fleet.default_audiences(), ["app.svc.id.goog"]);
    }

    #[test]
    fn a_mistake_is_named() {
        let with = |from: &str, to: &str| FULL.replace(from, to);
        for (text, word) in [
            (String::new(), "empty"),
            (" \n".to_owned(), "empty"),
            (format!("{FULL}\n"), "blanks"),
            (with("123456", "my-app"), "gcloud projects describe my-app"),
            (with("/providers/ci", ""), "that of a pool"),
            (with("/providers/ci", "/subject/x"), "that of a principal"),
            (with("iam.googleapis.com", "iam.example"), "does not begin with"),
            (with("pool/", "my pool/"), "\"my pool\""),
            (with("pool/", "../"), "\"..\""),
            (with("pool/", "/"), "\"\""),
            (with("workloadIdentityPools", "pools"), "has not the parts"),
            ("sts.amazonaws.com".to_owned(), "has not the parts"),
            ("identitynamespace:app".to_owned(), "fleet"),
        ] {
            let error = ProviderName::read(&text).unwrap_err();
            assert_eq!(error.code(), Some("provider_name"));
            assert!(error.to_string().contains(word), "{text}: {error}");
            assert!(error.advice().is_some());
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in ".{0,80}") {
            for text in [text.clone(), format!("{FULL}{text}"), format!("identitynamespace:{text}")] {
                if let Ok(name) = ProviderName::read(&text) {
                    assert!(name.as_str().bytes().all(|b| b.is_ascii_graphic()));
                }
            }
        }
    }
}
