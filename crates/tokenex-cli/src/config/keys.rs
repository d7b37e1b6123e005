//! Every key that a file may have. The parser, its advice and the JSON Schema are all made from these tables.

/// What stands at a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A text.
    Text,
    /// A text, one of these.
    Choice(&'static [&'static str]),
    /// The name of an `[identity.NAME]`.
    Identity,
    /// The name of a `[credential.NAME]`.
    Credential,
    /// A path, relative to the file's folder.
    Path,
    /// An http or https address. Plain http leads to this machine only, unless it is allowed beside it.
    Url,
    /// As [`Url`](Self::Url), and the platform's own addresses too.
    PlatformUrl,
    /// A text such as `15m`; never nothing.
    Duration,
    /// As [`Duration`](Self::Duration), `0s` too.
    DurationOrZero,
    /// `true` or `false`.
    Flag,
    /// A whole number above 0.
    Count,
    /// A number between 0 and 1.
    Share,
    /// A list of texts.
    Texts,
    /// A list of texts: a program and its arguments.
    Argv,
    /// A table of texts.
    TextTable,
    /// Where a secret is.
    Secret,
    /// A table of places of secrets.
    SecretTable,
    /// The address of a proxy, or where it is.
    Proxy,
    /// A table of anything.
    Data,
}

/// A key of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    pub(crate) required: bool,
    /// What it means, as the schema says it.
    pub(crate) about: &'static str,
}

/// A table, or one of the words that decide which keys a table has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    /// The word, or the name of the table.
    pub(crate) word: &'static str,
    pub(crate) about: &'static str,
    pub(crate) keys: &'static [&'static [Key]],
    /// Of each of these lists exactly one key is there.
    pub(crate) one_of: &'static [&'static [&'static str]],
    /// Of each of these lists at most one key is there.
    pub(crate) at_most_one_of: &'static [&'static [&'static str]],
}

impl Table {
    /// All keys, in the order in which they are documented.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'static Key> + use<> {
        self.keys.iter().flat_map(|keys| keys.iter())
    }

    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.name == name)
    }
}

const fn must(name: &'static str, form: Form, about: &'static str) -> Key {
    Key { name, form, required: true, about }
}

const fn may(name: &'static str, form: Form, about: &'static str) -> Key {
    Key { name, form, required: false, about }
}

const PLAIN_HTTP: Key = may("dangerous_allow_http", Form::Flag, "Take plain http beyond this machine");
const IDENTITY: Key = may("identity", Form::Identity, "The identity that proves the workload");
const AUDIENCE: Key = may("audience", Form::Text, "The audience to ask the identity for");

/// The file itself, but for the tables with names of one's own.
pub(crate) const TOP: [&str; 5] = ["version", "identity", "credential", "http", "policy"];

/// `[http]`.
pub(crate) const HTTP: Table = Table {
    word: "http",
    about: "The way to the network",
    keys: &[&[
        may("ca_file", Form::Path, "CA certificates (PEM) to trust, and no others"),
        may("client_certificate", Form::Path, "Certificate and chain (PEM) for servers that ask for one"),
        may("client_key", Form::Path, "Private key (PEM) of the client certificate"),
        may("proxy", Form::Proxy, "Proxy for everything but this machine; \"none\" ignores HTTPS_PROXY"),
        may("timeout", Form::Duration, "How long finding and connecting to a server may take"),
    ]],
    one_of: &[],
    at_most_one_of: &[],
};

/// `[policy]`: the fields of the library's `Policy`.
pub(crate) const POLICY: Table = Table {
    word: "policy",
    about: "The numbers of the refresh",
    keys: &[&[
        may("refresh_share", Form::Share, "Refresh when this share of the life is left"),
        may("refresh_lead_max", Form::Duration, "Refresh at most so long before the end"),
        may("jitter", Form::Share, "How much chance moves the refresh"),
        may("min_spacing", Form::Duration, "Least time between two attempts"),
        may("backoff_base", Form::Duration, "First wait after a failure"),
        may("backoff_max", Form::Duration, "Longest wait after a failure"),
        may("retry_after_max", Form::DurationOrZero, "Longest wait that a target may ask for"),
        may("terminal_spacing", Form::Duration, "Wait after a failure that people have to repair"),
        may("terminal_is_final", Form::Flag, "End after such a failure"),
        may("attempts_per_lifetime", Form::Count, "Attempts in one life, at most"),
        may("attempt_deadline", Form::Duration, "Time for one attempt"),
        may("attempt_deadline_min", Form::Duration, "Least time for one attempt"),
        may("queue_bound", Form::Duration, "Longest wait for a place"),
        may("revoke_deadline", Form::Duration, "Time for one revocation"),
        may("grace", Form::DurationOrZero, "How long a replaced credential works on"),
        may("rejection_spacing", Form::DurationOrZero, "Least time between refreshes that rejections force"),
        may("poll_interval", Form::Duration, "How often to look at what has no end"),
    ]],
    one_of: &[],
    at_most_one_of: &[],
};

