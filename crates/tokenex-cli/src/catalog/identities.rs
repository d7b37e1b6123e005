//! Tables of identities, as token sources.

use tokenex::core::{
    AnySource, AnyTokenSource, Attempt, Error, ErrorKind, IdentityToken, Input, Result, Secret, Source as _,
    TokenRequest, TokenSource,
};
use tokenex::gcp::MetadataServer;
use tokenex::sources::{self, Command, EnvVar, File, GitHubActions, GitLab, Url};

use super::azure;
use super::opening::Inputs;
use crate::config::{CommandFormat, Origin};

/// The source of an identity's tokens.
pub(super) fn source<'a>(origin: &'a Origin, inputs: &mut impl Inputs<'a>) -> Result<AnyTokenSource> {
    Ok(match origin {
        Origin::File { path } => AnyTokenSource::new(File::new(path)),
        Origin::Env { var } => AnyTokenSource::new(EnvVar::new(var)),
        Origin::Command { argv, format } => command(argv, *format)?,
        Origin::Url { url, headers, field } => {
            let headers = headers
                .iter()
                .map(|(name, value)| Ok((name.clone(), inputs.secret(value)?)))
                .collect::<Result<Vec<_>>>()?;
            AnyTokenSource::new(Address::new(url, headers, field.as_deref())?)
        }
        Origin::GitHubActions => AnyTokenSource::new(GitHubActions::from_env()?),
        Origin::GitLab { var } => AnyTokenSource::new(GitLab::new(var)),
        Origin::AzureManagedIdentity(which) => AnyTokenSource::new(azure::managed_identity(which)?),
        Origin::GcpMetadata { host, service_account } => {
            let mut server = match host {
                Some(host) => MetadataServer::at(host)?,
                None => MetadataServer::from_env()?,
            };
            if let Some(email) = service_account {
                server = server.service_account(email)?;
            }
            AnyTokenSource::new(server)
        }
        Origin::AwsOutbound(outbound) => inputs.outbound(outbound)?,
        Origin::Credential { from } => inputs.credential_token(from)?,
    })
}

/// A source whose failures name the identity: else they read as if the target of the credential had failed.
pub(super) fn named(name: &str, source: AnyTokenSource) -> AnyTokenSource {
    AnyTokenSource::new(Named { step: format!("identity {name}"), source })
}

struct Named {
    step: String,
    source: AnyTokenSource,
}

impl TokenSource for Named {
    async fn token(&self, request: &TokenRequest<'_>) -> Result<Input<IdentityToken>> {
        self.source.token(request).await.map_err(|error| error.with_step(self.step.clone()))
    }
}

fn command(argv: &[String], format: CommandFormat) -> Result<AnyTokenSource> {
    let Some((program, arguments)) = argv.split_first() else {
        return Err(Error::new(ErrorKind::Configuration, "`argv` is empty").with_code("argv"));
    };
    let format = match format {
        CommandFormat::Text => sources::CommandFormat::Text,
        CommandFormat::GoogleExecutable => sources::CommandFormat::GoogleExecutable,
        CommandFormat::ExecCredential => sources::CommandFormat::ExecCredential,
    };
    let command = Command::new(program).args(arguments).format(format).refuse_if_others_may_write();
    Ok(AnyTokenSource::new(command))
}

/// An address whose headers are secrets from elsewhere, looked up anew each time, as the token itself is.
struct Address {
    url: Url,
    headers: Vec<(String, AnySource<Secret>)>,
}

impl Address {
    fn new(url: &str, headers: Vec<(String, AnySource<Secret>)>, field: Option<&str>) -> Result<Self> {
        let mut url = Url::new(url)?;
        if let Some(field) = field {
            url = url.json_field(field);
        }
        // So that a bad name is told before anything is sent.
        headers.iter().try_fold(url.clone(), |url, (name, _)| url.header(name, ""))?;
        Ok(Self { url, headers })
    }

    async fn with_headers(&self, cx: &Attempt) -> Result<Url> {
        let mut url = self.url.clone();
        for (name, value) in &self.headers {
            url = url.header(name, value.fetch(cx).await?.into_value())?;
        }
        Ok(url)
    }
}

impl TokenSource for Address {
    async fn token(&self, request: &TokenRequest<'_>) -> Result<Input<IdentityToken>> {
        self.with_headers(request.attempt()).await?.token(request).await
    }
}
