//! Tables of Oracle Cloud, as providers.

use tokenex::core::{AnySource, AnyTokenSource, Result, Secret};
use tokenex::oci::{Domain, KeySize, TokenExchange};

use crate::config::Oci;

/// A session token of a user, or of a resource.
pub(super) fn exchange(spec: &Oci, identity: AnyTokenSource, secret: AnySource<Secret>) -> Result<TokenExchange> {
    let mut builder = Domain::builder(&spec.domain_url, identity).client(&spec.client_id, secret);
    if let Some(audience) = &spec.audience {
        builder = builder.audience(audience);
    }
    if let Some(audience) = &spec.accept_audience {
        builder = builder.accept_audience(audience);
    }
    if spec.key_size.as_deref() == Some("3072") {
        builder = builder.key_size(KeySize::Rsa3072);
    }
    let domain = builder.build()?;
    match (&spec.res_type, spec.lifetime) {
        (None, _) => Ok(domain.user_token()),
        (Some(res_type), None) => domain.resource_token(res_type),
        (Some(res_type), Some(lifetime)) => domain.resource_token(res_type)?.lifetime(lifetime),
    }
}
