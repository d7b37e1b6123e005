//! What a file says, in types: every value read, checked and expanded.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};
use tokenex::core::Policy;

use super::secret_ref::SecretRef;
use super::source_text::SourceText;

/// Where something stands in the file, in bytes.
pub(crate) type Span = Range<usize>;

/// A whole file without problems. Identities and credentials are in the file's order.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// The text it was read from, for reports about what shows only later.
    pub(crate) text: SourceText,
    pub(crate) identities: Vec<IdentitySpec>,
    pub(crate) credentials: Vec<CredentialSpec>,
    pub(crate) http: HttpSpec,
    pub(crate) policy: Policy,
    /// All names, also of tables that could not be read.
    pub(super) declared: Vec<(&'static str, String)>,
}

/// `[identity.NAME]`.
#[derive(Debug, Clone)]
pub(crate) struct IdentitySpec {
    pub(crate) name: String,
    /// Its name in the header.
    pub(crate) at: Span,
    /// Where each of its keys stands.
    pub(crate) keys: Vec<(&'static str, Span)>,
    pub(crate) origin: Origin,
}

/// Where an identity token comes from: the table's `source`, and its keys.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    File { path: PathBuf },
    Env { var: String },
    Command { argv: Vec<String>, format: CommandFormat },
    Url { url: String, headers: Vec<(String, SecretRef)>, field: Option<String> },
    GitHubActions,
    GitLab { var: String },
    AzureManagedIdentity(WhichManagedIdentity),
    GcpMetadata { host: Option<String>, service_account: Option<String> },
    AwsOutbound(Outbound),
    Credential { from: String },
}

/// What a command prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommandFormat {
    Text,
    GoogleExecutable,
    ExecCredential,
}

/// Which managed identity of a machine, and on what platform.
#[derive(Debug, Clone, Default)]
pub(crate) struct WhichManagedIdentity {
    pub(crate) client_id: Option<String>,
    pub(crate) object_id: Option<String>,
    pub(crate) resource_id: Option<String>,
    pub(crate) platform: Option<String>,
}

/// Identity tokens that AWS signs.
#[derive(Debug, Clone)]
pub(crate) struct Outbound {
    pub(crate) from: String,
    pub(crate) audience: Option<String>,
    pub(crate) algorithm: Option<String>,
    pub(crate) duration: Option<Duration>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) sts: Sts,
}

/// Which endpoint of AWS STS.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sts {
    pub(crate) region: Option<String>,
    pub(crate) endpoint_url: Option<String>,
    pub(crate) fips: bool,
    pub(crate) dual_stack: bool,
}

/// `[credential.NAME]`.
#[derive(Debug, Clone)]
pub(crate) struct CredentialSpec {
    pub(crate) name: String,
    /// Its name in the header.
    pub(crate) at: Span,
    /// Where each of its keys stands.
    pub(crate) keys: Vec<(&'static str, Span)>,
    pub(crate) provider: Provider,
    /// What the target is to be asked after an exchange, for `doctor`.
    pub(crate) probe: Option<String>,
}

/// What proves the workload to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Proof {
    /// `identity`: the name of an identity.
    Identity(String),
    /// `from`: the name of a credential that is a JWT, or that the target takes otherwise.
    Credential(String),
}

/// The table's `provider`, and its keys.
#[derive(Debug, Clone)]
pub(crate) enum Provider {
    Azure(Azure),
    AzureManagedIdentity { which: WhichManagedIdentity, scope: String },
    AzureAgent(AzureAgent),
    Aws(Aws),
    AwsAssumeRole(AwsAssumeRole),
    Gcp(Gcp),
    Oci(Oci),
    Vault(Vault),
    Passthrough { proof: Proof, audience: Option<String> },
}

/// A client in Entra.
#[derive(Debug, Clone)]
pub(crate) struct EntraClient {
    pub(crate) tenant_id: String,
    pub(crate) client_id: String,
    pub(crate) proof: EntraProof,
    pub(crate) authority_host: Option<String>,
    pub(crate) dangerous_allow_http: bool,
    pub(crate) audience: Option<String>,
    pub(crate) accept_audience: Option<String>,
}

/// What proves a client to Entra.
#[derive(Debug, Clone)]
pub(crate) enum EntraProof {
    Token(Proof),
    ClientSecret(SecretRef),
}

/// `provider = "azure"`.
#[derive(Debug, Clone)]
pub(crate) struct Azure {
    pub(crate) client: EntraClient,
    pub(crate) scope: String,
}

/// `provider = "azure-agent"`.
#[derive(Debug, Clone)]
pub(crate) struct AzureAgent {
    /// The blueprint.
    pub(crate) client: EntraClient,
    pub(crate) scope: String,
    pub(crate) agent_id: String,
    pub(crate) agent_tenant_id: Option<String>,
    pub(crate) acting: Acting,
}

/// For whom an agent acts.
#[derive(Debug, Clone)]
pub(crate) enum Acting {
    AsItself,
    UserObjectId(String),
    UserPrincipalName(String),
    /// The identity whose tokens are those of the person.
    OnBehalfOf(Proof),
}

/// `provider = "aws"`.
#[derive(Debug, Clone)]
pub(crate) struct Aws {
    pub(crate) proof: Proof,
    pub(crate) audience: Option<String>,
    pub(crate) role: Role,
}

