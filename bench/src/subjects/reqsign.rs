//! `reqsign-core` with `reqsign-azure-storage`: its cache is in the signer.

use http::request::Parts;
use reqsign_azure_storage::{Credential, WorkloadIdentityCredentialProvider};
use reqsign_core::{Context, SignRequest, Signer};
use reqsign_http_send_reqwest::ReqwestHttpSend;

use super::{CLIENT, Held, IDENTITY, Library, TENANT, http_client};
use crate::server::Endpoint;

/// One HTTP client for all signers.
pub struct Reqsign(Context);

impl Library for Reqsign {
    const NAME: &'static str = "reqsign-core";
    type Held = Signer<Credential>;

    fn new() -> Self {
        Self(Context::new().with_http_send(ReqwestHttpSend::new(http_client())))
    }

    fn hold(&self, endpoint: &Endpoint) -> Self::Held {
        let provider = WorkloadIdentityCredentialProvider::new()
            .with_tenant_id(TENANT)
            .with_client_id(CLIENT)
            .with_subject_token(IDENTITY)
            .with_authority_host(endpoint.url());
        Signer::new(self.0.clone(), provider, SignNothing)
    }
}

impl Held for Signer<Credential> {
    #[inline]
    async fn read(&self) -> Result<usize, String> {
        // There is no way to the credential but to sign with it.
        let (mut head, ()) = http::Request::new(()).into_parts();
        match self.sign(&mut head, None).await {
            Ok(()) => Ok(head.headers.len()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Only the credential counts here, so signing with it is free.
#[derive(Debug)]
struct SignNothing;

impl SignRequest for SignNothing {
    type Credential = Credential;

    async fn sign_request(
        &self,
        _: &Context,
        _: &mut Parts,
        credential: Option<&Credential>,
        _: Option<std::time::Duration>,
    ) -> reqsign_core::Result<()> {
        match credential {
            Some(_) => Ok(()),
            None => Err(reqsign_core::Error::credential_invalid("none")),
        }
    }
}
