//! What works and is unwise.

use std::time::Duration;

use super::model::{Config, CredentialSpec, Origin, Provider, Span};
use super::problems::Problem;
use super::references;

/// A credential is replaced by itself in good time, so a longer life only serves whoever steals it. An hour outlasts an
/// outage of 20 minutes wherever it begins.
const CREDENTIAL_MAX: Duration = Duration::from_secs(3600);

/// An identity token is fetched anew for each exchange, so it only has to last for one.
const IDENTITY_MAX: Duration = Duration::from_secs(15 * 60);

/// All warnings about a file without errors.
pub(super) fn of(config: &Config) -> Vec<Problem> {
    let mut warnings = unused(config);
    warnings.extend(long_lives(config));
    if config.credentials.is_empty() {
        warnings.push(Problem::of_the_file("there are no credentials").with_help("add one: [credential.NAME]"));
    }
    warnings.into_iter().map(Problem::into_warning).collect()
}

fn unused(config: &Config) -> Vec<Problem> {
    let used = references::used_identities(config);
    let unused = config.identities.iter().filter(|identity| !used.contains(&identity.name.as_str()));
    let warn = |name: &str, at: &Span| {
        Problem::at_key(at.clone(), format!("no credential uses the identity {name:?}"))
            .with_help("remove it, or name it where it belongs: identity = ...")
    };
    unused.map(|identity| warn(&identity.name, &identity.at)).collect()
}

fn long_lives(config: &Config) -> Vec<Problem> {
    let identities = config.identities.iter().filter_map(|identity| match &identity.origin {
        Origin::AwsOutbound(outbound) => {
            too_long(outbound.duration, IDENTITY_MAX, &identity.keys, "duration").map(|at| {
                Problem::at_key(
                    at,
                    "`duration` is far over the task: identity tokens are fetched anew for each exchange",
                )
                .with_help("leave it out (5m), or write 15m or less")
            })
        }
        _ => None,
    });
    let credentials = config.credentials.iter().filter_map(|credential| {
        let (key, life) = life(credential)?;
        let at = too_long(life, CREDENTIAL_MAX, &credential.keys, key)?;
        let what = format!("`{key}` is far over the task: the credential is replaced by itself before its end");
        Some(Problem::at_key(at, what).with_help("write 1h or less, or leave it out: who steals it has it so long"))
    });
    identities.chain(credentials).collect()
}

/// How long a credential is asked for, where the file says so and a target gives more than an hour.
fn life(credential: &CredentialSpec) -> Option<(&'static str, Option<Duration>)> {
    match &credential.provider {
        Provider::Aws(aws) => Some(("duration", aws.role.duration)),
        Provider::AwsAssumeRole(aws) => Some(("duration", aws.role.duration)),
        Provider::Oci(oci) => Some(("lifetime", oci.lifetime)),
        _ => None,
    }
}

fn too_long(life: Option<Duration>, max: Duration, keys: &[(&'static str, Span)], key: &str) -> Option<Span> {
    life.filter(|life| *life > max)?;
    keys.iter().find(|(name, _)| *name == key).map(|(_, span)| span.clone())
}
