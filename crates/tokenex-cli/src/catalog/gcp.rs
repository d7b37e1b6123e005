//! Tables of Google Cloud, as providers.

use tokenex::core::{AnySource, AnyTokenSource, Result, Secret, Source};
use tokenex::gcp::{AccessToken, Impersonation, ServiceAccountKey, WorkloadIdentity};

use super::opening::misfit;
use crate::config::{Gcp, GcpProof, ServiceAccount};

/// A federated token. With a service account its own scopes are not those asked for: it must be able to ask for the
/// account's token.
pub(super) fn federated(spec: &Gcp, identity: AnyTokenSource) -> Result<WorkloadIdentity> {
    let GcpProof::Federated { audience, accept_audience, .. } = &spec.proof else {
        return Err(misfit("there is no provider of a pool".to_owned()));
    };
    let mut builder = WorkloadIdentity::builder(audience, identity);
    if let Some(audience) = accept_audience {
        builder = builder.accept_audience(audience);
    }
    if let Some(url) = &spec.token_url {
        builder = builder.token_url(url);
    }
    if spec.service_account.is_none() && !spec.scopes.is_empty() {
        builder = builder.scopes(&spec.scopes);
    }
    builder.build()
}

/// The token for a key.
pub(super) fn key(spec: &Gcp, key: AnySource<Secret>) -> Result<ServiceAccountKey> {
    let mut key = ServiceAccountKey::new(key);
    if let Some(url) = &spec.token_url {
        key = key.dangerous_token_url(url)?;
    }
    if spec.service_account.is_none() && !spec.scopes.is_empty() {
        key = key.scopes(&spec.scopes)?;
    }
    Ok(key)
}

/// The token of a service account, asked for with another one.
pub(super) fn impersonation(
    spec: &Gcp,
    account: &ServiceAccount,
    base: impl Source<AccessToken>,
) -> Result<Impersonation> {
    let mut builder = Impersonation::builder(&account.email, base);
    if !spec.scopes.is_empty() {
        builder = builder.scopes(&spec.scopes);
    }
    for delegate in &account.delegates {
        builder = builder.delegate(delegate);
    }
    if let Some(lifetime) = account.lifetime {
        builder = builder.lifetime(lifetime);
    }
    if let Some(endpoint) = &account.iam_endpoint {
        builder = builder.endpoint(endpoint);
    }
    builder.build()
}
