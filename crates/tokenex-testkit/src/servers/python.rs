//! Foreign clients for Python, unmodified.

use std::{ffi::OsString, fmt, fs, io, path::PathBuf, process::Stdio, time::Duration};

use tokio::{io::AsyncWriteExt, process::Command, time::timeout};

use super::{ServerError, tools, workspace::ScratchDir};

/// The names under which clients look for the CA that they trust. A clean
/// environment sets them all: one of the surroundings would win over what a
/// script says.
const CA_VARIABLES: [&str; 4] = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE"];

/// A script that uses other people's clients as their documentation says.
///
/// It runs in an environment of its own: no variable and no configuration of the
/// surroundings reaches it, so no proxy, no certificate and no account of the
/// person who runs the test. What it needs comes as [input](Self::input), not in
/// arguments, because those can be read by every user of the machine.
///
/// ```no_run
/// # use tokenex_testkit::servers::PythonScript;
/// # async fn run(ca_pem: &str, question: String) -> Result<(), Box<dyn std::error::Error>> {
/// let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/msal/client_assertion.py");
/// let end = PythonScript::new(script)?.trust(ca_pem).input(question).run().await?;
/// assert!(end.succeeded(), "{}", end.stderr());
/// # Ok(())
/// # }
/// ```
pub struct PythonScript {
    python: PathBuf,
    script: PathBuf,
    variables: Vec<(OsString, OsString)>,
    ca_pem: String,
    input: String,
    within: Duration,
}

impl PythonScript {
    /// The script at this path, with a minute to end.
    ///
    /// # Errors
    /// If the clients are not fetched; the text says how.
    pub fn new(script: impl Into<PathBuf>) -> Result<Self, ServerError> {
        Ok(Self {
            python: tools::find_python_clients()?,
            script: script.into(),
            variables: Vec::new(),
            ca_pem: String::new(),
            input: String::new(),
            within: Duration::from_secs(60),
        })
    }

    /// The certificate authority to trust, PEM. Without one, no server is
    /// trusted.
    #[must_use]
    pub fn trust(mut self, ca_pem: &str) -> Self {
        ca_pem.clone_into(&mut self.ca_pem);
        self
    }

    /// A variable of its environment, such as the address of a metadata service.
    #[must_use]
    pub fn variable(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// What it reads on standard input.
    #[must_use]
    pub fn input(mut self, input: impl Into<String>) -> Self {
        self.input = input.into();
        self
    }

    /// How long it may run.
    #[must_use]
    pub fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }

    /// Runs it to its end. That it fails is an answer too, see
    /// [`ScriptEnd::succeeded`].
    ///
    /// # Errors
    /// If it cannot be started, or has not ended in time; it is killed then.
    ///
    /// Cancel safe: the process is killed.
    pub async fn run(self) -> Result<ScriptEnd, ServerError> {
        let scratch = ScratchDir::create("python")?;
        let ca = scratch.path().join("ca.pem");
        fs::write(&ca, &self.ca_pem).map_err(|e| ServerError::io("write a file", &ca, &e))?;
        let mut command = Command::new(&self.python);
        command
            // Isolated: nothing of the user's own, nothing from the working directory.
            // And nothing of its own beside the script: compiled modules.
            .args(["-I", "-B", "-X", "utf8"])
            .arg(&self.script)
            .current_dir(scratch.path())
            .env_clear()
            .env("HOME", scratch.path())
            .envs(CA_VARIABLES.map(|name| (name, &ca)))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        match timeout(self.within, converse(command, &self.input)).await {
            Ok(Ok(end)) => Ok(end),
            Ok(Err(e)) => Err(ServerError::io("run Python", &self.python, &e)),
            Err(_) => Err(ServerError::new(format!("{} did not end within {:?}", self.script.display(), self.within))),
        }
    }
}

impl fmt::Debug for PythonScript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PythonScript").field(&self.script).finish_non_exhaustive()
    }
}

/// How a [`PythonScript`] ended.
pub struct ScriptEnd {
    succeeded: bool,
    stdout: String,
    stderr: String,
}

impl ScriptEnd {
    /// Whether its exit status is zero.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.succeeded
    }

    /// What it printed, which may hold a token.
    #[must_use]
    pub fn stdout(&self) -> &str {
        &self.stdout
    }

    /// What it said on standard error.
    #[must_use]
    pub fn stderr(&self) -> &str {
        &self.stderr
    }
}

/// Without what it printed.
impl fmt::Debug for ScriptEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptEnd").field("succeeded", &self.succeeded).finish_non_exhaustive()
    }
}

async fn converse(mut command: Command, input: &str) -> io::Result<ScriptEnd> {
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        match stdin.write_all(input.as_bytes()).await {
            // It did not want to hear all: its own end says why.
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => {}
            outcome => outcome?,
        }
    }
    let output = child.wait_with_output().await?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(ScriptEnd { succeeded: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) })
}
