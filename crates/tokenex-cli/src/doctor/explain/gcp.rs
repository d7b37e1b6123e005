//! Google Cloud, by its codes and what goes with them
//! (<https://cloud.google.com/iam/docs/troubleshooting-workload-identity-federation>).

use super::{Case, Help};
use crate::config::{Gcp, GcpProof};

/// The parts of the name of a workload identity pool provider.
struct PoolProvider<'a> {
    project: &'a str,
    pool: &'a str,
    provider: &'a str,
}

impl<'a> PoolProvider<'a> {
    /// With the scheme or without. `None` for workforce pools, whose commands are others.
    fn read(name: &'a str) -> Option<Self> {
        let parts: Vec<_> = name.split_once("//iam.googleapis.com/")?.1.split('/').collect();
        match parts.as_slice() {
            ["projects", project, "locations", "global", "workloadIdentityPools", pool, "providers", provider] => {
                Some(Self { project, pool, provider })
            }
            _ => None,
        }
    }

    fn of(gcp: &'a Gcp) -> Option<Self> {
        match &gcp.proof {
            GcpProof::Federated { audience, .. } => Self::read(audience),
            GcpProof::Token { .. } | GcpProof::Key(_) => None,
        }
    }

    /// `gcloud iam workload-identity-pools providers VERB PROVIDER`, with where it is.
    fn command(&self, verb: &str, more: &[String], help: &mut Help) {
        let mut words =
            ["gcloud", "iam", "workload-identity-pools", "providers", verb, self.provider].map(str::to_owned).to_vec();
        words.push("--location=global".to_owned());
        words.push(format!("--workload-identity-pool={}", self.pool));
        words.push(format!("--project={}", self.project));
        words.extend_from_slice(more);
        help.run(&words);
    }

    /// The principal that a subject is to Google, with the usual mapping.
    fn principal(&self, subject: &str) -> String {
        let Self { project, pool, .. } = self;
        format!(
            "principal://iam.googleapis.com/projects/{project}/locations/global/workloadIdentityPools/{pool}/subject/{subject}"
        )
    }
}

pub(super) fn refusal(case: &Case<'_>, gcp: &Gcp, help: &mut Help) {
    let provider = PoolProvider::of(gcp);
    if matches!(case.error.step(), Some("impersonate" | "ID token")) {
        return impersonation(case, gcp, provider.as_ref(), help);
    }
    let Some(provider) = provider else { return };
    let describe = |help: &mut Help| provider.command("describe", &[], help);
    match case.code() {
        "invalid_target" => {
            help.find("project", provider.project);
            help.find("pool", provider.pool);
            help.find("provider", provider.provider);
            describe(help);
            provider.command("undelete", &[], help);
        }
        "unauthorized_client" => {
            help.note("the first command shows the condition; the second lets in this subject and no other");
            provider.command("describe", &["--format=value(attributeCondition)".to_owned()], help);
            if !case.subject().contains(['\'', '\\']) {
                let condition = format!("--attribute-condition=assertion.sub == '{}'", case.subject());
                provider.command("update-oidc", &[condition], help);
            }
        }
        "invalid_grant" if case.says("connecting") => help.look_at_issuer(case.issuer()),
        "invalid_grant" if case.says("127 bytes") => describe(help),
        "invalid_grant" if case.says("audience") => {
            describe(help);
            provider.command("update-oidc", &[format!("--allowed-audiences={}", case.audience())], help);
        }
        "invalid_grant" if case.says("issuer") => {
            if let Some(expected) = case.said_after("does not match the expected ones:") {
                help.expect("issuer", expected);
            }
            describe(help);
            provider.command("update-oidc", &[format!("--issuer-uri={}", case.issuer())], help);
        }
        "SERVICE_DISABLED" => enable("sts.googleapis.com", provider.project, help),
        _ => describe(help),
    }
}

fn enable(api: &str, project: &str, help: &mut Help) {
    help.run(&["gcloud", "services", "enable", api, &format!("--project={project}")]);
}

/// Good federation, and no right to act as the account.
fn impersonation(case: &Case<'_>, gcp: &Gcp, provider: Option<&PoolProvider<'_>>, help: &mut Help) {
    let Some(account) = &gcp.service_account else { return };
    let email = account.email.as_str();
    match (case.code(), provider) {
        ("SERVICE_DISABLED", Some(provider)) => enable("iamcredentials.googleapis.com", provider.project, help),
        ("NOT_FOUND" | "FAILED_PRECONDITION" | "ACCOUNT_STATE_INVALID", _) => {
            help.run(&["gcloud", "iam", "service-accounts", "describe", email]);
        }
        ("IAM_PERMISSION_DENIED" | "PERMISSION_DENIED", provider) => {
            help.run(&["gcloud", "iam", "service-accounts", "get-iam-policy", email]);
            if let (Some(provider), Some(_)) = (provider, case.seen) {
                let principal = provider.principal(case.subject());
                help.find("principal", principal.as_str());
                let (role, member) = ("--role=roles/iam.workloadIdentityUser", format!("--member={principal}"));
                help.run(&["gcloud", "iam", "service-accounts", "add-iam-policy-binding", email, role, &member]);
            }
        }
        _ => {}
    }
}

/// Trust is in order, a role is missing.
pub(super) fn probe(gcp: &Gcp, help: &mut Help) {
    match (&gcp.service_account, PoolProvider::of(gcp)) {
        (Some(account), _) => {
            help.note("grant the role that is missing to the service account, on as little as will do");
            let member = format!("--filter=bindings.members:serviceAccount:{}", account.email);
            let project =
                account.email.split_once('@').and_then(|(_, host)| host.split('.').next()).unwrap_or_default();
            help.run(&["gcloud", "projects", "get-iam-policy", project, "--flatten=bindings[].members", &member]);
        }
        (None, Some(provider)) => {
            help.note("grant the role that is missing to the principal of the pool, on as little as will do");
            let member = format!("--filter=bindings.members:workloadIdentityPools/{}/", provider.pool);
            help.run(&[
                "gcloud",
                "projects",
                "get-iam-policy",
                provider.project,
                "--flatten=bindings[].members",
                &member,
            ]);
        }
        (None, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_provider_is_taken_apart() {
        let name = "//iam.googleapis.com/projects/12/locations/global/workloadIdentityPools/ci/providers/github";
        for name in [name.to_owned(), format!("https:{name}")] {
            let provider = PoolProvider::read(&name).unwrap();
            assert_eq!((provider.project, provider.pool, provider.provider), ("12", "ci", "github"));
        }
        assert!(PoolProvider::read("//iam.googleapis.com/locations/global/workforcePools/p/providers/v").is_none());
    }
}
