//! The proof by a client secret.

use std::fmt;
use std::time::Duration;

use tokenex_core::{AnySource, Attempt, Error, Grant, Input, Result, Retry, Secret, Source};

use crate::endpoint::Endpoint;
use crate::entra::{Ask, check_client_id};
use crate::errors;
use crate::token::AccessToken;

/// A client and its secret, as Vault's Azure engine hands them out together; see
/// [`Entra::client_secret`](crate::Entra::client_secret).
#[derive(Clone)]
pub struct ClientSecret {
    client_id: String,
    secret: Secret,
}

impl ClientSecret {
    /// The *client id* (application id) and the secret's value, not its id.
    pub fn new(client_id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        Self { client_id: client_id.into(), secret: secret.into() }
    }

    /// The client.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSecret").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// A new secret, and a new client even more so, is unknown to parts of Entra for minutes
/// ([Vault's Azure engine](https://developer.hashicorp.com/vault/docs/secrets/azure#eventual-consistency) has the same
/// trouble). A refusal that young is no verdict.
const YOUNG: Duration = Duration::from_secs(10 * 60);

/// A client that shows a secret.
#[derive(Clone)]
pub(crate) struct SecretClient {
    secret: AnySource<ClientSecret>,
}

impl SecretClient {
    pub(crate) fn new(secret: AnySource<ClientSecret>) -> Self {
        Self { secret }
    }

    pub(crate) async fn request(&self, endpoint: &Endpoint, cx: &Attempt, ask: &Ask<'_>) -> Result<Grant<AccessToken>> {
        let named = |error: Error| error.with_provider("azure").with_step(ask.step);
        let input = self.secret.fetch(cx).await.map_err(named)?;
        let ClientSecret { client_id, secret } = input.value();
        check_client_id(client_id).map_err(named)?;
        let form = ask.form(client_id).secret("client_secret", secret);
        let answer = endpoint.post(cx, ask.step, form).await?;
        if !answer.is_success() {
            return Err(judge_by_age(answer.refusal(cx, endpoint), age(cx, &input)));
        }
        // Whoever takes the secret back deletes the client with it, and its tokens die.
        Ok(answer.token(ask.scope)?.bound_to(input.bonds()))
    }
}

impl fmt::Debug for SecretClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret")
    }
}

fn age(cx: &Attempt, input: &Input<ClientSecret>) -> Option<Duration> {
    cx.clock().wall().duration_since(input.issued_at()?).ok()
}

/// A refusal of a young secret passes by itself.
fn judge_by_age(refusal: Error, age: Option<Duration>) -> Error {
    match age.filter(|age| *age < YOUNG && errors::may_not_have_spread(&refusal)) {
        Some(age) => refusal.with_retry(Retry::Transient).with_advice(format!(
            "the secret was made {} s ago, and takes minutes to spread in Entra; if this lasts beyond {} minutes, \
             it is wrong or was deleted",
            age.as_secs(),
            YOUNG.as_secs() / 60
        )),
        None => refusal,
    }
}
