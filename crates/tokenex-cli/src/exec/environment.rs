//! Which variables of this process are not handed on.

use crate::config::{Config, EntraProof, GcpProof, Origin, Provider, ProxySpec, SecretRef};

/// The variables that hold the identity, or a secret that the file names. The command is to have the short-lived
/// credential and not what it is made from.
///
/// A matter of hygiene, not a wall: a process of the same user can read our own environment. It keeps the identity out of
/// what programs print when they crash, and hand to their own children.
pub(crate) fn secret_variables(config: &Config) -> Vec<String> {
    let mut names: Vec<String> = config.identities.iter().flat_map(|identity| of_origin(&identity.origin)).collect();
    names.extend(config.credentials.iter().filter_map(|credential| of_provider(&credential.provider)));
    if let Some(ProxySpec::Secret(secret)) = &config.http.proxy {
        names.extend(of_secret(secret));
    }
    names.sort();
    names.dedup();
    names
}

fn of_origin(origin: &Origin) -> Vec<String> {
    match origin {
        Origin::Env { var } | Origin::GitLab { var } => vec![var.clone()],
        Origin::GitHubActions => {
            vec!["ACTIONS_ID_TOKEN_REQUEST_TOKEN".to_owned(), "ACTIONS_ID_TOKEN_REQUEST_URL".to_owned()]
        }
        Origin::Url { headers, .. } => headers.iter().filter_map(|(_, secret)| of_secret(secret)).collect(),
        _ => Vec::new(),
    }
}

fn of_provider(provider: &Provider) -> Option<String> {
    let client = match provider {
        Provider::Azure(azure) => &azure.client,
        Provider::AzureAgent(agent) => &agent.client,
        Provider::Gcp(gcp) => {
            return match &gcp.proof {
                GcpProof::Key(key) => of_secret(key),
                _ => None,
            };
        }
        _ => return None,
    };
    match &client.proof {
        EntraProof::ClientSecret(secret) => of_secret(secret),
        EntraProof::Token(_) => None,
    }
}

fn of_secret(secret: &SecretRef) -> Option<String> {
    match secret {
        SecretRef::Env(name) => Some(name.clone()),
        _ => None,
    }
}
