//! What a credential means, and which of its keys go together beyond what the tables of keys can say.

use super::build::{acting, entra, managed_identity, proof, role};
use super::fields::Fields;
use super::keys;
use super::model::{
    Aws, AwsAssumeRole, Azure, AzureAgent, Engine, Gcp, GcpProof, HttpSpec, Oci, Provider, ProxySpec, ServiceAccount,
    Vault, VaultLogin,
};
use super::problems::Problem;
use super::read::Reader;
use super::secret_ref::SecretRef;
use super::vault_path;

impl Reader<'_> {
    /// `provider` and its keys. `word_of` is the provider of another credential.
    pub(super) fn provider(
        &mut self,
        word: &str,
        fields: &Fields,
        word_of: &dyn Fn(&str) -> Option<String>,
    ) -> Option<Provider> {
        Some(match word {
            "azure" => Provider::Azure(Azure { client: entra(fields), scope: fields.needed("scope") }),
            "azure-managed-identity" => {
                Provider::AzureManagedIdentity { which: managed_identity(fields), scope: fields.needed("scope") }
            }
            "azure-agent" => Provider::AzureAgent(AzureAgent {
                client: entra(fields),
                scope: fields.needed("scope"),
                agent_id: fields.needed("agent_id"),
                agent_tenant_id: fields.text("agent_tenant_id"),
                acting: acting(fields),
            }),
            "aws" => Provider::Aws(Aws { proof: proof(fields), audience: fields.text("audience"), role: role(fields) }),
            "aws-assume-role" => Provider::AwsAssumeRole(AwsAssumeRole {
                from: fields.needed("from"),
                role: role(fields),
                external_id: fields.text("external_id"),
                source_identity: fields.text("source_identity"),
                tags: fields.text_table("tags"),
                transitive_tag_keys: fields.texts("transitive_tag_keys"),
            }),
            "gcp" => Provider::Gcp(self.gcp(fields, word_of)),
            "oci" => Provider::Oci(self.oci(fields)),
            "vault" => Provider::Vault(self.vault(fields)),
            "passthrough" => Provider::Passthrough { proof: proof(fields), audience: fields.text("audience") },
            _ => return None,
        })
    }

    /// What of Google's keys goes together depends on what the token is made from.
    fn gcp(&mut self, fields: &Fields, word_of: &dyn Fn(&str) -> Option<String>) -> Gcp {
        let from = fields.text("from").filter(|from| word_of(from).as_deref() == Some("gcp"));
        let proof = if let Some(key) = fields.secret("service_account_key") {
            self.excluded(fields, &["audience", "accept_audience"], "a key needs none");
            GcpProof::Key(key)
        } else if let Some(from) = from {
            self.excluded(fields, &["audience", "accept_audience", "token_url"], "`from` is a token of Google already");
            if !fields.has("service_account") {
                let what = "`service_account` is missing: `from` is a token of Google already, to impersonate with";
                self.report(Problem::missing(fields.header(), what));
            }
            GcpProof::Token { from }
        } else {
            if !fields.has("audience") && !fields.has("service_account_key") {
                let help = "//iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER";
                self.report(Problem::missing(fields.header(), "`audience` is missing").with_help(help));
            }
            let audience = fields.needed("audience");
            GcpProof::Federated { proof: proof(fields), audience, accept_audience: fields.text("accept_audience") }
        };
        let service_account = fields.text("service_account").map(|email| ServiceAccount {
            email,
            delegates: fields.texts("delegates"),
            lifetime: fields.duration("lifetime"),
            iam_endpoint: fields.text("iam_endpoint"),
        });
        if !fields.has("service_account") {
            self.excluded(fields, &["delegates", "lifetime", "iam_endpoint"], "it belongs to a `service_account`");
        }
        Gcp { proof, scopes: fields.texts("scopes"), token_url: fields.text("token_url"), service_account }
    }

    fn oci(&mut self, fields: &Fields) -> Oci {
        if !fields.has("res_type") {
            self.excluded(
                fields,
                &["lifetime"],
                "it belongs to a `res_type`: a user's token lives as its identity does",
            );
        }
        Oci {
            domain_url: fields.needed("domain_url"),
            client_id: fields.needed("client_id"),
            client_secret: fields.secret("client_secret").unwrap_or(SecretRef::Env(String::new())),
            proof: proof(fields),
            audience: fields.text("audience"),
            accept_audience: fields.text("accept_audience"),
            region: fields.text("region"),
            res_type: fields.text("res_type"),
            lifetime: fields.duration("lifetime"),
            key_size: fields.text("key_size"),
        }
    }

    fn excluded(&mut self, fields: &Fields, names: &[&str], why: &str) {
        for name in names.iter().filter(|name| fields.has(name)) {
            let what = format!("`{name}` has no meaning here");
            self.report(Problem::at_key(fields.key_span(name), what).with_help(why));
        }
    }

    fn vault(&mut self, fields: &Fields) -> Vault {
        let path = fields.needed("path");
        let path = path.trim_matches('/').to_owned();
        if fields.text("path").is_some()
            && let Err(why) = vault_path::check(&path)
        {
            self.report(Problem::at(fields.value_span("path"), format!("`path` {why}")));
        }
        let engine = match vault_path::engine(fields.text("engine").as_deref(), fields.has("parameters"), &path) {
            Ok(engine) => engine,
            Err(why) => {
                let at = if fields.has("engine") { "engine" } else { "path" };
                self.report(Problem::at(fields.value_span(at), why));
                Engine::Any
            }
        };
        Vault {
            login: VaultLogin {
                proof: proof(fields),
                address: fields.needed("address"),
                role: fields.needed("role"),
                mount: fields.text("mount"),
                namespace: fields.text("namespace"),
                audience: fields.text("audience"),
                redirect_hosts: fields.texts("redirect_hosts"),
                dangerous_allow_http: fields.flag("dangerous_allow_http").unwrap_or_default(),
            },
            path,
            engine,
            poll_interval: fields.duration("poll_interval"),
            parameters: fields.data("parameters"),
        }
    }

    /// `[http]`.
    pub(super) fn http(&mut self, fields: &Fields) -> HttpSpec {
        for name in ["ca_file", "client_certificate", "client_key"] {
            if let Some(path) = fields.path(name)
                && let Err(why) = std::fs::File::open(&path)
            {
                let what = format!("`{name}` cannot be read: {}: {why}", path.display());
                self.report(Problem::at(fields.value_span(name), what));
            }
        }
        match (fields.has("client_certificate"), fields.has("client_key")) {
            (true, false) => {
                let what = "`client_key` is missing: a certificate goes with its key";
                self.report(Problem::at_key(fields.key_span("client_certificate"), what));
            }
            (false, true) => {
                let what = "`client_certificate` is missing: a key goes with its certificate";
                self.report(Problem::at_key(fields.key_span("client_key"), what));
            }
            _ => {}
        }
        if let Some(path) = fields.path("client_key")
            && let Some(key) = keys::HTTP.key("client_key")
        {
            self.trusted(key, Some(path), fields.value_span("client_key"));
        }
        let proxy = match (fields.text("proxy"), fields.secret("proxy")) {
            (_, Some(secret)) => Some(ProxySpec::Secret(secret)),
            (Some(word), None) if word == "none" => Some(ProxySpec::Off),
            (Some(address), None) => Some(ProxySpec::Plain(address)),
            (None, None) => None,
        };
        HttpSpec {
            ca_file: fields.path("ca_file"),
            client_certificate: fields.path("client_certificate"),
            client_key: fields.path("client_key"),
            proxy,
            timeout: fields.duration("timeout"),
            plain_http: Vec::new(),
        }
    }
}
