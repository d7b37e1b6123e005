//! Credential files of type `external_account`, as gcloud writes them for federation.

mod aws;
mod file;
mod sigv4;
mod source;

use std::env;
use std::fmt;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use http::Uri;
use tokenex_core::sources::StaticText;
use tokenex_core::{AnyTransport, Error, ErrorKind, Handle, Keep, Result, Scheduler, Source, Transport};

use crate::endpoint::{Endpoint, is_of};
use crate::errors::bad_option;
use crate::impersonation::Impersonation;
use crate::scopes::Scopes;
use crate::token::AccessToken;
use crate::universe::Universe;
use crate::workload_identity::{WorkloadIdentity, WorkloadIdentityBuilder};
use file::AccountFile;

/// Where Google's libraries find the path of the file.
const PATH_VARIABLE: &str = "GOOGLE_APPLICATION_CREDENTIALS";

/// A credential file of type `external_account` ([AIP-4117](https://google.aip.dev/auth/4117)): which pool provider to ask,
/// where the subject token is, and which service account to act as.
///
/// The file holds no secret, or an OAuth client's at most; but whoever writes it decides where tokens are sent, which URLs are
/// asked and which program is run. So:
///
/// - Tokens go to Google's own endpoints, or to this machine, whatever the file says; others must be
///   [allowed](Self::dangerous_allow_endpoint). That another Google Cloud than the public one is meant must be
///   [said](Self::universe_domain) by the program too.
/// - Programs are run as [`ExecutableSource`](crate::ExecutableSource) does, so only with the environment's consent.
/// - Files and URLs are read as they are named. Take no file from somebody who may not read them.
///
/// Sources: file, URL, executable and AWS. Certificates (X.509) are not supported: the exchange wants them shown in TLS.
///
/// The audience of the subject token is not checked here, since the file does not tell what the provider takes.
///
/// ```no_run
/// # use std::time::Duration;
/// # use tokenex_core::{Result, Scheduler};
/// # use tokenex_gcp::ExternalAccount;
/// # async fn demo(scheduler: &Scheduler) -> Result<()> {
/// let token = ExternalAccount::from_env()?.token(scheduler)?;
/// token.ready(Duration::from_secs(30)).await?;
/// # Ok(())
/// # }
/// ```
pub struct ExternalAccount {
    file: AccountFile,
    scopes: Option<Vec<String>>,
    universe: Universe,
    allowed: Vec<Uri>,
    transport: Option<AnyTransport>,
}

impl ExternalAccount {
    /// Reads the file that `GOOGLE_APPLICATION_CREDENTIALS` names. Blocks for as long as reading takes.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the variable is not set; those of [`from_file`](Self::from_file).
    pub fn from_env() -> Result<Self> {
        match env::var_os(PATH_VARIABLE).filter(|path| !path.is_empty()) {
            Some(path) => Self::from_file(Path::new(&path)),
            None => Err(bad_option("external_account", format!("{PATH_VARIABLE} is not set"))
                .with_advice("set it to the path of the credential file")),
        }
    }

