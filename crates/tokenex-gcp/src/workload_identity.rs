//! The federated token: an identity token, exchanged at the Security Token Service.

mod builder;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, header};
use tokenex_core::{
    AnySource, AnyTokenSource, Attempt, Error, Grant, IdentityToken, Outcome, Provider, Result, Secret, Source, Target,
    TokenSource,
};

use crate::endpoint::{Answer, Endpoint, named};
use crate::errors::{self, Step, bad_option};
use crate::provider_name::ProviderName;
use crate::scopes::Scopes;
use crate::token::AccessToken;
use crate::universe::Universe;
use crate::wire::{Exchange, TokenAnswer};

pub use builder::WorkloadIdentityBuilder;

/// A JWT, as the Security Token Service calls it; `...:id_token` is the same to it.
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// The provider of a *federated token*: an [`AccessToken`] for an identity from outside of Google Cloud, through a workload or
/// workforce identity pool. It lives for up to an hour.
///
/// The token works at most of Google's services as the principal of the pool
/// ([list](https://cloud.google.com/iam/docs/federated-identity-supported-services)), and as the base of
/// [`Impersonation`](crate::Impersonation) at all of them.
pub struct WorkloadIdentity {
    name: ProviderName,
    subject: Subject,
    subject_token_type: String,
    /// The first is asked for; an empty list leaves the choice to the source.
    audiences: Vec<String>,
    scopes: Scopes,
    user_project: Option<String>,
    client: Option<Client>,
    universe: Universe,
    endpoint: Endpoint,
}

/// What is exchanged.
enum Subject {
    Identity(AnyTokenSource),
    /// Anything that is no JWT.
    Other(AnySource<Secret>),
}

/// The OAuth client of a workforce pool.
struct Client {
    id: String,
    secret: AnySource<Secret>,
}

impl WorkloadIdentity {
    /// Exchanges the JWTs of `identity` through the pool provider of this full name:
    /// `//iam.googleapis.com/projects/PROJECT_NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`. The forms
    /// with `https:` in front and from `projects/` on are taken as well.
    ///
    /// The source is asked for a token whose audience is the provider's name with `https:` in front, which is what a provider
    /// takes that has no allowed audiences of its own. See [`accept_audience`](WorkloadIdentityBuilder::accept_audience).
    pub fn builder(audience: impl Into<String>, identity: impl TokenSource) -> WorkloadIdentityBuilder {
        WorkloadIdentityBuilder::new(audience.into(), JWT.to_owned(), Subject::Identity(AnyTokenSource::new(identity)))
    }

    /// Exchanges something that is no JWT: a SAML response, or a signed request of AWS. Its
    /// [type](https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token) is a URN such as
    /// `urn:ietf:params:oauth:token-type:saml2`.
    pub fn other_subject(
        audience: impl Into<String>,
        subject_token_type: impl Into<String>,
        subject: impl Source<Secret>,
    ) -> WorkloadIdentityBuilder {
        WorkloadIdentityBuilder::new(
            audience.into(),
            subject_token_type.into(),
            Subject::Other(AnySource::new(subject)),
        )
    }

    /// The full name of the pool provider.
    pub fn provider_name(&self) -> &str {
        self.name.as_str()
    }

    async fn exchange_identity(&self, cx: &Attempt, source: &AnyTokenSource) -> Result<Grant<AccessToken>> {
        let accepted: Vec<&str> = self.audiences.iter().map(String::as_str).collect();
        let first = cx.identity(source, &accepted).await.map_err(|error| named(error, Step::Exchange))?.into_value();
        let answer = self.send(cx, first.secret()).await?;
        if answer.is_success() {
            return self.grant(&answer);
        }
        let refusal = refused(&answer, cx, &first);
        if !errors::wants_new_identity(&refusal) {
            return Err(refusal);
        }
        // A source that fails now has nothing to say that helps more than the refusal.
        let Ok(Some(other)) = cx.other_identity(source, &accepted, &first).await else { return Err(refusal) };
        let other = other.into_value();
        let answer = self.send(cx, other.secret()).await?;
        if answer.is_success() { self.grant(&answer) } else { Err(refused(&answer, cx, &other)) }
    }

    async fn exchange_other(&self, cx: &Attempt, source: &AnySource<Secret>) -> Result<Grant<AccessToken>> {
        let subject = source.fetch(cx).await.map_err(|error| named(error, Step::Exchange))?.into_value();
        let answer = self.send(cx, &subject).await?;
        if answer.is_success() { self.grant(&answer) } else { Err(answer.refusal(cx, &[&subject])) }
    }

    async fn send(&self, cx: &Attempt, subject: &Secret) -> Result<Answer> {
        let form = Exchange {
            audience: self.name.as_str(),
            scope: &self.scopes.joined(" "),
            subject_token: subject.expose(),
            subject_token_type: &self.subject_token_type,
            user_project: self.user_project.as_deref(),
        }
        .form();
        // The endpoint may refuse a request with an `Authorization` header that is not a client's.
        let mut headers = HeaderMap::new();
        if let Some(client) = &self.client {
            headers.insert(header::AUTHORIZATION, client.authorization(cx).await?);
        }
        self.endpoint.form(cx, Step::Exchange, form, headers).await
    }

    fn grant(&self, answer: &Answer) -> Result<Grant<AccessToken>> {
        let (token, lifetime) = answer.read(|body| {
            let answer = TokenAnswer::read(body)?;
            Ok((AccessToken::issued(answer.token, self.scopes.clone(), self.universe.clone())?, answer.lifetime))
        })?;
        // Bound to nothing: what becomes of the identity token later does not end it.
        Ok(Grant::new(token).lifetime(lifetime).counted_from(answer.sent()))
    }
}

fn refused(answer: &Answer, cx: &Attempt, identity: &IdentityToken) -> Error {
    let refusal = answer.refusal(cx, &[identity.secret()]);
    if errors::is_about_the_identity(&refusal) { refusal.with_presented(identity.claims()) } else { refusal }
}

impl Client {
    /// Basic authentication ([RFC 6749 section 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1)).
    async fn authorization(&self, cx: &Attempt) -> Result<HeaderValue> {
        let secret = self.secret.fetch(cx).await.map_err(|error| named(error, Step::Exchange))?.into_value();
        let text = Secret::new(STANDARD.encode(format!("{}:{}", self.id, secret.expose())));
        let mut value = HeaderValue::from_str(&format!("Basic {}", text.expose()))
            .map_err(|_| bad_option("client_auth", "the client's secret makes no header"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl Provider for WorkloadIdentity {
    type Credential = AccessToken;

    fn name(&self) -> &'static str {
        "gcp"
    }

    fn target(&self) -> Target {
        self.endpoint.target()
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<AccessToken>> {
        let grant = match &self.subject {
            Subject::Identity(source) => self.exchange_identity(cx, source).await?,
            Subject::Other(source) => self.exchange_other(cx, source).await?,
        };
        Ok(grant.into())
    }
}

impl fmt::Debug for WorkloadIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkloadIdentity")
            .field("name", &self.name)
            .field("audiences", &self.audiences)
            .field("scopes", &self.scopes)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}
