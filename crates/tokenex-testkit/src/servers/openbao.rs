//! A real OpenBao server.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::time::sleep;

use super::{
    ServerError, ports, random,
    supervisor::{Launch, Supervisor, log_tail},
    tools,
    workspace::ScratchDir,
};
use crate::canary::whole_run;

mod admin;
mod audit;
mod database;
mod jwt;

pub use admin::Admin;
pub use audit::AuditedRequest;
pub use database::{DatabaseConnection, DynamicRole, StaticRole};
pub use jwt::{JwtRole, JwtTrust};

const READY_WITHIN: Duration = Duration::from_secs(30);
const START_TRIES: usize = 3;
const UNSEAL_KEY: &str = "Unseal Key: ";

/// How the server listens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Plain http on loopback.
    #[default]
    Http,
    /// https with a throw-away authority of its own, see
    /// [`OpenBao::ca_pem`]; the names are `localhost` and `127.0.0.1`.
    Https,
}

/// An OpenBao development server of one's own: in memory, unsealed, with a KV
/// version 2 engine at `secret/`, a random root token and an audit log.
///
/// Dropping it stops the server and removes its files; so does the death of this
/// process in any way.
#[derive(Debug)]
pub struct OpenBao {
    supervisor: Supervisor,
    admin: Admin,
    port: u16,
    ca_pem: Option<String>,
    unseal_key: UnsealKey,
    directory: PathBuf,
    audit_log: PathBuf,
}

impl OpenBao {
    /// Starts a server that speaks plain http.
    ///
    /// # Errors
    /// If OpenBao is neither fetched nor named (the text says how to get it), or
    /// if it does not come up within 30 seconds; the text then ends with the
    /// server's own log.
    ///
    /// Cancel safe: what was started is stopped again.
    pub async fn start() -> Result<Self, ServerError> {
        Self::start_with(Scheme::Http).await
    }

    /// Starts a server that speaks the given scheme.
    ///
    /// # Errors
    /// As [`OpenBao::start`].
    pub async fn start_with(scheme: Scheme) -> Result<Self, ServerError> {
        let program = tools::find_openbao()?;
        let mut last = None;
        // Another process may take the port between the search and the start.
        for _ in 0..START_TRIES {
            match Self::start_on(&program, ports::free_pair()?, scheme).await {
                Ok(server) => return Ok(server),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| ServerError::new("OpenBao was not tried")))
    }

    /// The server's loopback port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server's address, such as `http://127.0.0.1:20200`.
    #[must_use]
    pub fn address(&self) -> &str {
        self.admin.address()
    }

    /// The root token.
    #[must_use]
    pub fn root_token(&self) -> &str {
        self.admin.token()
    }

    /// The certificate authority of an https server, as PEM.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// A client that may do anything, for set-up and for looking behind the
    /// scene.
    #[must_use]
    pub fn admin(&self) -> &Admin {
        &self.admin
    }

    /// The directory that holds everything the server writes. It goes with the
    /// server.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Seals the server: it answers 503 until [`OpenBao::unseal`].
    ///
    /// # Errors
    /// If the server does not answer.
    pub async fn seal(&self) -> Result<(), ServerError> {
        self.admin.write("sys/seal", &json!({})).await.map(drop)
    }

