//! A real PostgreSQL server.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{process::Command, time::sleep};

use super::{
    ServerError, ports, random,
    supervisor::{Launch, Supervisor, log_tail},
    tools,
    workspace::ScratchDir,
};
use crate::canary::whole_run;

mod account;
mod session;

use account::{Account, private_directory};
pub use session::{LoginError, Rows, Session, login};

const SUPERUSER: &str = "postgres";
const DATABASE: &str = "postgres";
const READY_WITHIN: Duration = Duration::from_secs(30);
const START_TRIES: usize = 3;

/// "Fast" shutdown. SIGTERM would wait for every open session, and OpenBao's
/// pool keeps some (PostgreSQL manual, "Shutting Down the Server").
const FAST_SHUTDOWN: &str = "INT";

/// A PostgreSQL server of one's own: fresh data, free loopback port, random
/// superuser password, no durability.
///
/// Dropping it stops the server and removes its data; so does the death of this
/// process in any way.
#[derive(Debug)]
pub struct Postgres {
    supervisor: Supervisor,
    port: u16,
    password: Password,
    directory: PathBuf,
    log: PathBuf,
}

impl Postgres {
    /// Creates a database cluster and starts its server.
    ///
    /// # Errors
    /// If PostgreSQL is not installed, or does not come up within 30 seconds;
    /// the text then ends with the server's own log.
    ///
    /// Cancel safe: what was started is stopped again.
    pub async fn start() -> Result<Self, ServerError> {
        let programs = tools::find_postgres()?;
        let mut last = None;
        // Another process may take the port between the search and the start.
        for _ in 0..START_TRIES {
            match Self::start_on(&programs, ports::free_pair()?).await {
                Ok(server) => return Ok(server),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| ServerError::new("PostgreSQL was not tried")))
    }

    /// The server's loopback port; the same for its whole life.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// The name of the superuser.
    #[must_use]
    pub fn superuser(&self) -> &'static str {
        SUPERUSER
    }

    /// The superuser's password.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password.0
    }

    /// The name of the one database.
    #[must_use]
    pub fn database(&self) -> &'static str {
        DATABASE
    }

    /// The directory that holds everything the server writes. It goes with the
    /// server.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Stops the server and keeps its data. Open sessions are cut.
    ///
    /// # Errors
    /// If the supervising process is gone, or the server had to be killed.
    pub async fn stop(&self) -> Result<(), ServerError> {
        self.supervisor.stop(FAST_SHUTDOWN).await
    }

    /// Starts the stopped server again: same data, same port.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub async fn start_again(&self) -> Result<(), ServerError> {
        self.supervisor.start().await?;
        self.ready().await
    }

    /// Stops the server, removes its data and waits for both.
    ///
    /// # Errors
    /// If the server does not end by its signal.
    pub async fn release(self) -> Result<(), ServerError> {
        self.supervisor.release().await
    }

    /// Logs in as any user and leaves again; see [`login`].
    ///
    /// # Errors
    /// As [`login`].
    pub async fn login(&self, user: &str, password: &str) -> Result<(), LoginError> {
        login(self.address(), DATABASE, user, password).await
    }

    /// Opens a session as any user.
    ///
    /// # Errors
    /// As [`login`].
    pub async fn session(&self, user: &str, password: &str) -> Result<Session, LoginError> {
        Session::open(self.address(), DATABASE, user, password).await
    }

    /// Runs SQL as the superuser, for set-up and for looking behind the scene.
    ///
    /// # Errors
    /// What the server says, or that it does not answer.
    pub async fn query(&self, sql: &str) -> Result<Rows, LoginError> {
        self.session(SUPERUSER, self.password()).await?.query(sql).await
    }

    /// The users that OpenBao or Vault created here and has not dropped yet:
    /// their names start with `v-`.
    ///
    /// # Errors
    /// As [`Postgres::query`].
    pub async fn dynamic_users(&self) -> Result<Vec<String>, LoginError> {
        let rows = self.query("SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%' ORDER BY 1").await?;
        Ok(rows.into_iter().flatten().flatten().collect())
    }

    async fn start_on(programs: &Path, port: u16) -> Result<Self, ServerError> {
        let account = Account::find()?;
        let scratch = ScratchDir::create("postgres")?;
        let data = scratch.path().join("data");
        let (directory, log) = (scratch.path().to_owned(), scratch.log());
        let password = Password(whole_run::secret("password of PostgreSQL", random::hex(16)?));
        private_directory(&data, &account)?;
        initialise(programs, &data, &account, &password).await?;
        let port_argument = port.to_string();
        let command = account.command(
            &programs.join("postgres"),
            &data,
            &[
                "-p",
                &port_argument,
                "-c",
                "listen_addresses=127.0.0.1",
                // A socket's path is limited to about 100 bytes; checkouts lie deeper.
                "-c",
                "unix_socket_directories=",
                // The data does not outlive the test.
                "-c",
                "fsync=off",
                "-c",
                "max_connections=200",
            ],
        );
        let launch =
            Launch { command, environment: vec![("LC_ALL".to_owned(), "C".to_owned())], release_signal: FAST_SHUTDOWN };
        let server = Self { supervisor: Supervisor::spawn(&launch, scratch)?, port, password, directory, log };
        server.start_again().await?;
        Ok(server)
    }

    async fn ready(&self) -> Result<(), ServerError> {
        let until = Instant::now() + READY_WITHIN;
        loop {
            let refusal = match self.login(SUPERUSER, self.password()).await {
                Ok(()) => return Ok(()),
                Err(refusal) => refusal,
            };
            if !self.supervisor.is_alive().await || Instant::now() > until {
                return Err(ServerError::new(format!(
                    "PostgreSQL did not start on port {}: {refusal}. Its log ends with:\n{}",
                    self.port,
                    log_tail(&self.log)
                )));
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Runs `initdb`. It reads the superuser's password from a file, because what
/// stands in arguments can be read by every user of the machine.
async fn initialise(programs: &Path, data: &Path, account: &Account, password: &Password) -> Result<(), ServerError> {
    use std::io::Write as _;
    let password_file = data.with_file_name("password");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&password_file)
        .map_err(|e| ServerError::io("create a file", &password_file, &e))?;
    file.write_all(password.0.as_bytes()).map_err(|e| ServerError::io("write a file", &password_file, &e))?;
    account.own(&password_file)?;
    let input = fs::File::open(&password_file).map_err(|e| ServerError::io("open a file", &password_file, &e))?;

    let command = account.command(
        &programs.join("initdb"),
        data,
        &[
            "--pwfile=/dev/stdin",
            "--username=postgres",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ],
    );
    let output = Command::new(&command[0])
        .args(&command[1..])
        .stdin(Stdio::from(input))
        .env("LC_ALL", "C")
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|e| ServerError::new(format!("cannot run initdb: {e}")));
    fs::remove_file(&password_file).map_err(|e| ServerError::io("remove a file", &password_file, &e))?;
    let output = output?;
    if output.status.success() {
        return Ok(());
    }
    Err(ServerError::new(format!(
        "initdb failed ({}):\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim_end()
    )))
}

/// Keeps the password out of `Debug`.
struct Password(String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(..)")
    }
}
