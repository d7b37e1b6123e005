//! What a tenant may be called.

use std::borrow::Cow;

use tokenex_core::{Error, ErrorKind, Result};

/// A tenant is a GUID, or a domain name that the tenant has verified. Either way it is one segment of a path that cannot
/// be read as anything else.
pub(crate) fn check_tenant(tenant: &str) -> Result<()> {
    const LENGTH_MAX: usize = 253;
    if tenant.trim().is_empty() {
        return Err(bad_tenant("the tenant is empty"));
    }
    if tenant.trim() != tenant {
        return Err(bad_tenant("there are blanks around the tenant").with_advice("leave them out"));
    }
    if ["common", "organizations", "consumers"].iter().any(|many| tenant.eq_ignore_ascii_case(many)) {
        return Err(bad_tenant(format!("\"{}\" is no tenant: a workload belongs to one", tenant.to_ascii_lowercase())));
    }
    let is_label = |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
    let characters = tenant.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
    if !characters || !tenant.split('.').all(is_label) || tenant.len() > LENGTH_MAX {
        return Err(bad_tenant("the tenant is neither an id nor a domain name"));
    }
    Ok(())
}

pub(crate) fn bad_tenant(what: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Configuration, what)
        .with_provider("azure")
        .with_code("tenant")
        .with_advice("give the tenant's id, as `az account show --query tenantId` prints it, or its domain name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_an_id_or_a_domain() {
        for tenant in ["72f988bf-86f1-41af-91ab-2d7cd011db47", "contoso.onmicrosoft.com", "contoso.example"] {
            assert!(check_tenant(tenant).is_ok(), "{tenant}");
        }
    }

    #[test]
    fn what_is_no_tenant_or_would_change_the_address_is_refused() {
        for tenant in [
            "",
            " ",
            "common",
            "Organizations",
            "consumers",
            " contoso.example",
            "contoso.example\n",
            "a/b",
            "..",
            ".",
            "a?b",
            "a#b",
            "a%2fb",
            "a@b",
            "a\\b",
            "a:b",
            "a..b",
            ".a",
            "a.",
            "-a",
            "ä.example",
            "a b",
        ] {
            let error = check_tenant(tenant).unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("tenant")), "{tenant:?}");
            assert!(error.advice().is_some());
        }
    }
}
