//! Names that tables give each other: whether they are there, whether they fit, and whether they go round in a circle.

use super::model::{
    Acting, AwsAssumeRole, Config, CredentialSpec, EntraClient, EntraProof, Gcp, GcpProof, IdentitySpec, Origin, Proof,
    Provider, Span,
};
use super::nearest;
use super::problems::Problem;
use super::secret_ref::SecretRef;

/// A table that is referred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node<'a> {
    Identity(&'a str),
    Credential(&'a str),
}

/// What a reference needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// Any identity.
    Identity,
    /// A credential that is a JWT.
    Jwt,
    /// Keys of AWS.
    AwsKeys,
    /// A token of Google.
    GoogleToken,
    /// Any credential: one of its fields.
    Field,
}

/// One name in a table, and the key that it stands at.
struct Reference<'a> {
    to: Node<'a>,
    key: &'static str,
    wanted: Wanted,
}

/// Unknown names, misfits and cycles.
pub(super) fn check(config: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    for identity in &config.identities {
        for reference in of_identity(identity) {
            let at = place(&identity.keys, reference.key, &identity.at);
            problems.extend(judge(config, &reference, at));
        }
    }
    for credential in &config.credentials {
        for reference in of_credential(credential) {
            let at = place(&credential.keys, reference.key, &credential.at);
            problems.extend(judge(config, &reference, at));
        }
    }
    problems.extend(cycles(config));
    problems
}

/// The identities that something is made from.
pub(super) fn used_identities(config: &Config) -> Vec<&str> {
    let references = config.credentials.iter().flat_map(of_credential);
    let identities = references.filter_map(|reference| match reference.to {
        Node::Identity(name) => Some(name),
        Node::Credential(_) => None,
    });
    identities.collect()
}

/// The credentials that this one is made from, straight or through an identity, each once.
pub(super) fn made_from<'a>(config: &'a Config, name: &'a str) -> Vec<&'a str> {
    let mut found = Vec::new();
    for node in next(config, Node::Credential(name)) {
        let straight = match node {
            Node::Credential(_) => vec![node],
            Node::Identity(_) => next(config, node),
        };
        for node in straight {
            if let Node::Credential(name) = node
                && !found.contains(&name)
            {
                found.push(name);
            }
        }
    }
    found
}

fn place(keys: &[(&'static str, Span)], key: &str, header: &Span) -> Span {
    keys.iter().find(|(name, _)| *name == key).map_or_else(|| header.clone(), |(_, span)| span.clone())
}

fn of_identity(identity: &IdentitySpec) -> Vec<Reference<'_>> {
    match &identity.origin {
        Origin::Url { headers, .. } => headers.iter().flat_map(|(_, secret)| of_secret("headers", secret)).collect(),
        Origin::AwsOutbound(outbound) => vec![credential("from", &outbound.from, Wanted::AwsKeys)],
        Origin::Credential { from } => vec![credential("from", from, Wanted::Jwt)],
        _ => Vec::new(),
    }
}

fn of_credential(spec: &CredentialSpec) -> Vec<Reference<'_>> {
    match &spec.provider {
        Provider::Azure(azure) => of_entra(&azure.client),
        Provider::AzureManagedIdentity { .. } => Vec::new(),
        Provider::AzureAgent(agent) => {
            let mut references = of_entra(&agent.client);
            if let Acting::OnBehalfOf(proof) = &agent.acting {
                references.extend(of_proof_at("on_behalf_of", proof));
            }
            references
        }
        Provider::Aws(aws) => of_proof(&aws.proof),
        Provider::AwsAssumeRole(AwsAssumeRole { from, .. }) => vec![credential("from", from, Wanted::AwsKeys)],
        Provider::Gcp(Gcp { proof, .. }) => match proof {
            GcpProof::Federated { proof, .. } => of_proof(proof),
            GcpProof::Token { from } => vec![credential("from", from, Wanted::GoogleToken)],
            GcpProof::Key(secret) => of_secret("service_account_key", secret),
        },
        Provider::Oci(oci) => {
            let mut references = of_proof(&oci.proof);
            references.extend(of_secret("client_secret", &oci.client_secret));
            references
        }
        Provider::Vault(vault) => of_proof(&vault.login.proof),
        Provider::Passthrough { proof, .. } => of_proof(proof),
    }
}

fn of_entra(client: &EntraClient) -> Vec<Reference<'_>> {
    match &client.proof {
        EntraProof::Token(proof) => of_proof(proof),
        EntraProof::ClientSecret(secret) => of_secret("client_secret", secret),
    }
}

fn of_proof(proof: &Proof) -> Vec<Reference<'_>> {
    of_proof_at("identity", proof)
}

fn of_proof_at<'a>(key: &'static str, proof: &'a Proof) -> Vec<Reference<'a>> {
    match proof {
        Proof::Identity(name) => vec![Reference { to: Node::Identity(name), key, wanted: Wanted::Identity }],
        Proof::Credential(name) => vec![credential("from", name, Wanted::Jwt)],
    }
}

fn of_secret<'a>(key: &'static str, secret: &'a SecretRef) -> Vec<Reference<'a>> {
    match secret {
        SecretRef::Credential { name, .. } => vec![credential(key, name, Wanted::Field)],
        SecretRef::Env(_) | SecretRef::File(_) => Vec::new(),
    }
}

fn credential<'a>(key: &'static str, name: &'a str, wanted: Wanted) -> Reference<'a> {
    Reference { to: Node::Credential(name), key, wanted }
}