const WHICH_MANAGED_IDENTITY: &[Key] = &[
    may("client_id", Form::Text, "Client id of a user-assigned identity"),
    may("object_id", Form::Text, "Object id of a user-assigned identity"),
    may("resource_id", Form::Text, "Azure resource id of a user-assigned identity"),
    may(
        "platform",
        Form::Choice(&["app-service", "arc", "cloud-shell", "imds", "machine-learning", "service-fabric"]),
        "The platform, in place of looking for one",
    ),
];

const STS: &[Key] = &[
    must("region", Form::Text, "The region in which to ask STS"),
    may("endpoint_url", Form::Url, "Another address of STS"),
    may("fips", Form::Flag, "Use the FIPS endpoint"),
    may("dual_stack", Form::Flag, "Use the dual-stack endpoint"),
];

/// `[identity.NAME]`, by `source`.
pub(crate) const IDENTITIES: &[Table] = &[
    identity("file", "A file, read anew each time", &[&[must("path", Form::Path, "The file")]]),
    identity("env", "A variable of this process", &[&[must("var", Form::Text, "The variable")]]),
    identity(
        "command",
        "A program that prints the token",
        &[&[
            must("argv", Form::Argv, "The program and its arguments; {audience} in one is replaced"),
            may("format", Form::Choice(&["text", "google-executable", "exec-credential"]), "What it prints"),
        ]],
    ),
    identity(
        "url",
        "A web server that answers with the token",
        &[&[
            must("url", Form::PlatformUrl, "The address; {audience} in it is replaced"),
            may("headers", Form::SecretTable, "Headers of the request"),
            may("field", Form::Text, "JSON field with the token; without it the body is the token"),
            PLAIN_HTTP,
        ]],
    ),
    identity("github-actions", "The token of a GitHub Actions or Forgejo job", &[]),
    identity(
        "gitlab",
        "The token of a GitLab job",
        &[&[must("var", Form::Text, "The variable that the job names under `id_tokens`")]],
    ),
    identity("azure-managed-identity", "The managed identity of this machine", &[WHICH_MANAGED_IDENTITY]),
    identity(
        "gcp-metadata",
        "The service account of this machine",
        &[&[
            may("host", Form::Text, "Another host of the metadata server, or host and port"),
            may("service_account", Form::Text, "E-mail address of another account than the default one"),
        ]],
    ),
    identity(
        "aws-outbound",
        "Identity tokens that AWS signs (GetWebIdentityToken)",
        &[
            &[must("from", Form::Credential, "The credential that asks for them")],
            STS,
            &[
                may("algorithm", Form::Choice(&["RS256", "ES384"]), "How they are signed"),
                may("duration", Form::Duration, "How long each lives"),
                may("audience", Form::Text, "The audience where the target names none"),
                may("tags", Form::TextTable, "Tags that they carry"),
            ],
        ],
    ),
    identity("credential", "Another credential that is a JWT", &[&[must("from", Form::Credential, "The credential")]]),
];

const fn identity(word: &'static str, about: &'static str, keys: &'static [&'static [Key]]) -> Table {
    Table { word, about, keys, one_of: &[], at_most_one_of: &[] }
}

const FROM_JWT: Key = may("from", Form::Credential, "A credential that is a JWT, in place of an identity");

const ENTRA: &[Key] = &[
    must("tenant_id", Form::Text, "Id or domain of the tenant"),
    must("client_id", Form::Text, "Client id of the application, identity or blueprint"),
    must("scope", Form::Text, "What the token is for: https://graph.microsoft.com/.default"),
    IDENTITY,
    FROM_JWT,
    may("client_secret", Form::Secret, "A client secret, in place of an identity"),
    AUDIENCE,
    may("accept_audience", Form::Text, "Another audience that identity tokens may have"),
    may("authority_host", Form::Url, "Another cloud: https://login.microsoftonline.us"),
    PLAIN_HTTP,
];

const ROLE: &[Key] = &[
    must("role_arn", Form::Text, "The role"),
    may("session_name", Form::Text, "How the session is called in CloudTrail"),
    may("duration", Form::Duration, "How long a session lives"),
    may("policy", Form::Text, "A session policy (JSON) that narrows the role"),
    may("policy_arns", Form::Texts, "Managed policies that narrow the role"),
];

/// Keys of every credential.
const COMMON: &[Key] = &[may("probe", Form::Url, "What `doctor` calls with the credential after an exchange")];

const PROOF: &[&[&str]] = &[&["identity", "from"]];