    /// Reads the file at this path. Blocks for as long as reading takes.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when it cannot be read; those of [`from_json`](Self::from_json).
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        const LENGTH_MAX: u64 = 64 * 1024;
        let path = path.as_ref();
        let bad = |what: &str| {
            bad_option("external_account", format!("the credential file {path:?} {what}"))
                .with_advice("`gcloud iam workload-identity-pools create-cred-config` writes such a file")
        };
        let mut text = String::new();
        fs::File::open(path)
            .and_then(|file| file.take(LENGTH_MAX + 1).read_to_string(&mut text))
            .map_err(|why| bad("cannot be read").with_source(why))?;
        if text.len() as u64 > LENGTH_MAX {
            return Err(bad("is longer than 64 KiB"));
        }
        Self::from_json(&text)
    }

    /// Takes the text of the file, and checks all of it but where tokens are sent: that is for [`token`](Self::token), when
    /// all is said.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`], naming the member that is wrong.
    pub fn from_json(text: &str) -> Result<Self> {
        let file = AccountFile::read(text)?;
        Ok(Self { file, scopes: None, universe: Universe::public(), allowed: Vec::new(), transport: None })
    }

    /// What the token is for. Default `https://www.googleapis.com/auth/cloud-platform`, which leaves the decision to IAM.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// Says that the file is for this Google Cloud instead of the public one.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when it is no domain.
    pub fn universe_domain(mut self, domain: &str) -> Result<Self> {
        self.universe = Universe::new(domain)?;
        Ok(self)
    }

    /// Lets tokens be sent to the host of this URL, if the file names it. Whoever answers there can act as this identity.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when it is no https URL.
    pub fn dangerous_allow_endpoint(mut self, url: &str) -> Result<Self> {
        self.allowed.push(Endpoint::new("dangerous_allow_endpoint", url, None)?.uri().clone());
        Ok(self)
    }

    /// Another way to the network than the scheduler's, for the endpoints that tokens are sent to.
    #[must_use]
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(AnyTransport::new(transport));
        self
    }

    /// The service account that the file says to act as.
    pub fn service_account(&self) -> Option<&str> {
        self.file.impersonation.as_ref().map(|impersonation| impersonation.account.as_str())
    }

    /// The project that the file says quota is counted for; see `SdkCredentials::with_quota_project`.
    pub fn quota_project(&self) -> Option<&str> {
        self.file.quota_project.as_deref()
    }

    /// Keeps the token that the file describes: the federated one, or that of the service account, made from a federated one
    /// which is then kept as well.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when an endpoint is not Google's, or an option is wrong.
    pub fn token(&self, scheduler: &Scheduler) -> Result<Handle<AccessToken>> {
        let federated = self.federated()?;
        let Some(impersonation) = &self.file.impersonation else { return Ok(scheduler.keep(federated)) };
        // Checked before anything is kept.
        let _ = self.trusted(&impersonation.origin, "iamcredentials", "service_account_impersonation_url")?;
        let name = format!("gcp federated token for {}", impersonation.account);
        let base = scheduler.keep(Keep::new(federated).name(name));
        self.impersonation(base).map(|acting| scheduler.keep(acting))
    }

    /// The provider of the federated token alone, for compositions of one's own. Where the file names a service account, the
    /// token is for IAM and nothing else.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the token endpoint is not Google's, or an option is wrong.
    pub fn federated(&self) -> Result<WorkloadIdentity> {
        let AccountFile { audience, subject_token_type, source, .. } = &self.file;
        let token_url = match &self.file.token_url {
            Some(url) => self.trusted(url, "sts", "token_url")?,
            None => format!("{}/v1/token", self.universe.origin("sts")),
        };
        let source = source.clone();
        let mut builder: WorkloadIdentityBuilder = if self.file.is_identity() {
            WorkloadIdentity::builder(audience, source).any_audience().subject_token_type(subject_token_type)
        } else {
            WorkloadIdentity::other_subject(audience, subject_token_type, source)
        };
        builder = builder.token_url(token_url).universe_domain(self.checked_universe()?.as_str());
        builder = match (&self.file.impersonation, &self.scopes) {
            (Some(_), _) => builder.scopes(Scopes::iam().as_slice()),
            (None, Some(scopes)) => builder.scopes(scopes),
            (None, None) => builder,
        };
        builder = match (&self.file.client, &self.file.user_project) {
            // The client says which project quota is counted for, as with Google's libraries.
            (Some((id, secret)), _) => builder.client_auth(id, StaticText::new(secret.clone())),
            (None, Some(project)) => builder.user_project(project),
            (None, None) => builder,
        };
        if let Some(transport) = &self.transport {
            builder = builder.transport(transport.clone());
        }
        builder.build()
    }

    /// The provider of the service account's token, made from the tokens of `base`.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the file names no service account, the endpoint is not Google's, or an option is
    /// wrong.
    pub fn impersonation(&self, base: impl Source<AccessToken>) -> Result<Impersonation> {
        let Some(file) = &self.file.impersonation else {
            return Err(bad_option(
                "service_account_impersonation_url",
                "the credential file names no service account",
            )
            .with_advice("keep the `federated` token itself"));
        };
        let origin = self.trusted(&file.origin, "iamcredentials", "service_account_impersonation_url")?;
        let mut builder = Impersonation::builder(&file.account, base)
            .endpoint(origin)
            .universe_domain(self.checked_universe()?.as_str());
        if let Some(lifetime) = file.lifetime {
            // The file says so on purpose, and the organisation decides.
            builder = builder.extended_lifetime(lifetime);
        }
        if let Some(scopes) = &self.scopes {
            builder = builder.scopes(scopes);
        }
        if let Some(transport) = &self.transport {
            builder = builder.transport(transport.clone());
        }
        builder.build()
    }

    /// The Google Cloud that both the program and the file mean.
    fn checked_universe(&self) -> Result<&Universe> {
        match &self.file.universe {
            Some(other) if *other != self.universe => Err(bad_option(
                "universe_domain",
                format!(
                    "the credential file is for {}, and the program for {}",
                    other.as_str(),
                    self.universe.as_str()
                ),
            )
            .with_advice("say `universe_domain` if that Google Cloud is meant")),
            _ => Ok(&self.universe),
        }
    }

    /// An address of the file, if tokens may be sent there.
    fn trusted(&self, url: &str, service: &str, member: &'static str) -> Result<String> {
        let endpoint = Endpoint::new(member, url, None)?;
        let uri = endpoint.uri();
        let is_allowed = |allowed: &Uri| {
            (allowed.scheme(), allowed.host(), allowed.port_u16()) == (uri.scheme(), uri.host(), uri.port_u16())
        };
        if is_of(self.checked_universe()?, service, uri) || self.allowed.iter().any(is_allowed) {
            return Ok(url.to_owned());
        }
        Err(untrusted(member, uri.host().unwrap_or_default()))
    }
}

fn untrusted(member: &'static str, host: &str) -> Error {
    // A host is no secret, but it comes from outside.
    let host: String = host.chars().take(100).collect();
    bad_option(member, format!("the credential file names {host:?} as an endpoint, which is not Google's"))
        .with_code("untrusted_endpoint")
        .with_advice(
            "tokens sent there could be used by whoever answers; if that is right, allow it with `dangerous_allow_endpoint`",
        )
}

/// A wrong member of the file.
fn bad_member(member: &str, what: impl fmt::Display) -> Error {
    Error::new(ErrorKind::Configuration, format!("\"{member}\" of the credential file {what}"))
        .with_provider("gcp")
        .with_code("external_account")
        .with_advice("`gcloud iam workload-identity-pools create-cred-config` writes such a file")
}

impl fmt::Debug for ExternalAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternalAccount")
            .field("audience", &self.file.audience)
            .field("source", &self.file.source)
            .field("service_account", &self.service_account())
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}
