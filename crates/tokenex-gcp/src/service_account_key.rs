//! The access token for a service account's key.

mod file;

use std::fmt;
use std::time::Duration;

use http::HeaderMap;
use tokenex_core::{
    AnySource, AnyTransport, Attempt, Error, Grant, Input, Outcome, Provider, Result, Retry, Secret, Source, Target,
    Transport,
};

use crate::endpoint::{Endpoint, is_of, named};
use crate::errors::{self, Step, bad_option};
use crate::scopes::Scopes;
use crate::token::AccessToken;
use crate::universe::Universe;
use crate::wire::{TokenAnswer, claims_of_a_grant, form, jws};
use file::KeyFile;

/// A grant that is a token of our own ([RFC 7523 section 2.1](https://www.rfc-editor.org/rfc/rfc7523#section-2.1)).
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Where all keys of the public Google Cloud are shown.
const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";

/// What keys name that were made years ago.
const OLD_TOKEN_URLS: [&str; 2] =
    ["https://accounts.google.com/o/oauth2/token", "https://www.googleapis.com/oauth2/v4/token"];

/// A new key, and a new account even more so, is unknown to parts of Google for minutes
/// ([keys](https://cloud.google.com/iam/docs/keys-create-delete#creating)). A refusal that young is no verdict.
const YOUNG: Duration = Duration::from_secs(10 * 60);

/// The provider of an [`AccessToken`] for a service account's key
/// ([JWT grant](https://developers.google.com/identity/protocols/oauth2/service-account#httprest)): for keys that are
/// themselves short-lived, those of Vault's GCP engine say. A key that lies about for years is what this project is made to
/// replace.
///
/// Tokens are bound to the key's own bonds: where it comes from another credential, they are replaced when that is, and are
/// not handed out beyond its end. Google itself lets tokens outlive their key, for up to an hour.
pub struct ServiceAccountKey {
    key: AnySource<Secret>,
    scopes: Scopes,
    endpoint: Option<Endpoint>,
    transport: Option<AnyTransport>,
}

impl ServiceAccountKey {
    /// Shows the keys of `key`: the JSON text of the key file, or the same in base64, as Vault's `private_key_data` and the
    /// IAM API have it.
    ///
    /// ```no_run
    /// # use tokenex_core::{Credential, Handle, Secret};
    /// # use tokenex_gcp::ServiceAccountKey;
    /// # trait VaultSecret: Credential { fn private_key_data(&self) -> Secret; }
    /// # fn demo(key: &Handle<impl VaultSecret>) -> ServiceAccountKey {
    /// // `key` is the handle of a Vault secret, read from `gcp/roleset/app/key`.
    /// ServiceAccountKey::new(key.map(|key| Ok(key.private_key_data())))
    /// # }
    /// ```
    pub fn new(key: impl Source<Secret>) -> Self {
        Self { key: AnySource::new(key), scopes: Scopes::cloud_platform(), endpoint: None, transport: None }
    }

    /// What the token is for. Default `https://www.googleapis.com/auth/cloud-platform`, which leaves the decision to IAM.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration) when one is not a scope.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Result<Self> {
        self.scopes = Scopes::new(scopes)?;
        Ok(self)
    }

    /// Shows keys at this address, whatever `token_uri` they name. Without it, that must be Google's or of this machine.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration) when it is no https URL.
    pub fn dangerous_token_url(mut self, url: &str) -> Result<Self> {
        self.endpoint = Some(Endpoint::new("token_url", url, None)?);
        Ok(self)
    }

    /// Another way to the network than the scheduler's.
    #[must_use]
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(AnyTransport::new(transport));
        self
    }

    fn endpoint(&self, key: &KeyFile) -> Result<Endpoint> {
        let endpoint = match &self.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => {
                let endpoint = Endpoint::new("token_uri", key.token_uri.as_deref().unwrap_or(TOKEN_URL), None)?;
                let is_of_old = OLD_TOKEN_URLS.iter().any(|old| endpoint.uri() == *old);
                if !is_of_old && !is_of(&Universe::public(), "oauth2", endpoint.uri()) {
                    return Err(bad_option("token_uri", "the key names a token endpoint that is not Google's")
                        .with_advice("is this a key of Google? If so, allow the address with `dangerous_token_url`"));
                }
                endpoint
            }
        };
        Ok(endpoint.through(self.transport.clone()))
    }

    async fn request(&self, cx: &Attempt, input: &Input<Secret>) -> Result<Grant<AccessToken>> {
        let key = KeyFile::read(input.value())?;
        let endpoint = self.endpoint(&key)?;
        let scope = self.scopes.joined(" ");
        // By Google's clock, as far as it is known: a grant from another time is refused.
        let claims = claims_of_a_grant(&key.account, &scope, &endpoint.uri().to_string(), cx.target_time());
        let assertion = jws(&key.id, &claims, &key.pair)?;
        let fields = form(&[("grant_type", GRANT_TYPE), ("assertion", assertion.expose())]);
        let answer = endpoint.form(cx, Step::Grant, fields, HeaderMap::new()).await?;
        if !answer.is_success() {
            return Err(judge_by_age(answer.refusal(cx, &[&assertion]), age(cx, input)));
        }
        let (token, lifetime) = answer.read(|body| {
            let answer = TokenAnswer::read(body)?;
            Ok((AccessToken::issued(answer.token, self.scopes.clone(), Universe::public())?, answer.lifetime))
        })?;
        let grant = Grant::new(token).lifetime(lifetime).counted_from(answer.sent());
        // As Google's audit logs name the key.
        Ok(grant.fingerprint(key.id).bound_to(input.bonds()))
    }
}

fn age(cx: &Attempt, input: &Input<Secret>) -> Option<Duration> {
    cx.clock().wall().duration_since(input.issued_at()?).ok()
}

/// A refusal of a young key passes by itself.
fn judge_by_age(refusal: Error, age: Option<Duration>) -> Error {
    match age.filter(|age| *age < YOUNG && errors::may_not_have_spread(&refusal)) {
        Some(age) => refusal.with_retry(Retry::Transient).with_advice(format!(
            "the key was made {} s ago, and takes minutes to spread at Google; if this lasts beyond {} minutes, it was \
             deleted or disabled",
            age.as_secs(),
            YOUNG.as_secs() / 60
        )),
        None => refusal,
    }
}

impl Provider for ServiceAccountKey {
    type Credential = AccessToken;

    fn name(&self) -> &'static str {
        "gcp"
    }

    fn target(&self) -> Target {
        // Which account it is, and so which address, is known only with the key; all of Google's are one.
        self.endpoint.as_ref().map_or_else(|| Target::new("https://oauth2.googleapis.com"), Endpoint::target)
    }

    async fn issue(&self, cx: &Attempt) -> Result<Outcome<AccessToken>> {
        let named = |error| named(error, Step::Grant);
        let input = self.key.fetch(cx).await.map_err(named)?;
        Ok(self.request(cx, &input).await.map_err(named)?.into())
    }
}

impl fmt::Debug for ServiceAccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccountKey").field("scopes", &self.scopes).finish_non_exhaustive()
    }
}
