//! The environment variables that Oracle's Terraform provider reads for workload identity federation.

use tokenex_core::sources::{EnvVar, File};
use tokenex_core::{Error, ErrorKind, Result};

use crate::exchange::{Domain, DomainBuilder, TokenExchange, resource};
use crate::wire::Requested;

const TOKEN_PATH: &str = "OCI_WORKLOAD_IDENTITY_TOKEN_PATH";
const DOMAIN_URL: &str = "OCI_TOKEN_EXCHANGE_DOMAIN_URL";
const AUTH: &str = "OCI_TOKEN_EXCHANGE_AUTH";
const CLIENT_ID: &str = "OCI_TOKEN_EXCHANGE_CLIENT_ID";
const CLIENT_SECRET: &str = "OCI_TOKEN_EXCHANGE_CLIENT_SECRET";
const REQUESTED_TYPE: &str = "OCI_TOKEN_EXCHANGE_REQUESTED_TOKEN_TYPE";
const SUBJECT_TYPE: &str = "OCI_TOKEN_EXCHANGE_SUBJECT_TOKEN_TYPE";
const RESOURCE_TYPE: &str = "OCI_TOKEN_EXCHANGE_RESOURCE_TYPE";

impl Domain {
    /// A domain as the environment describes it, by the names that
    /// [Oracle's Terraform provider](https://registry.terraform.io/providers/oracle/oci/latest/docs) reads:
    ///
    /// | variable | holds |
    /// |---|---|
    /// | `OCI_WORKLOAD_IDENTITY_TOKEN_PATH` | the file with the identity token, read anew each time |
    /// | `OCI_TOKEN_EXCHANGE_DOMAIN_URL` | the Domain URL |
    /// | `OCI_TOKEN_EXCHANGE_AUTH` | `OAuthClientCredentials` (default) or `InstancePrincipal` |
    /// | `OCI_TOKEN_EXCHANGE_CLIENT_ID`, `OCI_TOKEN_EXCHANGE_CLIENT_SECRET` | the application; not for `InstancePrincipal` |
    /// | `OCI_TOKEN_EXCHANGE_REQUESTED_TOKEN_TYPE` | `urn:oci:token-type:oci-upst` (default) or `urn:oci:token-type:oci-rpst` |
    /// | `OCI_TOKEN_EXCHANGE_RESOURCE_TYPE` | the type of resource, for the latter |
    /// | `OCI_TOKEN_EXCHANGE_SUBJECT_TOKEN_TYPE` | `jwt` (default), and nothing else |
    ///
    /// Say [`instance_principal`](DomainBuilder::instance_principal) where the variables ask for that, and
    /// [`audience`](DomainBuilder::audience) where the file's token is not for the client id. [`Domain::token`] is then the token
    /// asked for.
    ///
    /// ```no_run
    /// # fn demo(scheduler: &tokenex_core::Scheduler) -> tokenex_core::Result<()> {
    /// let domain = tokenex_oci::Domain::from_env()?.audience("oci-workloads").build()?;
    /// let session = scheduler.keep(domain.token());
    /// # let _ = session;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`], naming all variables that are missing, or the one that is wrong.
    pub fn from_env() -> Result<DomainBuilder> {
        // Only what is Unicode can be any of these.
        from_variables(|name| std::env::var(name).ok())
    }
}

impl TokenExchange {
    /// What [`Domain::from_env`] describes, at once: for where nothing has to be added.
    ///
    /// # Errors
    /// Those of [`Domain::from_env`], and of building the domain.
    pub fn from_env() -> Result<Self> {
        Ok(Domain::from_env()?.build()?.token())
    }
}

fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<DomainBuilder> {
    let value = |name: &str| variable(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let auth = auth(value(AUTH).as_deref())?;
    let needed: &[&str] = match auth {
        Auth::Application => &[TOKEN_PATH, DOMAIN_URL, CLIENT_ID, CLIENT_SECRET],
        Auth::InstancePrincipal => &[TOKEN_PATH, DOMAIN_URL],
    };
    let missing: Vec<_> = needed.iter().copied().filter(|name| value(name).is_none()).collect();
    let (Some(path), Some(url), true) = (value(TOKEN_PATH), value(DOMAIN_URL), missing.is_empty()) else {
        return Err(bad(format!("not set: {}", missing.join(", ")))
            .with_advice("set them as for the Terraform provider with `auth = \"WorkloadIdentityFederation\"`"));
    };
    if value(SUBJECT_TYPE).is_some_and(|kind| kind != "jwt") {
        return Err(bad(format!("{SUBJECT_TYPE} is not `jwt`, and other subject tokens are not exchanged here")));
    }
    let mut builder = Domain::builder(url, File::new(path)).requested(requested(value)?);
    if let (Auth::Application, Some(id)) = (auth, value(CLIENT_ID)) {
        builder = builder.client(id, EnvVar::new(CLIENT_SECRET));
    }
    Ok(builder)
}

#[derive(Clone, Copy)]
enum Auth {
    Application,
    InstancePrincipal,
}

fn auth(text: Option<&str>) -> Result<Auth> {
    match text {
        None | Some("OAuthClientCredentials") => Ok(Auth::Application),
        Some("InstancePrincipal") => Ok(Auth::InstancePrincipal),
        Some(_) => Err(bad(format!("{AUTH} is neither `OAuthClientCredentials` nor `InstancePrincipal`"))),
    }
}

fn requested(value: impl Fn(&str) -> Option<String>) -> Result<Requested> {
    match value(REQUESTED_TYPE).as_deref() {
        None | Some("urn:oci:token-type:oci-upst") => Ok(Requested::User),
        Some("urn:oci:token-type:oci-rpst") => {
            let res_type = value(RESOURCE_TYPE).ok_or_else(|| {
                bad(format!("not set: {RESOURCE_TYPE}")).with_advice(
                    "the token of a resource wants its type, as the trust's `impersonatingResource` has it",
                )
            })?;
            resource(res_type)
        }
        Some(_) => Err(bad(format!("{REQUESTED_TYPE} is none of the token types that are known"))
            .with_advice("urn:oci:token-type:oci-upst for a user's, urn:oci:token-type:oci-rpst for a resource's")),
    }
}

fn bad(what: String) -> Error {
    Error::new(ErrorKind::Configuration, what).with_provider("oci").with_code("environment")
}

#[cfg(test)]
mod tests;
