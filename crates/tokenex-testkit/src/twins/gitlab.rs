//! The twin of a job in GitLab CI: what its `id_tokens` put into the environment.
//!
//! There is no endpoint. The instance signs the tokens of a job when the job starts, one for each variable, and never again.
//! They live as long as the job may run, or five minutes where there is no limit.
//!
//! Sources: docs.gitlab.com/ci/secrets/id_token_authentication; gitlab-org/gitlab, issues 222252, 351765 and 423106.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::issuer::{Algorithm, IssuerKeys, PooledKeys};
use crate::twins::text::{epoch, guid};

/// The life of a token whose job has no time limit.
const WITHOUT_TIMEOUT: Duration = Duration::from_secs(300);

/// One instance of GitLab. Clones are the same instance.
///
/// ```
/// use std::time::Duration;
/// use tokenex_testkit::twins::gitlab::GitLabTwin;
///
/// let gitlab = GitLabTwin::new("https://gitlab.example");
/// let job = gitlab.job("group/project").timeout(Duration::from_secs(3600));
/// let variable = job.id_token(&["https://vault.example"]);
/// assert_eq!(gitlab.issuer().verify(&variable).unwrap()["sub"], "project_path:group/project:ref_type:branch:ref:main");
/// ```
#[derive(Clone)]
pub struct GitLabTwin {
    keys: IssuerKeys,
}

/// A job before it starts.
#[derive(Debug, Clone)]
#[must_use = "a job is of use for its tokens"]
pub struct Job {
    keys: IssuerKeys,
    project: String,
    project_id: u64,
    branch: String,
    environment: Option<String>,
    timeout: Option<Duration>,
    started_at: SystemTime,
}

impl GitLabTwin {
    /// The instance at this URL, on the machine's clock.
    pub fn new(url: &str) -> Self {
        Self::with_clock(url, SystemTime::now)
    }

    /// As [`new`](Self::new), on another clock.
    pub fn with_clock(url: &str, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self { keys: IssuerKeys::with(url, PooledKeys, now) }
    }

    /// Who signs the tokens of jobs; give it to the twin of a target.
    pub fn issuer(&self) -> &IssuerKeys {
        &self.keys
    }

    /// A job on the branch `main` of the project at this path, which starts now and may run for ever.
    pub fn job(&self, project: &str) -> Job {
        Job {
            keys: self.keys.clone(),
            project: project.to_owned(),
            project_id: fastrand::u64(1_000..1_000_000),
            branch: "main".to_owned(),
            environment: None,
            timeout: None,
            started_at: self.keys.now(),
        }
    }
}

impl Job {
    /// It runs on this branch.
    pub fn branch(mut self, branch: &str) -> Self {
        branch.clone_into(&mut self.branch);
        self
    }

    /// It deploys to this environment, which is protected.
    pub fn environment(mut self, environment: &str) -> Self {
        self.environment = Some(environment.to_owned());
        self
    }

    /// It may run for so long.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// What a variable under `id_tokens` with this `aud` holds.
    pub fn id_token(&self, audiences: &[&str]) -> String {
        let (namespace, _) = self.project.rsplit_once('/').unwrap_or(("", &self.project));
        let subject = format!("project_path:{}:ref_type:branch:ref:{}", self.project, self.branch);
        let builder = self
            .keys
            .token()
            .algorithm(Algorithm::Rs256)
            .subject(subject)
            .issued_at(self.started_at)
            .lifetime(self.timeout.unwrap_or(WITHOUT_TIMEOUT))
            // A clock that is a little behind must not refuse it.
            .claim("nbf", epoch(self.started_at - Duration::from_secs(5)))
            .claim("jti", guid())
            .claim("project_id", self.project_id.to_string())
            .claim("project_path", self.project.as_str())
            .claim("namespace_id", (self.project_id / 7).to_string())
            .claim("namespace_path", namespace)
            .claim("user_id", "42")
            .claim("user_login", "deployer")
            .claim("pipeline_id", (self.project_id * 11).to_string())
            .claim("pipeline_source", "push")
            .claim("job_id", (self.project_id * 13).to_string())
            .claim("ref", self.branch.as_str())
            .claim("ref_type", "branch")
            .claim("ref_path", format!("refs/heads/{}", self.branch))
            .claim("ref_protected", "true")
            .claim("runner_id", 1)
            .claim("runner_environment", "gitlab-hosted")
            .claim("project_visibility", "private")
            .claim("aud", audience(audiences));
        match &self.environment {
            Some(environment) => {
                builder.claim("environment", environment.as_str()).claim("environment_protected", "true")
            }
            None => builder,
        }
        .sign()
    }
}

/// As it stands in the job's definition: one is a text, several are a list.
fn audience(audiences: &[&str]) -> Value {
    match audiences {
        [one] => json!(one),
        several => json!(several),
    }
}

impl fmt::Debug for GitLabTwin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GitLabTwin({})", self.keys.issuer())
    }
}
