//! A program that prints identity tokens, as Google's documents have it.

mod answer;

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use tokenex_core::sources::{Command, File};
use tokenex_core::{
    Attempt, Error, ErrorKind, IdentityToken, Input, Result, Secret, Source, TokenRequest, TokenSource,
};

use crate::errors::bad_option;
use crate::identity;
use answer::Answer;

/// Must be `1`, or no program of a credential file is run: whoever writes the file would run anything.
const ALLOW: &str = "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES";

/// The bounds and the default of `timeout_millis`.
const LIMIT_MIN: Duration = Duration::from_secs(5);
const LIMIT_MAX: Duration = Duration::from_secs(120);
const LIMIT: Duration = Duration::from_secs(30);

/// A program that prints an identity token in the form of
/// [AIP-4117](https://google.aip.dev/auth/4117#determining-the-subject-token-in-executable-sourced-credentials), run anew at
/// each attempt. As a [`TokenSource`] it serves any target; as a `Source<Secret>` it also hands out SAML responses.
///
/// - It is run only while the environment variable `GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES` is `1`.
/// - The command is split at white space and started without a shell: no quoting, no expansion. A program without a slash is
///   looked up in `PATH`.
/// - It gets `GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE`, `_TOKEN_TYPE`, `_INTERACTIVE` (always `0`), and where they are set
///   `_IMPERSONATED_EMAIL` and `_OUTPUT_FILE`, on top of the environment of this process.
/// - Its standard error is discarded. It is killed when it takes longer than its [`limit`](Self::limit) or prints more than
///   64 KiB.
/// - With an [`output_file`](Self::output_file), a token in that file which has not ended is taken instead of a run. Nothing
///   is ever written there by this crate.
///
/// ```
/// use tokenex_gcp::ExecutableSource;
///
/// let source = ExecutableSource::new("/usr/local/bin/print-token --for app")?.audience("//iam.googleapis.com/...");
/// # let _ = source;
/// # Ok::<(), tokenex_core::Error>(())
/// ```
#[derive(Clone)]
pub struct ExecutableSource {
    program: OsString,
    args: Vec<String>,
    limit: Duration,
    audience: String,
    token_type: String,
    email: Option<String>,
    output_file: Option<PathBuf>,
}

impl ExecutableSource {
    /// This command: the program and its arguments, with white space between them.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when it is empty.
    pub fn new(command: &str) -> Result<Self> {
        let mut words = command.split_whitespace();
        let Some(program) = words.next() else {
            return Err(
                bad_option("executable", "the command is empty").with_advice("give the program and its arguments")
            );
        };
        Ok(Self {
            program: program.into(),
            args: words.map(str::to_owned).collect(),
            limit: LIMIT,
            audience: String::new(),
            token_type: "urn:ietf:params:oauth:token-type:jwt".to_owned(),
            email: None,
            output_file: None,
        })
    }

    /// What the program finds in `GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE`: the name of the pool provider. Without it, what the target
    /// wants.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// What the program finds in `GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE`. Default `urn:ietf:params:oauth:token-type:jwt`.
    #[must_use]
    pub fn token_type(mut self, urn: impl Into<String>) -> Self {
        self.token_type = urn.into();
        self
    }

