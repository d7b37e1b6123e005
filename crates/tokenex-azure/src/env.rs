//! The environment variables that AKS gives to a pod.

use tokenex_core::sources::File;
use tokenex_core::{Error, ErrorKind, Result};

use crate::cloud::Cloud;
use crate::entra::{Entra, EntraBuilder, TokenProxy};

const TENANT: &str = "AZURE_TENANT_ID";
const CLIENT: &str = "AZURE_CLIENT_ID";
const TOKEN_FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";
const AUTHORITY: &str = "AZURE_AUTHORITY_HOST";

const PROXY: &str = "AZURE_KUBERNETES_TOKEN_PROXY";
const PROXY_NAME: &str = "AZURE_KUBERNETES_SNI_NAME";
const PROXY_CA_FILE: &str = "AZURE_KUBERNETES_CA_FILE";
const PROXY_CA: &str = "AZURE_KUBERNETES_CA_DATA";

impl Entra {
    /// A federated client as the environment describes it: that of a pod with
    /// [workload identity](https://azure.github.io/azure-workload-identity/docs/installation/mutating-admission-webhook.html)
    /// in Kubernetes.
    ///
    /// Read are `AZURE_TENANT_ID`, `AZURE_CLIENT_ID`, `AZURE_FEDERATED_TOKEN_FILE`, and if set `AZURE_AUTHORITY_HOST`. With
    /// [identity bindings](https://learn.microsoft.com/azure/aks/identity-bindings-concepts) of AKS, token requests go to
    /// the proxy of the cluster: `AZURE_KUBERNETES_TOKEN_PROXY` (https), `AZURE_KUBERNETES_SNI_NAME` for the name in its
    /// certificate, and `AZURE_KUBERNETES_CA_FILE`, read anew each time since it changes, or `AZURE_KUBERNETES_CA_DATA`.
    /// A way to the proxy needs feature `http`, or a [transport](EntraBuilder::transport) that trusts it.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`], naming all variables that are missing, or the one that is wrong.
    pub fn from_env() -> Result<EntraBuilder> {
        // Only what is Unicode can be any of these.
        from_variables(|name| std::env::var(name).ok())
    }
}

fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<EntraBuilder> {
    let value = |name: &str| variable(name).filter(|text| !text.trim().is_empty());
    let (Some(tenant), Some(client), Some(file)) = (value(TENANT), value(CLIENT), value(TOKEN_FILE)) else {
        let missing = [TENANT, CLIENT, TOKEN_FILE].into_iter().filter(|name| value(name).is_none());
        return Err(bad(format!("not set: {}", missing.collect::<Vec<_>>().join(", "))).with_advice(
            "the webhook of workload identity sets them, in pods with the label azure.workload.identity/use: \"true\" whose \
             service account is annotated with azure.workload.identity/client-id; elsewhere set them yourself",
        ));
    };
    let mut builder = Entra::federated(tenant, client, File::new(file));
    if let Some(authority) = value(AUTHORITY) {
        let cloud = Cloud::at(&authority).map_err(|error| {
            bad(format!("{AUTHORITY} is not usable"))
                .with_advice("such as https://login.microsoftonline.com/")
                .with_source(error)
        })?;
        builder = builder.cloud(cloud);
    }
    match token_proxy(value)? {
        Some(proxy) => Ok(builder.token_proxy(proxy)),
        None => Ok(builder),
    }
}

fn token_proxy(value: impl Fn(&str) -> Option<String>) -> Result<Option<TokenProxy>> {
    let Some(address) = value(PROXY) else {
        return match [PROXY_NAME, PROXY_CA_FILE, PROXY_CA].iter().find(|name| value(name).is_some()) {
            Some(name) => Err(bad(format!("{name} is set, and {PROXY} is not"))
                .with_advice("they describe the token proxy of identity bindings: set all that AKS sets, or none")),
            None => Ok(None),
        };
    };
    let unusable =
        |what: &str| bad(format!("{PROXY} {what}")).with_advice("it is the https address of the cluster's token proxy");
    // The text is not repeated: people put passwords into addresses.
    let address: http::Uri = address.trim().parse().map_err(|_| unusable("is not an address"))?;
    if address.scheme_str() != Some("https") {
        return Err(unusable("is not an https address"));
    }
    if address.authority().is_some_and(|authority| authority.as_str().contains('@')) || address.query().is_some() {
        return Err(unusable("holds a user name or a query"));
    }
    let (ca_file, ca_pem) = (value(PROXY_CA_FILE), value(PROXY_CA));
    if ca_file.is_some() && ca_pem.is_some() {
        return Err(bad(format!("{PROXY_CA_FILE} and {PROXY_CA} are both set, and only one can count"))
            .with_advice("unset one of them"));
    }
    Ok(Some(TokenProxy { address, server_name: value(PROXY_NAME), ca_file, ca_pem }))
}

fn bad(what: String) -> Error {
    Error::new(ErrorKind::Configuration, what).with_provider("azure").with_code("environment")
}

#[cfg(test)]
mod tests;