/// `provider = "aws-assume-role"`.
#[derive(Debug, Clone)]
pub(crate) struct AwsAssumeRole {
    pub(crate) from: String,
    pub(crate) role: Role,
    pub(crate) external_id: Option<String>,
    pub(crate) source_identity: Option<String>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) transitive_tag_keys: Vec<String>,
}

/// A role of AWS, and what its session may be.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    pub(crate) role_arn: String,
    pub(crate) session_name: Option<String>,
    pub(crate) duration: Option<Duration>,
    pub(crate) policy: Option<String>,
    pub(crate) policy_arns: Vec<String>,
    pub(crate) sts: Sts,
}

/// `provider = "gcp"`.
#[derive(Debug, Clone)]
pub(crate) struct Gcp {
    pub(crate) proof: GcpProof,
    pub(crate) scopes: Vec<String>,
    pub(crate) token_url: Option<String>,
    pub(crate) service_account: Option<ServiceAccount>,
}

/// What a token of Google is made from.
#[derive(Debug, Clone)]
pub(crate) enum GcpProof {
    /// An identity token, for a provider of a pool.
    Federated { proof: Proof, audience: String, accept_audience: Option<String> },
    /// Another token of Google, to act as a service account.
    Token { from: String },
    /// A key of a service account.
    Key(SecretRef),
}

/// The service account to act as.
#[derive(Debug, Clone)]
pub(crate) struct ServiceAccount {
    pub(crate) email: String,
    pub(crate) delegates: Vec<String>,
    pub(crate) lifetime: Option<Duration>,
    pub(crate) iam_endpoint: Option<String>,
}

/// `provider = "oci"`.
#[derive(Debug, Clone)]
pub(crate) struct Oci {
    pub(crate) domain_url: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: SecretRef,
    pub(crate) proof: Proof,
    pub(crate) audience: Option<String>,
    pub(crate) accept_audience: Option<String>,
    /// No part of the exchange: what uses the token has to know it.
    pub(crate) region: Option<String>,
    pub(crate) res_type: Option<String>,
    pub(crate) lifetime: Option<Duration>,
    pub(crate) key_size: Option<String>,
}

/// `provider = "vault"`.
#[derive(Debug, Clone)]
pub(crate) struct Vault {
    pub(crate) login: VaultLogin,
    pub(crate) path: String,
    pub(crate) engine: Engine,
    pub(crate) poll_interval: Option<Duration>,
    pub(crate) parameters: Option<Map<String, Value>>,
}

/// A login at a server. Equal logins are one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VaultLogin {
    pub(crate) proof: Proof,
    pub(crate) address: String,
    pub(crate) role: String,
    pub(crate) mount: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) audience: Option<String>,
    pub(crate) redirect_hosts: Vec<String>,
    pub(crate) dangerous_allow_http: bool,
}

/// How a path of Vault is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Engine {
    /// Whatever the path hands out: leases, certificates, keys.
    Any,
    /// A stored secret of KV version 1: its mount, and its path below.
    Kv1 { mount: String, path: String },
    /// A stored secret of KV version 2, without `data`.
    Kv2 { mount: String, path: String },
    /// The rotating password of a fixed database user.
    StaticDatabase { mount: String, role: String },
}

/// `[http]`.
#[derive(Debug, Clone, Default)]
pub(crate) struct HttpSpec {
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) client_certificate: Option<PathBuf>,
    pub(crate) client_key: Option<PathBuf>,
    /// Without one, `HTTPS_PROXY` and `NO_PROXY` count.
    pub(crate) proxy: Option<ProxySpec>,
    pub(crate) timeout: Option<Duration>,
    /// Servers, as in a URL, to which plain http was allowed where they are named.
    pub(crate) plain_http: Vec<String>,
}

/// `proxy` of `[http]`.
#[derive(Debug, Clone)]
pub(crate) enum ProxySpec {
    /// None, whatever the environment says.
    Off,
    /// An address without a password.
    Plain(String),
    /// An address that is a secret.
    Secret(SecretRef),
}

impl Config {
    /// The credential of this name.
    pub(crate) fn credential(&self, name: &str) -> Option<&CredentialSpec> {
        self.credentials.iter().find(|credential| credential.name == name)
    }

    /// The identity of this name.
    pub(crate) fn identity(&self, name: &str) -> Option<&IdentitySpec> {
        self.identities.iter().find(|identity| identity.name == name)
    }
}

impl Config {
    /// Whether there is such a table, readable or not. What is wrong with it has been reported.
    pub(super) fn declares(&self, kind: &str, name: &str) -> bool {
        self.declared.iter().any(|(of, known)| *of == kind && known == name)
    }
}

impl Provider {
    /// The word in the file.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Azure(_) => "azure",
            Self::AzureManagedIdentity { .. } => "azure-managed-identity",
            Self::AzureAgent(_) => "azure-agent",
            Self::Aws(_) => "aws",
            Self::AwsAssumeRole(_) => "aws-assume-role",
            Self::Gcp(_) => "gcp",
            Self::Oci(_) => "oci",
            Self::Vault(_) => "vault",
            Self::Passthrough { .. } => "passthrough",
        }
    }
}
