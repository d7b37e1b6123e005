//! The environment variables of both products.
//!
//! OpenBao looks for `BAO_X` first, which wins even when it is empty, and then for `VAULT_X`
//! ([`api/env.go`](https://github.com/openbao/openbao/blob/main/api/env.go)). Vault knows only the latter.

use tokenex_core::{Error, ErrorKind, Result, TokenSource};

use crate::vault::{Vault, VaultBuilder};

impl Vault {
    /// As [`builder`](Self::builder), with the address and what belongs to it from the environment, for programs that
    /// already run beside the command line tools.
    ///
    /// Read are, each as `BAO_X` and then as `VAULT_X`: `ADDR` (required; `AGENT_ADDR` and `PROXY_ADDR` come before it),
    /// `NAMESPACE`, and with feature `http` `CACERT`, `CACERT_BYTES`, `CLIENT_CERT` and `CLIENT_KEY` (both, or their
    /// `_BYTES`) and `TLS_SERVER_NAME`. `TOKEN` is not: the identity is the login.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when there is no address, a file cannot be read, or `SKIP_VERIFY` is on.
    pub fn from_env(role: impl Into<String>, identity: impl TokenSource) -> Result<VaultBuilder> {
        // Only what is Unicode can be an address or a path that is shown in errors.
        from_variables(|name| std::env::var(name).ok(), role.into(), identity)
    }
}

fn from_variables(
    variable: impl Fn(&str) -> Option<String>,
    role: String,
    identity: impl TokenSource,
) -> Result<VaultBuilder> {
    let value = |name: &str| {
        variable(&format!("BAO_{name}")).or_else(|| variable(&format!("VAULT_{name}"))).filter(|text| !text.is_empty())
    };
    if value("SKIP_VERIFY").is_some_and(|skip| matches!(skip.to_ascii_lowercase().as_str(), "1" | "t" | "true")) {
        return Err(bad("SKIP_VERIFY is on, and certificates are always verified here")
            .with_advice("unset it, and name the CA of the server in VAULT_CACERT"));
    }
    let Some(address) = ["AGENT_ADDR", "PROXY_ADDR", "ADDR"].iter().find_map(|name| value(name)) else {
        return Err(bad("neither VAULT_ADDR nor BAO_ADDR says where the server is")
            .with_advice("set VAULT_ADDR to https://host:port"));
    };
    let mut builder = Vault::builder(address, role, identity);
    if let Some(namespace) = value("NAMESPACE") {
        builder = builder.namespace(namespace);
    }
    tls(builder, value)
}

#[cfg(feature = "http")]
fn tls(mut builder: VaultBuilder, value: impl Fn(&str) -> Option<String>) -> Result<VaultBuilder> {
    // The bytes come before the file, as in the Go client.
    let pem = |name: &str| match (value(&format!("{name}_BYTES")), value(name)) {
        (Some(pem), _) => Ok(Some(pem)),
        (None, Some(file)) => read(name, file.as_ref()).map(Some),
        (None, None) => Ok(None),
    };
    if let Some(ca) = pem("CACERT")? {
        builder = builder.ca_pem(ca);
    } else if value("CAPATH").is_some() {
        return Err(bad("VAULT_CAPATH is not supported").with_advice("name one file with all CAs in VAULT_CACERT"));
    }
    match (pem("CLIENT_CERT")?, pem("CLIENT_KEY")?) {
        (Some(certificate), Some(key)) => {
            builder = builder.client_identity_pem(certificate, key);
        }
        (None, None) => {}
        _ => return Err(bad("VAULT_CLIENT_CERT and VAULT_CLIENT_KEY go together, and one is missing")),
    }
    if let Some(name) = value("TLS_SERVER_NAME") {
        builder = builder.server_name(name);
    }
    Ok(builder)
}

/// Without the `http` feature the caller's transport decides about TLS.
#[cfg(not(feature = "http"))]
fn tls(builder: VaultBuilder, _: impl Fn(&str) -> Option<String>) -> Result<VaultBuilder> {
    Ok(builder)
}

#[cfg(feature = "http")]
fn read(name: &str, file: &std::path::Path) -> Result<String> {
    std::fs::read_to_string(file).map_err(|error| {
        bad(format!("the file that VAULT_{name} or BAO_{name} names cannot be read")).with_source(error)
    })
}

fn bad(what: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Configuration, what).with_provider("vault").with_code("environment")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenex_core::{IdentityToken, Input, TokenRequest};

    struct NoIdentity;

    impl TokenSource for NoIdentity {
        async fn token(&self, _: &TokenRequest<'_>) -> Result<Input<IdentityToken>> {
            Err(Error::new(ErrorKind::Identity, "none"))
        }
    }

    fn from(variables: &[(&str, &str)]) -> Result<VaultBuilder> {
        let find = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.to_string());
        from_variables(find, "app".into(), NoIdentity)
    }

    #[test]
    fn openbao_names_win_even_when_empty() {
        assert!(from(&[("VAULT_ADDR", "https://a")]).is_ok());
        assert!(from(&[("BAO_ADDR", "https://b")]).is_ok());
        let error = from(&[("BAO_ADDR", ""), ("VAULT_ADDR", "https://a")]).unwrap_err();
        assert!(error.to_string().contains("VAULT_ADDR"), "{error}");
    }

    #[test]
    fn what_would_weaken_tls_is_refused() {
        assert!(from(&[("VAULT_ADDR", "https://a"), ("VAULT_SKIP_VERIFY", "true")]).is_err());
        assert!(from(&[("VAULT_ADDR", "https://a"), ("VAULT_SKIP_VERIFY", "0")]).is_ok());
    }

    #[cfg(feature = "http")]
    #[test]
    fn half_a_client_certificate_is_an_error() {
        let error = from(&[("VAULT_ADDR", "https://a"), ("VAULT_CLIENT_CERT_BYTES", "x")]).unwrap_err();
        assert!(error.to_string().contains("VAULT_CLIENT_KEY"), "{error}");
        assert!(from(&[("VAULT_ADDR", "https://a"), ("VAULT_CACERT", "/does/not/exist")]).is_err());
    }
}
