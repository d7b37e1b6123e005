//! The identity token of a job in GitLab CI.

use std::borrow::Cow;
use std::time::SystemTime;

use zeroize::Zeroizing;

use super::env_var::EnvVar;
use super::text::{TextSource, secret, token};
use crate::identity::EXPIRY_LEEWAY;
use crate::{Attempt, Error, ErrorKind, IdentityToken, Input, Result, Retry, TokenRequest, TokenSource};

/// The identity token that GitLab put into a variable of this job, as the keyword `id_tokens` says:
///
/// ```yaml
/// deploy:
///   id_tokens:
///     VAULT_TOKEN:
///       aud: https://vault.example
/// ```
///
/// There is one token per variable and job, made before the job starts, and no way to get another one. It ends with the
/// job's time limit, or after five minutes where GitLab knows of no limit. Its audience is what `aud` says: a job that goes
/// to several targets needs a variable for each. A target that takes a token only once takes this one once.
///
/// The rules are in [GitLab's documentation of ID
/// tokens](https://docs.gitlab.com/ci/secrets/id_token_authentication/). The older `CI_JOB_JWT` variables are gone since
/// GitLab 17.0.
///
/// ```
/// use tokenex_core::sources::GitLab;
///
/// let source = GitLab::new("VAULT_TOKEN");
/// # let _ = source;
/// ```
#[derive(Debug, Clone)]
pub struct GitLab {
    variable: EnvVar,
}

impl GitLab {
    /// The variable of this name under `id_tokens`.
    pub fn new(variable: impl Into<String>) -> Self {
        Self { variable: EnvVar::new(variable) }
    }
}

impl TextSource for GitLab {
    fn place(&self) -> String {
        self.variable.place()
    }

    fn remedy(&self) -> Cow<'static, str> {
        let name = self.variable.name();
        Cow::Owned(format!(
            "add `id_tokens: {{ {name}: {{ aud: \"...\" }} }}` to the job in .gitlab-ci.yml, with the audience that the target \
             takes; what the job starts elsewhere (docker run, ssh) must be handed the variable"
        ))
    }

    async fn raw(&self, audience: Option<&str>, cx: &Attempt) -> Result<Zeroizing<Vec<u8>>> {
        self.variable.raw(audience, cx).await
    }
}

impl TokenSource for GitLab {
    async fn token(&self, request: &TokenRequest<'_>) -> Result<Input<IdentityToken>> {
        let cx = request.attempt();
        let text = secret(self, None, cx).await.map_err(|error| error.with_advice(self.remedy()))?;
        let input = token(text, || self.place())?;
        refuse_ended(input.value(), cx.clock().wall())?;
        Ok(input)
    }
}

/// Trying again would find the same token, so this says what decides over its life.
fn refuse_ended(token: &IdentityToken, now: SystemTime) -> Result<()> {
    let Some(ago) = token.claims().expired_for(now).filter(|ago| *ago > EXPIRY_LEEWAY) else { return Ok(()) };
    let what =
        format!("the identity token of this GitLab job ended {} s ago, and a job gets no second one", ago.as_secs());
    Err(Error::new(ErrorKind::Identity, what)
        .with_code("expired")
        .with_retry(Retry::Terminal)
        .with_presented(token.claims())
        .with_advice(
            "it lives as long as the job may run: set `timeout:` on the job (else the project's or the runner's counts, and \
             without any it is five minutes), or do the exchange in a job of its own that starts later",
        ))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    /// `{"iss":"https://gitlab.test","exp":1800000000}`
    const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2dpdGxhYi50ZXN0IiwiZXhwIjoxODAwMDAwMDAwfQ.c2ln";
    const END: u64 = 1_800_000_000;

    #[test]
    fn a_token_is_refused_beyond_the_leeway_that_all_tokens_have() {
        let token = IdentityToken::new(TOKEN).unwrap();
        let at = |seconds| refuse_ended(&token, UNIX_EPOCH + Duration::from_secs(seconds));
        for good in [END - 3600, END, END + 300] {
            at(good).unwrap();
        }
        let error = at(END + 301).unwrap_err();
        assert_eq!((error.kind(), error.code(), error.is_transient()), (ErrorKind::Identity, Some("expired"), false));
        let text = error.to_string();
        assert!(text.contains("301 s ago") && text.contains("`timeout:`") && text.contains("five minutes"), "{text}");
        assert_eq!(error.presented().unwrap().issuer, "https://gitlab.test");
    }
}
