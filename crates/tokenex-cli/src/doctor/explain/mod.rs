//! What a refusal means at each target: what it expects where it tells, and the commands that would repair it or show
//! what is there, with the observed values in them. Never a secret: none of them is known here.

mod aws;
mod azure;
mod gcp;
mod oci;
mod vault;

use tokenex::Error;

use super::commands;
use super::finding::Facts;
use super::seen::Seen;
use crate::config::{CredentialSpec, Provider};

/// A refusal, and whom it was about.
pub(super) struct Case<'a> {
    pub(super) spec: &'a CredentialSpec,
    /// The identity token that was shown, if one was.
    pub(super) seen: Option<&'a Seen>,
    pub(super) error: &'a Error,
}

impl Case<'_> {
    fn code(&self) -> &str {
        self.error.code().unwrap_or_default()
    }

    fn issuer(&self) -> &str {
        self.seen.map(Seen::issuer).unwrap_or_default()
    }

    fn subject(&self) -> &str {
        self.seen.map(Seen::subject).unwrap_or_default()
    }

    /// The one audience that matters.
    fn audience(&self) -> &str {
        self.seen.map(Seen::main_audience).unwrap_or_default()
    }

    /// Whether the target's own words hold this, in any case of letters.
    fn says(&self, words: &str) -> bool {
        self.error.said().is_some_and(|said| said.to_ascii_lowercase().contains(words))
    }

    /// What stands behind `words` in what the target said.
    fn said_after(&self, words: &str) -> Option<&str> {
        let (_, rest) = self.error.said()?.split_once(words)?;
        Some(rest.trim().trim_end_matches('.')).filter(|rest| !rest.is_empty())
    }
}

/// What helps.
#[derive(Debug, Default)]
pub(super) struct Help {
    /// Added to what it means.
    pub(super) notes: Vec<String>,
    pub(super) found: Facts,
    pub(super) expected: Facts,
    pub(super) fix: Vec<String>,
}

impl Help {
    fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    fn expect(&mut self, name: &'static str, value: impl Into<String>) {
        self.expected.push((name, value.into()));
    }

    fn find(&mut self, name: &'static str, value: impl Into<String>) {
        self.found.push((name, value.into()));
    }

    /// A command line.
    fn run<W: AsRef<str>>(&mut self, words: &[W]) {
        self.fix.extend(commands::line(words));
    }

    /// A look at the issuer, best taken from elsewhere.
    fn look_at_issuer(&mut self, issuer: &str) {
        if issuer.starts_with("https://") {
            let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
            self.note("the command shows whether the issuer is public: run it outside of your network");
            self.run(&["curl", "-fsS", &address]);
        }
    }
}

/// Why there is no credential.
pub(super) fn refusal(case: &Case<'_>) -> Help {
    let mut help = Help::default();
    match &case.spec.provider {
        Provider::Azure(azure) => azure::refusal(case, &azure.client, &azure.scope, &mut help),
        Provider::AzureAgent(agent) => azure::refusal(case, &agent.client, &agent.scope, &mut help),
        Provider::Aws(aws) => aws::web_identity(case, &aws.role, &mut help),
        Provider::AwsAssumeRole(aws) => aws::assume_role(case, &aws.role, &mut help),
        Provider::Gcp(gcp) => gcp::refusal(case, gcp, &mut help),
        Provider::Oci(oci) => oci::refusal(case, oci, &mut help),
        Provider::Vault(vault) => vault::refusal(case, vault, &mut help),
        Provider::AzureManagedIdentity { .. } | Provider::Passthrough { .. } => {}
    }
    help
}

/// Why a credential does not open what it should.
pub(super) fn probe(spec: &CredentialSpec) -> Help {
    let mut help = Help::default();
    match &spec.provider {
        Provider::Azure(azure) => azure::probe(&azure.client, spec.probe.as_deref(), &mut help),
        Provider::Aws(aws) => aws::probe(&aws.role, &mut help),
        Provider::AwsAssumeRole(aws) => aws::probe(&aws.role, &mut help),
        Provider::Gcp(gcp) => gcp::probe(gcp, &mut help),
        Provider::Oci(_) => oci::probe(&mut help),
        Provider::Vault(vault) => vault::probe(vault, &mut help),
        Provider::AzureAgent(_) | Provider::AzureManagedIdentity { .. } | Provider::Passthrough { .. } => {}
    }
    help
}
