//! What a token says about the job it was made for.

use crate::issuer::{Algorithm, IssuerKeys, TokenBuilder};
use crate::twins::text::guid;

/// `token.actions.githubusercontent.com`, as the `iss` claim.
pub(super) const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// One run of one job.
pub(super) struct Run {
    pub(super) owner: (String, u64),
    pub(super) repository: (String, u64),
    pub(super) branch: String,
    pub(super) environment: Option<String>,
    /// Whether the repository is so new (created, renamed or transferred after 15 July 2026) that its subjects name ids.
    pub(super) immutable_subject: bool,
    pub(super) run_id: u64,
}

impl Run {
    /// `OWNER/REPO`.
    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.owner.0, self.repository.0)
    }

    /// The audience of a job that asks for none.
    pub(super) fn default_audience(&self) -> String {
        format!("https://github.com/{}", self.owner.0)
    }

    pub(super) fn subject(&self) -> String {
        let repository = match self.immutable_subject {
            false => self.full_name(),
            true => format!("{}@{}/{}@{}", self.owner.0, self.owner.1, self.repository.0, self.repository.1),
        };
        match &self.environment {
            // A colon in a value would begin the next one.
            Some(environment) => format!("repo:{repository}:environment:{}", environment.replace(':', "%3A")),
            None => format!("repo:{repository}:ref:refs/heads/{}", self.branch.replace(':', "%3A")),
        }
    }

    pub(super) fn token(&self, keys: &IssuerKeys, audience: &str) -> TokenBuilder {
        let workflow = format!("{}/.github/workflows/deploy.yml@refs/heads/{}", self.full_name(), self.branch);
        let builder = keys
            .token()
            .algorithm(Algorithm::Rs256)
            .subject(self.subject())
            .audience(audience)
            .claim("jti", guid())
            .claim("ref", format!("refs/heads/{}", self.branch))
            .claim("ref_type", "branch")
            .claim("ref_protected", "true")
            .claim("sha", "4f5ea7e9c0d1b2a3948576a1b2c3d4e5f6071829")
            .claim("repository", self.full_name())
            .claim("repository_id", self.repository.1.to_string())
            .claim("repository_owner", self.owner.0.as_str())
            .claim("repository_owner_id", self.owner.1.to_string())
            .claim("repository_visibility", "private")
            .claim("run_id", self.run_id.to_string())
            .claim("run_number", "10")
            .claim("run_attempt", "1")
            .claim("runner_environment", "github-hosted")
            .claim("actor", self.owner.0.as_str())
            .claim("actor_id", self.owner.1.to_string())
            .claim("workflow", "deploy")
            .claim("workflow_ref", workflow.as_str())
            .claim("job_workflow_ref", workflow)
            .claim("event_name", "push")
            .claim("head_ref", "")
            .claim("base_ref", "");
        match &self.environment {
            Some(environment) => builder.claim("environment", environment.as_str()),
            None => builder,
        }
    }
}
