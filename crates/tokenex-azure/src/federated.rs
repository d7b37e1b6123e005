//! The proof by an identity token: a federated credential.

use std::fmt;

use tokenex_core::{AnyTokenSource, Attempt, Error, Grant, IdentityToken, Result};

use crate::endpoint::{Answer, Endpoint};
use crate::entra::Ask;
use crate::errors;
use crate::token::AccessToken;

/// The only kind of assertion there is ([RFC 7523 section 2.2](https://www.rfc-editor.org/rfc/rfc7523#section-2.2)).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client that shows an identity token, as it is, for its assertion
/// ([client credentials with a federated credential](https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#third-case-access-token-request-with-a-federated-credential)).
#[derive(Clone)]
pub(crate) struct FederatedClient {
    client_id: String,
    identity: AnyTokenSource,
    /// The identity is a token that Entra itself made for this: there is nothing about its audience to check, and not in
    /// every cloud is it known how Entra writes it.
    own: bool,
}

impl FederatedClient {
    pub(crate) fn new(client_id: String, identity: AnyTokenSource) -> Self {
        Self { client_id, identity, own: false }
    }

    pub(crate) fn by_own_token(client_id: String, token: AnyTokenSource) -> Self {
        Self { client_id, identity: token, own: true }
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Sends the request, and once more when a newer identity token may be what is missing and there is one.
    ///
    /// The token that comes of it is bound to nothing: what becomes of the identity token later does not end it.
    pub(crate) async fn request(&self, endpoint: &Endpoint, cx: &Attempt, ask: &Ask<'_>) -> Result<Grant<AccessToken>> {
        let accepted = if self.own { Vec::new() } else { endpoint.cloud().audiences() };
        let identity = cx.identity(&self.identity, &accepted).await;
        let identity = identity.map_err(|error| error.with_provider("azure").with_step(ask.step))?.into_value();
        let answer = self.send(endpoint, cx, ask, &identity).await?;
        if answer.is_success() {
            return answer.token(ask.scope);
        }
        let refusal = self.refusal(&answer, endpoint, cx, &identity);
        let mends = if self.own { errors::wants_another_assertion_than_the_kept } else { errors::wants_new_assertion };
        if !mends(&refusal) || ask.blames_person(&refusal) {
            return Err(refusal);
        }
        // A source that fails now has nothing to say that helps more than the refusal.
        let other = cx.other_identity(&self.identity, &accepted, &identity).await;
        let Ok(Some(newer)) = other else { return Err(refusal) };
        let newer = newer.into_value();
        let answer = self.send(endpoint, cx, ask, &newer).await?;
        if answer.is_success() {
            return answer.token(ask.scope);
        }
        Err(self.refusal(&answer, endpoint, cx, &newer))
    }

    async fn send(&self, endpoint: &Endpoint, cx: &Attempt, ask: &Ask<'_>, identity: &IdentityToken) -> Result<Answer> {
        let form = ask
            .form(&self.client_id)
            .field("client_assertion_type", ASSERTION_TYPE)
            .secret("client_assertion", identity.secret());
        endpoint.post(cx, ask.step, form).await
    }

    fn refusal(&self, answer: &Answer, endpoint: &Endpoint, cx: &Attempt, identity: &IdentityToken) -> Error {
        let refusal = answer.refusal(cx, endpoint);
        if errors::is_about_the_assertion(&refusal) { refusal.with_presented(identity.claims()) } else { refusal }
    }
}

impl fmt::Debug for FederatedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Federated(client {})", self.client_id)
    }
}
