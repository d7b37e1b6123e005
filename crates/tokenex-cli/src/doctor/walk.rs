//! One credential after the other, each after what it is made from.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use tokenex::Error;
use tokenex::core::ShutdownReport;

use super::explain::Case;
use super::finding::{Finding, Step, Verdict, what_and_advice};
use super::issuer::Issuer;
use super::report::Examined;
use super::seen::Seen;
use super::{clock, exchange, probe, token};
use crate::catalog::{Managed, OneByOne, Sighting};
use crate::config::{Config, CredentialSpec, EntraClient, EntraProof, GcpProof, Origin, Proof, Provider};
use crate::failure::{Exit, Failure};

/// The steps about an identity token.
const BEFORE: [Step; 6] = [Step::Token, Step::Clock, Step::Discovery, Step::Keys, Step::Signature, Step::Audience];

/// A walk through a file.
pub(crate) struct Walk<'a> {
    config: &'a Config,
    parts: OneByOne<'a>,
    /// What was seen of each issuer.
    issuers: HashMap<String, Issuer>,
    /// Credentials that are there, for those that are made from them.
    there: HashMap<&'a str, Managed>,
    /// Credentials that are not, with the step that failed.
    broken: HashMap<&'a str, Step>,
}

impl<'a> Walk<'a> {
    /// # Errors
    /// What is wrong with `[http]`.
    pub(crate) async fn new(config: &'a Config) -> Result<Self, Failure> {
        let parts = OneByOne::new(config).await?;
        Ok(Self { config, parts, issuers: HashMap::new(), there: HashMap::new(), broken: HashMap::new() })
    }

