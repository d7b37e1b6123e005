//! Tables of Vault and OpenBao, as providers.

use std::time::Duration;

use tokenex::Scheduler;
use tokenex::core::{AnyTokenSource, Keep, Result};
use tokenex::vault::{Kv, SecretPath, Vault};

use super::managed::Running;
use super::opening::Opening;
use crate::config::{self, Engine, VaultLogin};

/// A login. Nothing is sent before the first secret.
pub(super) fn login(spec: &VaultLogin, identity: AnyTokenSource, scheduler: &Scheduler) -> Result<Vault> {
    let mut builder = Vault::builder(&spec.address, &spec.role, identity).redirect_hosts(&spec.redirect_hosts);
    if let Some(mount) = &spec.mount {
        builder = builder.mount(mount);
    }
    if let Some(namespace) = &spec.namespace {
        builder = builder.namespace(namespace);
    }
    if let Some(audience) = &spec.audience {
        builder = builder.audience(audience);
    }
    if spec.dangerous_allow_http {
        // The catalog's transport allows it for this server; the builder's own would know nothing of `[http]`.
        builder = builder.dangerous_allow_http();
    }
    builder.build(scheduler)
}

/// Keeps what the path hands out.
pub(super) fn start(name: &str, spec: &config::Vault, vault: &Vault, opening: &Opening<'_>) -> Running {
    match &spec.engine {
        Engine::Any => {
            let provider = match &spec.parameters {
                Some(parameters) => vault.write(&spec.path, parameters.clone().into()),
                None => vault.read(&spec.path),
            };
            Running::Vault(opening.keep_as(name, polled(provider, spec.poll_interval)))
        }
        Engine::Kv1 { mount, path } => stored(name, vault.kv1(mount, path), spec, opening),
        Engine::Kv2 { mount, path } => stored(name, vault.kv2(mount, path), spec, opening),
        Engine::StaticDatabase { mount, role } => {
            let mut provider = vault.static_database(role).mount(mount);
            if let Some(interval) = spec.poll_interval {
                provider = provider.poll_interval(interval);
            }
            Running::Database(opening.keep(name, provider))
        }
    }
}

fn stored(name: &str, kv: Kv, spec: &config::Vault, opening: &Opening<'_>) -> Running {
    let kv = match spec.poll_interval {
        Some(interval) => kv.poll_interval(interval),
        None => kv,
    };
    Running::Vault(opening.keep(name, kv))
}

/// What has no end is read again each `interval`.
fn polled(provider: SecretPath, interval: Option<Duration>) -> Keep<SecretPath> {
    let keep = Keep::new(provider);
    match interval {
        Some(interval) => keep.policy(move |policy| policy.with_poll_interval(interval)),
        None => keep,
    }
}
