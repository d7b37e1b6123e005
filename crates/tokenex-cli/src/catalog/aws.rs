//! Tables of AWS, as providers.

use tokenex::aws::{AssumeRole, AwsCredentials, IntoBase, OutboundIdentity, SigningAlgorithm, WebIdentity};
use tokenex::core::{AnySource, AnyTokenSource, Error, ErrorKind, Result, Secret};
use tokenex::vault::VaultSecret;

use super::managed::Running;
use super::opening::misfit;
use super::value::Parts as _;
use crate::config::{Aws, AwsAssumeRole, Outbound};

/// Sets what the builders have in common: the methods have the same names, and no trait.
macro_rules! endpoint {
    ($builder:ident, $sts:expr) => {{
        if let Some(region) = &$sts.region {
            $builder = $builder.region(region);
        }
        if let Some(url) = &$sts.endpoint_url {
            $builder = $builder.endpoint(url);
        }
        if $sts.fips {
            $builder = $builder.fips();
        }
        if $sts.dual_stack {
            $builder = $builder.dual_stack();
        }
    }};
}

/// The same for what a role's session may be.
macro_rules! session {
    ($builder:ident, $role:expr) => {{
        endpoint!($builder, $role.sts);
        if let Some(name) = &$role.session_name {
            $builder = $builder.session_name(name);
        }
        if let Some(duration) = $role.duration {
            $builder = $builder.duration(duration);
        }
        if let Some(policy) = &$role.policy {
            $builder = $builder.policy(policy);
        }
        for arn in &$role.policy_arns {
            $builder = $builder.policy_arn(arn);
        }
    }};
}

/// A role, for an identity token.
pub(super) fn web_identity(spec: &Aws, identity: AnyTokenSource) -> Result<WebIdentity> {
    let mut builder = WebIdentity::builder(&spec.role.role_arn, identity);
    session!(builder, spec.role);
    if let Some(audience) = &spec.audience {
        builder = builder.audience(audience);
    }
    builder.build()
}

/// A role, for the credentials of another one.
pub(super) fn assume_role(spec: &AwsAssumeRole, base: impl IntoBase) -> Result<AssumeRole> {
    let mut builder = AssumeRole::builder(&spec.role.role_arn, base);
    session!(builder, spec.role);
    if let Some(id) = &spec.external_id {
        builder = builder.external_id(id);
    }
    if let Some(identity) = &spec.source_identity {
        builder = builder.source_identity(identity);
    }
    for (key, value) in &spec.tags {
        builder = builder.tag(key, value);
    }
    for key in &spec.transitive_tag_keys {
        builder = builder.transitive_tag_key(key);
    }
    builder.build()
}

/// Identity tokens that AWS signs.
pub(super) fn outbound(spec: &Outbound, base: impl IntoBase) -> Result<AnyTokenSource> {
    let mut builder = OutboundIdentity::builder(base);
    endpoint!(builder, spec.sts);
    if let Some(audience) = &spec.audience {
        builder = builder.audience(audience);
    }
    if let Some(duration) = spec.duration {
        builder = builder.duration(duration);
    }
    for (key, value) in &spec.tags {
        builder = builder.tag(key, value);
    }
    builder = match spec.algorithm.as_deref() {
        None => builder,
        Some("RS256") => builder.algorithm(SigningAlgorithm::Rs256),
        Some("ES384") => builder.algorithm(SigningAlgorithm::Es384),
        Some(other) => return Err(misfit(format!("there is no algorithm {other:?}"))),
    };
    Ok(AnyTokenSource::new(builder.build()?))
}

/// The keys in a secret of Vault's AWS engine.
pub(super) fn keys_of(running: Running) -> Result<AnySource<AwsCredentials>> {
    match running {
        Running::Vault(handle) => Ok(AnySource::new(handle.map(keys))),
        _ => Err(misfit("what is to sign requests to AWS holds no keys of AWS".to_owned())),
    }
}

/// Older servers call the session token `security_token`
/// ([AWS secrets engine](https://developer.hashicorp.com/vault/api-docs/secret/aws#generate-credentials)).
fn keys(secret: &VaultSecret) -> Result<AwsCredentials> {
    let parts = secret.parts();
    let field = |names: &[&str]| names.iter().find_map(|name| parts.field(name));
    let missing = |name: &str| {
        Error::new(ErrorKind::Configuration, format!("the secret has no field {name:?}"))
            .with_advice("`from` needs keys of AWS: a path such as aws/creds/ROLE or aws/sts/ROLE")
    };
    let id = field(&["access_key"]).ok_or_else(|| missing("access_key"))?;
    let key: Secret = field(&["secret_key"]).ok_or_else(|| missing("secret_key"))?;
    let credentials = AwsCredentials::new(id.expose(), key);
    Ok(match field(&["session_token", "security_token"]) {
        Some(token) => credentials.with_session_token(token),
        None => credentials,
    })
}