/// A name that is empty was missing or wrong, and has been reported.
fn judge(config: &Config, reference: &Reference<'_>, at: Span) -> Option<Problem> {
    let (name, kind) = match reference.to {
        Node::Identity("") | Node::Credential("") => return None,
        Node::Identity(name) => (name, "identity"),
        Node::Credential(name) => (name, "credential"),
    };
    let provider = match reference.to {
        Node::Identity(_) if config.declares(kind, name) => return None,
        Node::Credential(_) if config.declares(kind, name) => &config.credential(name)?.provider,
        _ => {
            let what = format!("`{}` names the {kind} {name:?}, which is not there", reference.key);
            return Some(Problem::at_key(at, what).with_help(advice(config, kind, name)));
        }
    };
    let (fits, wanted) = match reference.wanted {
        Wanted::Identity | Wanted::Field => return None,
        Wanted::Jwt => (
            matches!(
                provider,
                Provider::Azure(_)
                    | Provider::AzureManagedIdentity { .. }
                    | Provider::AzureAgent(_)
                    | Provider::Passthrough { .. }
            ),
            "no identity token; those of azure, azure-managed-identity, azure-agent and passthrough are",
        ),
        Wanted::AwsKeys => (
            matches!(provider, Provider::Aws(_) | Provider::AwsAssumeRole(_) | Provider::Vault(_)),
            "no key of AWS; those of aws and aws-assume-role are, and secrets of vault can be",
        ),
        Wanted::GoogleToken => (matches!(provider, Provider::Gcp(_)), "no token of Google"),
    };
    if fits {
        return None;
    }
    let what = format!("`{}` names the credential {name:?}, which is of {}", reference.key, provider.word());
    let help = match (reference.wanted, provider) {
        (Wanted::Jwt, Provider::Aws(_) | Provider::AwsAssumeRole(_)) => {
            "keys of AWS are no identity token; an identity with source = \"aws-outbound\" makes one of them".to_owned()
        }
        _ => format!("it is {wanted}"),
    };
    Some(Problem::at_key(at, what).with_help(help))
}

fn advice(config: &Config, kind: &str, name: &str) -> String {
    let identities = || config.identities.iter().map(|identity| identity.name.as_str());
    let credentials = || config.credentials.iter().map(|credential| credential.name.as_str());
    let known: Vec<_> = if kind == "identity" { identities().collect() } else { credentials().collect() };
    let other = match kind {
        "identity" => config.credential(name).map(|_| "there is a credential of that name: write `from`"),
        _ => config.identity(name).map(|_| "there is an identity of that name: write `identity`"),
    };
    match (other, nearest::hint(name, known.iter().copied())) {
        (Some(other), _) => other.to_owned(),
        (None, Some(hint)) => hint,
        (None, None) if known.is_empty() => format!("add [{kind}.{name}]"),
        (None, None) => format!("there are {}", known.join(", ")),
    }
}

/// Each cycle once, at the table of it that comes first.
fn cycles(config: &Config) -> Vec<Problem> {
    let identities = config.identities.iter().map(|identity| Node::Identity(&identity.name));
    let credentials = config.credentials.iter().map(|credential| Node::Credential(&credential.name));
    let nodes: Vec<_> = identities.chain(credentials).collect();
    let index = |node: Node<'_>| nodes.iter().position(|known| *known == node);
    let edges: Vec<Vec<usize>> =
        nodes.iter().map(|node| next(config, *node).into_iter().filter_map(index).collect()).collect();

    let mut problems = Vec::new();
    let mut done = vec![false; nodes.len()];
    for start in 0..nodes.len() {
        // An explicit stack: a hostile chain of names is as long as the file.
        let mut path: Vec<(usize, usize)> = Vec::new();
        if !done[start] {
            path.push((start, 0));
        }
        while let Some((node, edge)) = path.last_mut() {
            let Some(&to) = edges[*node].get(*edge) else {
                done[*node] = true;
                path.pop();
                continue;
            };
            *edge += 1;
            if let Some(begin) = path.iter().position(|(node, _)| *node == to) {
                let names = path[begin..].iter().map(|(node, _)| *node).chain([to]).map(|node| written(nodes[node]));
                let at = header(config, nodes[to]);
                let names = names.collect::<Vec<_>>().join(" -> ");
                problems.push(
                    Problem::at_key(at, format!("made from itself: {names}"))
                        .with_help("one of them needs an identity from outside"),
                );
            } else if !done[to] {
                path.push((to, 0));
            }
        }
    }
    problems
}

fn next<'a>(config: &'a Config, node: Node<'a>) -> Vec<Node<'a>> {
    let references = match node {
        Node::Identity(name) => config.identity(name).map(of_identity),
        Node::Credential(name) => config.credential(name).map(of_credential),
    };
    references.unwrap_or_default().into_iter().map(|reference| reference.to).collect()
}

fn written(node: Node<'_>) -> String {
    match node {
        Node::Identity(name) => format!("identity.{name}"),
        Node::Credential(name) => format!("credential.{name}"),
    }
}

fn header(config: &Config, node: Node<'_>) -> Span {
    let at = match node {
        Node::Identity(name) => config.identity(name).map(|identity| identity.at.clone()),
        Node::Credential(name) => config.credential(name).map(|credential| credential.at.clone()),
    };
    at.unwrap_or_default()
}