    /// Unseals the server and waits until it is active. Tokens and leases live
    /// on; what ran out meanwhile is gone.
    ///
    /// # Errors
    /// If the server does not answer, or is not active within 30 seconds.
    pub async fn unseal(&self) -> Result<(), ServerError> {
        let body = json!({"key": self.unseal_key.0});
        self.admin.write("sys/unseal", &body).await?;
        let until = Instant::now() + READY_WITHIN;
        while !self.admin.is_healthy().await {
            if Instant::now() > until {
                return Err(ServerError::new("OpenBao is not active 30 s after unseal"));
            }
            sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// Stops the process in its tracks (SIGSTOP): connections are still
    /// accepted by the kernel, and nobody answers. It returns when (on Linux)
    /// each thread stands still.
    ///
    /// # Errors
    /// If the server is not running.
    pub async fn pause(&self) -> Result<(), ServerError> {
        self.supervisor.pause().await
    }

    /// Lets a paused server go on (SIGCONT).
    ///
    /// # Errors
    /// If the server is not running.
    pub async fn resume(&self) -> Result<(), ServerError> {
        self.supervisor.resume().await
    }

    /// Ends the process in order (SIGTERM): connections are refused from now
    /// on. A development server keeps everything in memory and cannot come back.
    ///
    /// # Errors
    /// If the supervising process is gone, or the server had to be killed.
    pub async fn stop(&self) -> Result<(), ServerError> {
        self.supervisor.stop("TERM").await
    }

    /// Ends the server, removes its files and waits for both.
    ///
    /// # Errors
    /// If the server does not end by its signal.
    pub async fn release(self) -> Result<(), ServerError> {
        self.supervisor.release().await
    }

    /// Every request that reached the server so far, refused ones included, in
    /// order. A request is in the log before its answer leaves the server.
    ///
    /// # Errors
    /// If the audit log cannot be read.
    pub fn requests(&self) -> Result<Vec<AuditedRequest>, ServerError> {
        audit::read(&self.audit_log)
    }

    /// How many of the [requests](OpenBao::requests) fit.
    ///
    /// # Errors
    /// As [`OpenBao::requests`].
    pub fn count_requests(&self, fits: impl Fn(&AuditedRequest) -> bool) -> Result<usize, ServerError> {
        Ok(self.requests()?.iter().filter(|r| fits(r)).count())
    }

    /// The accessors of the tokens that live now, apart from the root token.
    /// Batch tokens have none and are not counted.
    ///
    /// # Errors
    /// If the server does not answer.
    pub async fn live_token_accessors(&self) -> Result<Vec<String>, ServerError> {
        self.admin.live_token_accessors().await
    }

    async fn start_on(program: &Path, port: u16, scheme: Scheme) -> Result<Self, ServerError> {
        let scratch = ScratchDir::create("openbao")?;
        let (directory, log) = (scratch.path().to_owned(), scratch.log());
        let audit_log = directory.join("audit.jsonl");
        let root_token = whole_run::secret("root token", random::hex(16)?);
        let launch = launch(program, port, scheme, &directory, &audit_log, &root_token)?;
        let supervisor = Supervisor::spawn(&launch, scratch)?;
        supervisor.start().await?;

        let unseal_key = announced_unseal_key(&supervisor, &log, port).await?;
        whole_run::secret("unseal key", &unseal_key.0);
        let (address, ca_pem) = match scheme {
            Scheme::Http => (format!("http://127.0.0.1:{port}"), None),
            Scheme::Https => {
                let path = directory.join("vault-ca.pem");
                let pem =
                    fs::read_to_string(&path).map_err(|e| ServerError::io("read the server's authority", &path, &e))?;
                (format!("https://127.0.0.1:{port}"), Some(pem))
            }
        };
        let admin = Admin::new(address, root_token, ca_pem.as_deref())?;
        let server = Self { supervisor, admin, port, ca_pem, unseal_key, directory, audit_log };
        server.ready(&log).await?;
        Ok(server)
    }

    async fn ready(&self, log: &Path) -> Result<(), ServerError> {
        let until = Instant::now() + READY_WITHIN;
        while !self.admin.is_healthy().await {
            still_starting(&self.supervisor, until, log, self.port).await?;
        }
        // Whoever answered must be our own process, not a stranger on its port.
        if self.supervisor.is_alive().await {
            return Ok(());
        }
        Err(not_started(log, self.port))
    }
}

fn launch(
    program: &Path,
    port: u16,
    scheme: Scheme,
    directory: &Path,
    audit_log: &Path,
    root_token: &str,
) -> Result<Launch, ServerError> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let config = directory.join("server.hcl");
    // Audit devices can only be declared here: the API to enable one is closed.
    fs::write(
        &config,
        format!("audit \"file\" \"requests\" {{\n  options {{\n    file_path = {}\n  }}\n}}\n", json!(text(audit_log))),
    )
    .map_err(|e| ServerError::io("write a file", &config, &e))?;
    let mut command = vec![
        text(program),
        "server".to_owned(),
        "-dev".to_owned(),
        // Else it writes the root token into the home directory.
        "-dev-no-store-token".to_owned(),
        format!("-dev-listen-address=127.0.0.1:{port}"),
        format!("-config={}", text(&config)),
    ];
    if scheme == Scheme::Https {
        command.push("-dev-tls".to_owned());
        command.push(format!("-dev-tls-cert-dir={}", text(directory)));
    }
    Ok(Launch {
        command,
        environment: vec![
            // Not an argument: every user of the machine can read those. HashiCorp's
            // program reads the second name.
            ("BAO_DEV_ROOT_TOKEN_ID".to_owned(), root_token.to_owned()),
            ("VAULT_DEV_ROOT_TOKEN_ID".to_owned(), root_token.to_owned()),
            ("HOME".to_owned(), text(directory)),
        ],
        // Nothing is kept, so there is nothing to end in order.
        release_signal: "KILL",
    })
}

/// The key stands only in what a development server prints at its start.
async fn announced_unseal_key(supervisor: &Supervisor, log: &Path, port: u16) -> Result<UnsealKey, ServerError> {
    let until = Instant::now() + READY_WITHIN;
    loop {
        let text = fs::read_to_string(log).unwrap_or_default();
        let key = text
            .split_inclusive('\n')
            // Only a whole line: the server may be in the middle of writing it.
            .filter(|line| line.ends_with('\n'))
            .find_map(|line| line.strip_prefix(UNSEAL_KEY));
        if let Some(key) = key {
            return Ok(UnsealKey(key.trim().to_owned()));
        }
        still_starting(supervisor, until, log, port).await?;
    }
}

async fn still_starting(supervisor: &Supervisor, until: Instant, log: &Path, port: u16) -> Result<(), ServerError> {
    if !supervisor.is_alive().await || Instant::now() > until {
        return Err(not_started(log, port));
    }
    sleep(Duration::from_millis(20)).await;
    Ok(())
}

fn not_started(log: &Path, port: u16) -> ServerError {
    ServerError::new(format!("OpenBao did not start on port {port}. Its log ends with:\n{}", log_tail(log)))
}

/// Keeps the key out of `Debug`.
struct UnsealKey(String);

impl std::fmt::Debug for UnsealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UnsealKey(..)")
    }
}