    /// The credentials to walk: those asked for and what they are made from, parents first. A file has no cycles.
    pub(crate) fn order(&self, asked: &[&'a str]) -> Vec<&'a CredentialSpec> {
        // An explicit stack: a chain is as long as the file.
        let mut stack: Vec<(&str, bool)> = asked.iter().rev().map(|name| (*name, false)).collect();
        let mut order: Vec<&CredentialSpec> = Vec::new();
        while let Some((name, has_parents)) = stack.pop() {
            let Some(spec) =
                self.config.credential(name).filter(|spec| order.iter().all(|known| known.name != spec.name))
            else {
                continue;
            };
            if has_parents {
                order.push(spec);
            } else {
                stack.push((name, true));
                stack.extend(self.config.made_from(name).into_iter().rev().map(|parent| (parent, false)));
            }
        }
        order
    }

    /// Walks one credential, whose parents were walked before.
    pub(crate) async fn examine(&mut self, spec: &'a CredentialSpec, asked: bool) -> Examined {
        let parents = self.config.made_from(&spec.name);
        let findings = match parents.iter().find_map(|parent| Some((*parent, *self.broken.get(parent)?))) {
            Some((parent, step)) => {
                self.broken.insert(&spec.name, step);
                vec![Finding::skipped(
                    Step::Configuration,
                    format!("it is made from {parent:?}, which broke at {:?}: see there", step.name()),
                )]
            }
            None => self.steps(spec).await,
        };
        Examined {
            name: spec.name.clone(),
            provider: spec.provider.word(),
            asked,
            made_from: parents.into_iter().map(str::to_owned).collect(),
            findings: complete(findings),
        }
    }

    async fn steps(&mut self, spec: &'a CredentialSpec) -> Vec<Finding> {
        let managed = match self.parts.open(spec) {
            Ok(managed) => managed,
            Err(error) => {
                self.broken.insert(&spec.name, Step::Configuration);
                return vec![configuration(self.config, spec, &error)];
            }
        };
        let mut findings = vec![Finding::ok(Step::Configuration, "the library takes the settings")];
        let outcome = managed.get().await;
        let skew = managed.status().clock_skew;
        let identity = self.identity(spec);
        let refused = outcome.as_ref().err();

        let (about, seen) = self.about_token(spec, identity, refused, skew.map(Into::into)).await;
        findings.extend(about);
        if let Some(step) = findings.iter().find(|finding| finding.exit().is_some()).map(|finding| finding.step) {
            self.give_up(spec, managed, step);
            return findings;
        }
        match &outcome {
            Ok(snapshot) => {
                findings.extend(match &spec.provider {
                    Provider::Passthrough { .. } => [Step::Exchange, Step::Access]
                        .map(|step| Finding::skipped(step, "the identity token itself is the credential")),
                    _ => exchange::succeeded(spec, snapshot),
                });
                findings.push(probe::call(&self.parts, spec, &managed).await);
                self.there.insert(&spec.name, managed);
            }
            Err(error) => {
                let case = Case { spec, seen: seen.as_ref(), error };
                let outcome = exchange::failed(&case, &findings);
                findings.extend(outcome);
                let broken = findings.iter().find(|finding| finding.exit().is_some()).map(|finding| finding.step);
                self.give_up(spec, managed, broken.unwrap_or(Step::Exchange));
            }
        }
        findings
    }

    /// The steps up to the exchange.
    async fn about_token(
        &mut self,
        spec: &CredentialSpec,
        identity: Option<(&Proof, Option<Sighting>)>,
        refused: Option<&Error>,
        target: Option<clock::Apart>,
    ) -> (Vec<Finding>, Option<Seen>) {
        let none = |why: &str| (BEFORE.map(|step| Finding::skipped(step, why)).to_vec(), None);
        let Some((proof, sighting)) = identity else { return none(without_token(&spec.provider)) };
        let source = token::source(self.config, proof);
        let Some(Sighting { asked, outcome }) = sighting else {
            return none("the library refused before it asked for a token");
        };
        let seen = match outcome {
            Ok(whole) => match Seen::new(whole, asked) {
                Some(seen) => seen,
                None => return none("the token is no JWT"),
            },
            Err(error) => return (vec![token::none(&error, &source)], None),
        };
        // What was refused here, and not by the target.
        let unsent = refused.filter(|error| error.status().is_none());
        let by_code = |codes: &[&str]| unsent.filter(|error| error.code().is_some_and(|code| codes.contains(&code)));
        let now = SystemTime::now();
        let transport = self.parts.transport().clone();
        if !self.issuers.contains_key(seen.issuer()) {
            self.issuers.insert(seen.issuer().to_owned(), Issuer::look(seen.issuer(), &transport).await);
        }
        let mut about = vec![token::obtained(&seen, &source, by_code(&["expired", "not_yet_valid"]), now)];
        if let Some(issuer) = self.issuers.get(seen.issuer()) {
            about.push(clock::compare(&seen, issuer.clock, target, now));
            about.extend(issuer.judge(&seen));
        }
        about.push(token::audience(&seen, by_code(&["wrong_audience"]), self.origin(proof)));
        if matches!(spec.provider, Provider::Passthrough { .. }) {
            // Nobody else decides here.
            about
                .iter_mut()
                .filter(|finding| finding.contradicts)
                .for_each(|finding| finding.verdict = Verdict::Failed(Exit::Trust));
        }
        (about, Some(seen))
    }

    /// What proves the workload, and what it handed out: to this credential, or to one that shares its login.
    fn identity(&self, spec: &'a CredentialSpec) -> Option<(&'a Proof, Option<Sighting>)> {
        let proof = proof(&spec.provider)?;
        let sharing = self.config.credentials.iter().filter(|other| match (&spec.provider, &other.provider) {
            (Provider::Vault(one), Provider::Vault(other)) => one.login == other.login,
            _ => false,
        });
        let names = [spec.name.as_str()].into_iter().chain(sharing.map(|other| other.name.as_str()));
        Some((proof, names.filter_map(|name| self.parts.seen(name)).next()))
    }

    fn origin(&self, proof: &Proof) -> Option<&'a Origin> {
        match proof {
            Proof::Identity(name) => self.config.identity(name).map(|identity| &identity.origin),
            Proof::Credential(_) => None,
        }
    }

    fn give_up(&mut self, spec: &'a CredentialSpec, managed: Managed, step: Step) {
        self.broken.insert(&spec.name, step);
        self.parts.give_up(managed);
    }

    /// Withdraws what was made.
    pub(crate) async fn close(self, within: Duration) -> ShutdownReport {
        drop(self.there);
        self.parts.close(within).await
    }
}

fn proof(provider: &Provider) -> Option<&Proof> {
    match provider {
        Provider::Azure(azure) => of_client(&azure.client),
        Provider::AzureAgent(agent) => of_client(&agent.client),
        Provider::Aws(aws) => Some(&aws.proof),
        Provider::Gcp(gcp) => match &gcp.proof {
            GcpProof::Federated { proof, .. } => Some(proof),
            GcpProof::Token { .. } | GcpProof::Key(_) => None,
        },
        Provider::Oci(oci) => Some(&oci.proof),
        Provider::Vault(vault) => Some(&vault.login.proof),
        Provider::Passthrough { proof, .. } => Some(proof),
        Provider::AzureManagedIdentity { .. } | Provider::AwsAssumeRole(_) => None,
    }
}

fn of_client(client: &EntraClient) -> Option<&Proof> {
    match &client.proof {
        EntraProof::Token(proof) => Some(proof),
        EntraProof::ClientSecret(_) => None,
    }
}

/// What it is made from instead.
fn without_token(provider: &Provider) -> &'static str {
    match provider {
        Provider::AzureManagedIdentity { .. } => "the platform knows this machine: no identity token is shown",
        Provider::AwsAssumeRole(_) => "requests are signed with another credential: no identity token is shown",
        Provider::Gcp(gcp) if matches!(gcp.proof, GcpProof::Token { .. }) => {
            "another token of Google is shown: no identity token"
        }
        Provider::Gcp(_) => "a key signs the request: no identity token is shown",
        _ => "a client secret is shown: no identity token",
    }
}

fn configuration(config: &Config, spec: &CredentialSpec, error: &Error) -> Finding {
    let exit = Failure::from(error).exit();
    let line = config.text.line_number(spec.place_of(error).start);
    Finding::new(Step::Configuration, Verdict::Failed(exit), what_and_advice(error))
        .found("line", format!("{line} of {}", config.text.name()))
}

/// With every step, so that programs find each where they look for it.
fn complete(mut findings: Vec<Finding>) -> Vec<Finding> {
    let broken = findings.iter().find(|finding| finding.exit().is_some() || finding.verdict == Verdict::Skipped);
    let why = match findings.iter().find(|finding| finding.exit().is_some()).or(broken) {
        Some(broken) if broken.exit().is_some() => format!("{} failed", broken.step.name()),
        Some(skipped) => skipped.meaning.clone(),
        None => "not reached".to_owned(),
    };
    for step in Step::ALL {
        if findings.iter().all(|finding| finding.step != step) {
            findings.push(Finding::skipped(step, why.as_str()));
        }
    }
    findings.sort_by_key(|finding| Step::ALL.iter().position(|step| *step == finding.step));
    findings
}
