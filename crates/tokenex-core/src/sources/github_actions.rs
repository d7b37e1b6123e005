//! The token service of GitHub Actions and Forgejo Actions.

use std::env;
use std::ffi::OsString;
use std::fmt;

use http::StatusCode;

use super::url::Url;
use crate::{Error, ErrorKind, IdentityToken, Input, Result, Retry, Secret, TokenRequest, TokenSource};

/// The token service of a job in GitHub Actions, which signs a new identity token for each attempt. Forgejo Actions keeps
/// the same contract.
///
/// - A token lives for five minutes. What the job may ask with lives as long as the job, so a fresh token can be had at
///   any time in it.
/// - Any audience can be asked for. Without one, the token is for `https://github.com/OWNER`.
/// - 429, 5xx and cut connections are transient: the service has such hiccups. 401 and 403 need a person.
///
/// The contract is in [GitHub's reference of OpenID
/// Connect](https://docs.github.com/en/actions/reference/security/oidc) and in that of [Forgejo
/// Actions](https://forgejo.org/docs/next/user/actions/security-openid-connect).
///
/// ```no_run
/// use tokenex_core::sources::GitHubActions;
///
/// let source = GitHubActions::from_env()?;
/// # let _ = source;
/// # Ok::<(), tokenex_core::Error>(())
/// ```
#[derive(Clone)]
pub struct GitHubActions {
    /// The address twice: without an audience the service must not get an empty one.
    for_audience: Url,
    for_owner: Url,
}

const URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

/// What a job lacks that has no such variables.
const PERMISSION: &str = "give the job `permissions: id-token: write` (a reusable workflow needs it from its caller too; \
     Forgejo wants `enable-openid-connect: true` in the workflow). Jobs that a pull request from a fork has started do not \
     get it. A container that the job starts itself must be handed both variables";

impl GitHubActions {
    /// Takes `ACTIONS_ID_TOKEN_REQUEST_URL` and `ACTIONS_ID_TOKEN_REQUEST_TOKEN` from the environment, where the runner puts
    /// them for jobs that may have identity tokens.
    ///
    /// # Errors
    /// [`ErrorKind::Identity`] with code `missing` when one of them is not there; the advice says which permission the job
    /// lacks. [`ErrorKind::Configuration`] when they are not what a runner puts there.
    pub fn from_env() -> Result<Self> {
        Self::read(|name| env::var_os(name))
    }

    /// The service at `request_url`, with the token that it is asked with.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the URL is not an absolute http or https URL, or the token cannot be in a header.
    pub fn new(request_url: &str, request_token: impl Into<Secret>) -> Result<Self> {
        // The address of the service has a query already. A second question mark would become a part of its last value.
        let join = if request_url.contains('?') { '&' } else { '?' };
        let bearer = Secret::new(format!("Bearer {}", request_token.into().expose().trim()));
        let at = |url: &str| {
            let url = Url::new(url).map_err(|_| not_of_a_runner(URL, "is not an absolute http or https URL"))?;
            let url = url.called("the token service of the Actions job").json_field("value");
            url.header("accept", "application/json")?
                .header("authorization", bearer.clone())
                .map_err(|_| not_of_a_runner(TOKEN, "cannot be in a header"))
        };
        let request_url = request_url.trim();
        Ok(Self {
            for_audience: at(&format!("{request_url}{join}audience={{audience}}"))?,
            for_owner: at(request_url)?,
        })
    }

    fn read(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        let text = |name: &'static str| match variable(name).map(OsString::into_string) {
            Some(Ok(value)) if !value.trim().is_empty() => Ok(value),
            Some(Err(_)) => Err(not_of_a_runner(name, "is not UTF-8")),
            _ => Err(missing(name, variable("GITHUB_ACTIONS").is_some_and(|value| value == "true"))),
        };
        Self::new(&text(URL)?, text(TOKEN)?)
    }
}

/// The value itself is not repeated: it may be a secret in the wrong place.
fn not_of_a_runner(name: &str, what: &str) -> Error {
    Error::new(ErrorKind::Configuration, format!("{name} {what}")).with_advice("the runner sets it; leave it as it is")
}

fn missing(name: &str, in_a_job: bool) -> Error {
    let what = match in_a_job {
        true => format!("{name} is not set: this job may not have identity tokens"),
        false => format!("{name} is not set, and neither is GITHUB_ACTIONS: this is no step of an Actions job"),
    };
    let advice = match in_a_job {
        true => PERMISSION.to_owned(),
        false => format!("run it in a job, or use another source. In the job: {PERMISSION}"),
    };
    Error::new(ErrorKind::Identity, what).with_code("missing").with_retry(Retry::Terminal).with_advice(advice)
}

impl TokenSource for GitHubActions {
    async fn token(&self, request: &TokenRequest<'_>) -> Result<Input<IdentityToken>> {
        let asked = match request.wanted_audience() {
            Some(_) => self.for_audience.token(request).await,
            None => self.for_owner.token(request).await,
        };
        asked.map_err(|error| match error.status() {
            Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => error.with_retry(Retry::Terminal).with_advice(
                "the request token is that of another job or of one that is over; else the job lacks `permissions: \
                 id-token: write`",
            ),
            _ => error,
        })
    }
}

/// Neither path nor query nor the request token is shown.
impl fmt::Debug for GitHubActions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GitHubActions({})", self.for_owner.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD_URL: &str = "https://pipelines.test/x/idtoken?api-version=2.0";

    fn read(variables: &[(&str, &str)]) -> Result<GitHubActions> {
        GitHubActions::read(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn what_the_runner_sets_is_taken() {
        let source = read(&[(URL, GOOD_URL), (TOKEN, "hunter2")]).unwrap();
        let shown = format!("{source:?}");
        assert_eq!(shown, "GitHubActions(pipelines.test)");
    }

    #[test]
    fn what_is_missing_is_named_with_the_permission_that_brings_it() {
        for (variables, name) in [
            (vec![], URL),
            (vec![(TOKEN, "hunter2")], URL),
            (vec![(URL, " "), (TOKEN, "hunter2")], URL),
            (vec![(URL, GOOD_URL)], TOKEN),
        ] {
            for in_a_job in [false, true] {
                let mut variables = variables.clone();
                variables.extend(in_a_job.then_some(("GITHUB_ACTIONS", "true")));
                let error = read(&variables).unwrap_err();
                assert_eq!((error.kind(), error.code()), (ErrorKind::Identity, Some("missing")));
                let text = error.to_string();
                assert!(text.contains(name) && text.contains("id-token: write") && text.contains("fork"), "{text}");
                assert_eq!(text.contains("no step of an Actions job"), !in_a_job, "{text}");
                assert!(!error.is_transient());
            }
        }
    }

    #[test]
    fn what_no_runner_sets_is_refused_without_repeating_it() {
        for (url, token) in [
            ("hunter2", "hunter3"),
            ("ftp://pipelines.test/hunter2", "hunter3"),
            ("https://hunter2@pipelines.test/", "hunter3"),
            (GOOD_URL, "hunter3\nx: y"),
        ] {
            let error = read(&[(URL, url), (TOKEN, token)]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.to_string().contains("ACTIONS_ID_TOKEN_REQUEST_"), "{error}");
            assert!(!format!("{error:?}").contains("hunter"), "{error:?}");
        }
    }
}