/// `[credential.NAME]`, by `provider`.
pub(crate) const CREDENTIALS: &[Table] = &[
    Table {
        word: "azure",
        about: "An access token of Microsoft Entra",
        keys: &[ENTRA, COMMON],
        one_of: &[&["identity", "from", "client_secret"]],
        at_most_one_of: &[],
    },
    Table {
        word: "azure-managed-identity",
        about: "An access token of this machine's managed identity",
        keys: &[
            &[must("scope", Form::Text, "What the token is for: https://vault.azure.net/.default")],
            WHICH_MANAGED_IDENTITY,
            COMMON,
        ],
        one_of: &[],
        at_most_one_of: &[&["client_id", "object_id", "resource_id"]],
    },
    Table {
        word: "azure-agent",
        about: "An access token of an agent identity, by way of its blueprint",
        keys: &[
            ENTRA,
            &[
                must("agent_id", Form::Text, "Client id of the agent identity"),
                may("agent_tenant_id", Form::Text, "The agent's tenant, where it is another one"),
                may("user_object_id", Form::Text, "The agent's user account, by its object id"),
                may("user_principal_name", Form::Text, "The agent's user account, by its name"),
                may("on_behalf_of", Form::Identity, "The identity whose token is that of the person acted for"),
            ],
            COMMON,
        ],
        one_of: &[&["identity", "from", "client_secret"]],
        at_most_one_of: &[&["user_object_id", "user_principal_name", "on_behalf_of"]],
    },
    Table {
        word: "aws",
        about: "A role of AWS, for an identity token",
        keys: &[ROLE, STS, &[IDENTITY, FROM_JWT, AUDIENCE], COMMON],
        one_of: PROOF,
        at_most_one_of: &[],
    },
    Table {
        word: "aws-assume-role",
        about: "A role of AWS, for the credentials of another one",
        keys: &[
            &[must("from", Form::Credential, "Credentials of AWS: of a role, or in a secret of Vault")],
            ROLE,
            STS,
            &[
                may("external_id", Form::Text, "The external id that the role asks for"),
                may("source_identity", Form::Text, "Who is behind the session"),
                may("tags", Form::TextTable, "Session tags"),
                may("transitive_tag_keys", Form::Texts, "Tags that go on along the chain"),
            ],
            COMMON,
        ],
        one_of: &[],
        at_most_one_of: &[],
    },
    Table {
        word: "gcp",
        about: "An access token of Google Cloud",
        keys: &[
            &[
                may("audience", Form::Text, "Full name of the workload identity pool's provider"),
                IDENTITY,
                may("from", Form::Credential, "A credential that is a JWT, or a token of Google to impersonate with"),
                may("service_account_key", Form::Secret, "A short-lived key, such as Vault's GCP engine makes"),
                may("accept_audience", Form::Text, "An allowed audience of the provider"),
                may("scopes", Form::Texts, "What the token is for; default cloud-platform"),
                may("token_url", Form::Url, "Another address of the token service"),
                may("service_account", Form::Text, "E-mail address of the account to act as"),
                may("delegates", Form::Texts, "Links between the base and the account"),
                may("lifetime", Form::Duration, "How long the account's token lives, up to 1h"),
                may("iam_endpoint", Form::Url, "Another address of the IAM Credentials API"),
            ],
            COMMON,
        ],
        one_of: &[&["identity", "from", "service_account_key"]],
        at_most_one_of: &[],
    },
    Table {
        word: "oci",
        about: "A session token of Oracle Cloud, and its key",
        keys: &[
            &[
                must("domain_url", Form::Url, "The identity domain, as the console shows it"),
                must("client_id", Form::Text, "Client id of the application that exchanges"),
                must("client_secret", Form::Secret, "Its client secret"),
                IDENTITY,
                FROM_JWT,
                may("audience", Form::Text, "What the trust expects; default the client id"),
                may("accept_audience", Form::Text, "Another audience that the trust takes"),
                may("region", Form::Text, "The region that the token is for: eu-frankfurt-1"),
                may("res_type", Form::Text, "Ask for a resource's token (RPST) of this type, in place of a user's"),
                may("lifetime", Form::Duration, "How long a resource's token lives, up to 12h"),
                may("key_size", Form::Choice(&["2048", "3072"]), "Bits of the session key"),
            ],
            COMMON,
        ],
        one_of: PROOF,
        at_most_one_of: &[],
    },
    Table {
        word: "vault",
        about: "A secret of HashiCorp Vault or OpenBao",
        keys: &[
            &[
                must("address", Form::Url, "The server: https://vault.example:8200"),
                must("role", Form::Text, "The role to log in as"),
                must("path", Form::Text, "The secret: database/creds/app, secret/data/app"),
                IDENTITY,
                FROM_JWT,
                AUDIENCE,
                may("namespace", Form::Text, "The namespace of login and secret"),
                may("mount", Form::Text, "Where the auth method is mounted; default jwt"),
                may(
                    "engine",
                    Form::Choice(&["any", "kv1", "kv2", "static-database"]),
                    "How the path is read, where it does not show by itself",
                ),
                may("poll_interval", Form::Duration, "How often to look at what has no end"),
                may("parameters", Form::Data, "Written to the path, which then hands out a secret"),
                may("redirect_hosts", Form::Texts, "Other servers to which a standby may redirect"),
                PLAIN_HTTP,
            ],
            COMMON,
        ],
        one_of: PROOF,
        at_most_one_of: &[],
    },
    Table {
        word: "passthrough",
        about: "The identity token itself",
        keys: &[&[IDENTITY, FROM_JWT, AUDIENCE], COMMON],
        one_of: PROOF,
        at_most_one_of: &[],
    },
];
