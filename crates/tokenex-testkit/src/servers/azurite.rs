//! A real Azurite: Azure's blob storage as an emulator.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tokio::time::sleep;

use super::{
    ServerError, ports,
    supervisor::{Launch, Supervisor, log_tail},
    tools,
    workspace::ScratchDir,
};
use crate::tls::Certificates;

const READY_WITHIN: Duration = Duration::from_secs(30);
const START_TRIES: usize = 3;

/// The account that each Azurite has.
const ACCOUNT: &str = "devstoreaccount1";

/// A blob storage of one's own: in memory, over https, for bearer tokens.
///
/// It reads issuer, audience and times of a token as Azure does, and **checks
/// no signature**: it proves that a token is shaped for storage and reaches it,
/// and nothing about trust.
///
/// Dropping it stops the server and removes its files; so does the death of this
/// process in any way.
#[derive(Debug)]
pub struct Azurite {
    supervisor: Supervisor,
    probe: reqwest::Client,
    port: u16,
    directory: PathBuf,
    log: PathBuf,
}

impl Azurite {
    /// Starts a server that shows the leaf of these certificates.
    ///
    /// # Errors
    /// If Node or Azurite is missing (the text says how to get it), or if the
    /// server does not come up within 30 seconds; the text then ends with the
    /// server's own log.
    ///
    /// Cancel safe: what was started is stopped again.
    pub async fn start(certificates: &Certificates) -> Result<Self, ServerError> {
        let program = tools::find_azurite()?;
        let node = tools::find_node().await?;
        let mut last = None;
        // Another process may take the port between the search and the start.
        for _ in 0..START_TRIES {
            match Self::start_on(&node, &program, ports::free_pair()?, certificates).await {
                Ok(server) => return Ok(server),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| ServerError::new("Azurite was not tried")))
    }

    /// The server's loopback port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address of the one account, such as
    /// `https://127.0.0.1:20200/devstoreaccount1`. Clients must write the account
    /// into the path: its host name would not resolve.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("https://127.0.0.1:{}/{ACCOUNT}", self.port)
    }

    /// The directory that holds everything the server writes. It goes with the
    /// server.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Ends the process in order (SIGTERM): connections are refused from now on,
    /// and the blobs are gone.
    ///
    /// # Errors
    /// If the supervising process is gone.
    pub async fn stop(&self) -> Result<(), ServerError> {
        self.supervisor.stop("TERM").await
    }

    /// Starts the process again on its port, without a blob.
    ///
    /// # Errors
    /// As [`Azurite::start`].
    pub async fn start_again(&self) -> Result<(), ServerError> {
        self.supervisor.start().await?;
        self.ready().await
    }

    /// Ends the server, removes its files and waits for both.
    ///
    /// # Errors
    /// If the server does not end within 20 seconds.
    pub async fn release(self) -> Result<(), ServerError> {
        self.supervisor.release().await
    }

    async fn start_on(
        node: &Path,
        program: &Path,
        port: u16,
        certificates: &Certificates,
    ) -> Result<Self, ServerError> {
        let scratch = ScratchDir::create("azurite")?;
        let (directory, log) = (scratch.path().to_owned(), scratch.log());
        let launch = launch(node, program, port, &directory, certificates)?;
        let supervisor = Supervisor::spawn(&launch, scratch)?;
        let server = Self { supervisor, probe: probe(certificates)?, port, directory, log };
        server.start_again().await?;
        Ok(server)
    }

    async fn ready(&self) -> Result<(), ServerError> {
        let until = Instant::now() + READY_WITHIN;
        // Any answer will do: without a token it is a refusal.
        while let Err(silence) = self.probe.get(self.endpoint()).send().await {
            if !self.supervisor.is_alive().await || Instant::now() > until {
                return Err(self.not_started(&silence.to_string()));
            }
            sleep(Duration::from_millis(50)).await;
        }
        // Whoever answered must be our own process, not a stranger on its port.
        if self.supervisor.is_alive().await {
            return Ok(());
        }
        Err(self.not_started("somebody else answers there"))
    }

    fn not_started(&self, why: &str) -> ServerError {
        ServerError::new(format!(
            "Azurite did not start on port {}: {why}. Its log ends with:\n{}",
            self.port,
            log_tail(&self.log)
        ))
    }
}

fn launch(
    node: &Path,
    program: &Path,
    port: u16,
    directory: &Path,
    certificates: &Certificates,
) -> Result<Launch, ServerError> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    // The directory is readable by its owner only, and so is the key in it.
    let file = |name: &str, pem: &str| {
        let file = directory.join(name);
        fs::write(&file, pem).map_err(|e| ServerError::io("write a file", &file, &e)).map(|()| text(&file))
    };
    let certificate = file("leaf.pem", certificates.leaf_pem())?;
    let key = file("leaf.key", &certificates.leaf_key_pem())?;
    let command = [
        text(node).as_str(),
        text(program).as_str(),
        "--blobHost=127.0.0.1",
        &format!("--blobPort={port}"),
        "--inMemoryPersistence",
        // Bearer tokens; only over https.
        "--oauth=basic",
        &format!("--cert={certificate}"),
        &format!("--key={key}"),
        // Clients are newer than it; what it does not know it leaves out.
        "--skipApiVersionCheck",
        // Else it calls a server of Microsoft's.
        "--disableTelemetry",
        "--silent",
    ]
    .map(str::to_owned)
    .to_vec();
    Ok(Launch {
        command,
        environment: vec![("HOME".to_owned(), text(directory))],
        // Nothing is kept, so there is nothing to end in order.
        release_signal: "KILL",
    })
}

/// A client that sees whether the server answers.
fn probe(certificates: &Certificates) -> Result<reqwest::Client, ServerError> {
    reqwest::Client::builder()
        .tls_backend_preconfigured((*certificates.client_config()).clone())
        .no_proxy()
        .timeout(Duration::from_secs(5))
        .build()
        .map_err(|e| ServerError::new(format!("cannot make an HTTP client: {e}")))
}
