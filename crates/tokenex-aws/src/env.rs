//! What a platform puts into the environment of programs that have a role by web identity
//! ([its names](https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html)).

use tokenex_core::Result;
use tokenex_core::sources::File;

use crate::session::bad;
use crate::web_identity::{WebIdentity, WebIdentityBuilder};

impl WebIdentity {
    /// As [`builder`](Self::builder), with what the environment says, as EKS sets it for service accounts with a role.
    ///
    /// Read are, here and now: `AWS_ROLE_ARN` and `AWS_WEB_IDENTITY_TOKEN_FILE` (both required), `AWS_ROLE_SESSION_NAME`;
    /// `AWS_REGION`, else `AWS_DEFAULT_REGION`; `AWS_ENDPOINT_URL_STS`, else `AWS_ENDPOINT_URL`, unless
    /// `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is true; `AWS_USE_FIPS_ENDPOINT`, `AWS_USE_DUALSTACK_ENDPOINT`; and
    /// `AWS_STS_REGIONAL_ENDPOINTS`, of which `legacy` sends requests for some regions to the global endpoint.
    ///
    /// The file is read at each exchange.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration) when a required one is absent, or a switch is
    /// set to something else than its values.
    pub fn from_env() -> Result<WebIdentityBuilder> {
        // Only what is Unicode can be an ARN, or a path that is shown in errors.
        from_variables(|name| std::env::var(name).ok())
    }
}

fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<WebIdentityBuilder> {
    let value = |name: &str| variable(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let required = |name: &str| {
        value(name).ok_or_else(|| {
            bad("environment", format!("the variable {name} is not set")).with_advice(
                "EKS sets it for service accounts with the annotation eks.amazonaws.com/role-arn, in pods that start after it; \
                 elsewhere set it yourself, or use WebIdentity::builder",
            )
        })
    };
    let switch = |name: &str| match value(name).map(|text| text.to_ascii_lowercase()).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(bad("environment", format!("the variable {name} is neither true nor false"))
            .with_advice("set it to one of them, or not at all")),
    };
    let mut builder =
        WebIdentity::builder(required("AWS_ROLE_ARN")?, File::new(required("AWS_WEB_IDENTITY_TOKEN_FILE")?));
    builder.session.name = value("AWS_ROLE_SESSION_NAME");
    builder.endpoint.region = value("AWS_REGION").or_else(|| value("AWS_DEFAULT_REGION"));
    if !switch("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")? {
        builder.endpoint.url = value("AWS_ENDPOINT_URL_STS").or_else(|| value("AWS_ENDPOINT_URL"));
    }
    builder.endpoint.fips = switch("AWS_USE_FIPS_ENDPOINT")?;
    builder.endpoint.dual_stack = switch("AWS_USE_DUALSTACK_ENDPOINT")?;
    builder.endpoint.legacy = match value("AWS_STS_REGIONAL_ENDPOINTS").as_deref() {
        None | Some("regional") => false,
        Some("legacy") => true,
        Some(_) => {
            return Err(bad("environment", "the variable AWS_STS_REGIONAL_ENDPOINTS is neither regional nor legacy")
                .with_advice("set it to regional, or not at all"));
        }
    };
    Ok(builder)
}

#[cfg(test)]
mod tests {
    use tokenex_core::{ErrorKind, Provider};

    use super::*;

    const ROLE: (&str, &str) = ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/app");
    const FILE: (&str, &str) =
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/eks.amazonaws.com/serviceaccount/token");
    const REGION: (&str, &str) = ("AWS_REGION", "eu-central-1");

    fn of(pairs: &[(&str, &str)]) -> Result<WebIdentity> {
        from_variables(|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned()))?.build()
    }

    fn target(more: &[(&str, &str)]) -> String {
        of(&[&[ROLE, FILE, REGION], more].concat()).unwrap().target().name().to_owned()
    }

    #[test]
    fn what_eks_sets_is_enough() {
        assert_eq!(target(&[]), "https://sts.eu-central-1.amazonaws.com");
        assert_eq!(target(&[("AWS_STS_REGIONAL_ENDPOINTS", "regional")]), "https://sts.eu-central-1.amazonaws.com");
        assert!(of(&[ROLE, FILE, ("AWS_REGION", " "), ("AWS_DEFAULT_REGION", "us-east-2\n")]).is_ok());
    }

    #[test]
    fn the_endpoint_can_be_another_one() {
        assert_eq!(target(&[("AWS_STS_REGIONAL_ENDPOINTS", "legacy")]), "https://sts.amazonaws.com");
        assert_eq!(target(&[("AWS_USE_FIPS_ENDPOINT", "TRUE")]), "https://sts-fips.eu-central-1.amazonaws.com");
        assert_eq!(target(&[("AWS_USE_DUALSTACK_ENDPOINT", "true")]), "https://sts.eu-central-1.api.aws");
        let both = [("AWS_ENDPOINT_URL", "https://all.example"), ("AWS_ENDPOINT_URL_STS", "https://sts.example")];
        assert_eq!(target(&both), "https://sts.example");
        assert_eq!(target(&both[..1]), "https://all.example");
        let ignored = [both[0], ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")];
        assert_eq!(target(&ignored), "https://sts.eu-central-1.amazonaws.com");
    }

    #[test]
    fn what_is_absent_or_unknown_is_named() {
        for (pairs, word) in [
            (vec![FILE, REGION], "AWS_ROLE_ARN"),
            (vec![("AWS_ROLE_ARN", " "), FILE, REGION], "AWS_ROLE_ARN"),
            (vec![ROLE, REGION], "AWS_WEB_IDENTITY_TOKEN_FILE"),
            (vec![ROLE, FILE], "region"),
            (vec![ROLE, FILE, REGION, ("AWS_USE_FIPS_ENDPOINT", "yes")], "AWS_USE_FIPS_ENDPOINT"),
            (vec![ROLE, FILE, REGION, ("AWS_STS_REGIONAL_ENDPOINTS", "global")], "AWS_STS_REGIONAL_ENDPOINTS"),
            (vec![ROLE, FILE, REGION, ("AWS_ROLE_SESSION_NAME", "a b")], "session name"),
        ] {
            let error = of(&pairs).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.to_string().contains(word) && error.advice().is_some(), "{error}");
        }
    }
}