    /// What the program finds in `GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL`.
    #[must_use]
    pub fn impersonated_email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// Where the program keeps its last answer.
    #[must_use]
    pub fn output_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.output_file = Some(path.into());
        self
    }

    /// How long it may take: 5 to 120 seconds, by default 30; never longer than what the attempt has left.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when it is out of these bounds.
    pub fn limit(mut self, limit: Duration) -> Result<Self> {
        if !(LIMIT_MIN..=LIMIT_MAX).contains(&limit) {
            return Err(bad_option("executable", "the time limit of the command is not between 5 and 120 seconds")
                .with_advice("`timeout_millis` is 5000 to 120000"));
        }
        self.limit = limit;
        Ok(self)
    }

    /// The text that the program hands out.
    async fn text(&self, cx: &Attempt, wanted_audience: Option<&str>) -> Result<Secret> {
        check_allowed(env::var_os(ALLOW))?;
        if let Some(kept) = self.kept(cx).await? {
            return Ok(kept);
        }
        let printed: Input<Secret> = self.command(wanted_audience).fetch(cx).await?;
        let answer = Answer::read(printed.value()).map_err(|error| self.blame(error))?;
        answer.usable(cx.clock().wall(), self.output_file.is_some()).map_err(|error| self.blame(error))
    }

    /// What the output file holds, unless it is not there, has ended, or tells of a failure: then it is time for a run.
    async fn kept(&self, cx: &Attempt) -> Result<Option<Secret>> {
        let Some(path) = &self.output_file else { return Ok(None) };
        let text: Input<Secret> = match File::new(path).fetch(cx).await {
            Ok(text) => text,
            Err(error) if matches!(error.code(), Some("missing" | "empty")) => return Ok(None),
            Err(error) => return Err(error),
        };
        let answer = Answer::read(text.value()).map_err(|error| {
            error.with_advice(format!("look at the output file {path:?}, or remove it: then the command is run"))
        })?;
        Ok(answer.usable(cx.clock().wall(), true).ok())
    }

    fn command(&self, wanted_audience: Option<&str>) -> Command {
        let audience = if self.audience.is_empty() { wanted_audience.unwrap_or_default() } else { &self.audience };
        let mut command = Command::new(&self.program)
            .args(&self.args)
            .limit(self.limit)
            .env("GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE", audience)
            .env("GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE", self.token_type.as_str())
            .env("GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE", "0");
        if let Some(email) = &self.email {
            command = command.env("GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL", email.as_str());
        }
        if let Some(path) = self.output_file.as_ref().and_then(|path| path.to_str()) {
            command = command.env("GOOGLE_EXTERNAL_ACCOUNT_OUTPUT_FILE", path);
        }
        command
    }

    fn blame(&self, error: Error) -> Error {
        if error.advice().is_some() {
            return error;
        }
        error.with_advice(format!("run {:?} by hand, as the same user, and see what it prints", self.program))
    }
}

/// # Errors
/// [`ErrorKind::Configuration`] when the variable is not `1`.
fn check_allowed(value: Option<OsString>) -> Result<()> {
    if value.is_some_and(|value| value == "1") {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Configuration, "programs of credential files may not be run by this process")
        .with_code("executables_not_allowed")
        .with_advice(format!("set {ALLOW}=1 for it, if whoever writes the file may run programs here")))
}

impl TokenSource for ExecutableSource {
    async fn token(&self, request: &TokenRequest<'_>) -> Result<Input<IdentityToken>> {
        let token = IdentityToken::new(self.text(request.attempt(), request.wanted_audience()).await?)?;
        Ok(identity::input(token))
    }
}

impl Source<Secret> for ExecutableSource {
    async fn fetch(&self, cx: &Attempt) -> Result<Input<Secret>> {
        Ok(Input::new(self.text(cx, None).await?))
    }
}

/// Arguments are not shown: some people put secrets there against all advice.
impl fmt::Debug for ExecutableSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExecutableSource({:?}, {} arguments)", self.program, self.args.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_words_and_a_limit_has_bounds() {
        let source = ExecutableSource::new("  /bin/token  --user \"a b\" ").unwrap();
        assert_eq!((source.program.to_str(), source.args.len()), (Some("/bin/token"), 3));
        assert!(!format!("{source:?}").contains("--user"));
        assert_eq!(ExecutableSource::new(" ").unwrap_err().code(), Some("executable"));
        for (millis, fits) in [(4999, false), (5000, true), (120_000, true), (120_001, false)] {
            assert_eq!(source.clone().limit(Duration::from_millis(millis)).is_ok(), fits);
        }
    }

    #[test]
    fn only_the_digit_one_allows() {
        check_allowed(Some("1".into())).unwrap();
        for value in [None, Some(""), Some("0"), Some("true"), Some("1 ")] {
            let error = check_allowed(value.map(Into::into)).unwrap_err();
            assert_eq!(error.code(), Some("executables_not_allowed"));
            assert!(error.to_string().contains("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1"));
        }
    }
}
