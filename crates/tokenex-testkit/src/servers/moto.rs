//! A real moto server: AWS as an emulator.

use std::time::{Duration, Instant};

use http::header::{AUTHORIZATION, CONTENT_TYPE};
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

/// The account in which moto has everything.
const ACCOUNT: &str = "123456789012";

/// An AWS of one's own: in memory, over http.
///
/// It speaks the wire of STS, and **takes any identity token for any role**: it
/// proves nothing about trust. After [`check_signatures`](Self::check_signatures)
/// it proves that access keys and session tokens are what it handed out.
///
/// Dropping it stops the server and removes its files; so does the death of this
/// process in any way.
#[derive(Debug)]
pub struct Moto {
    supervisor: Supervisor,
    client: reqwest::Client,
    url: String,
    log: std::path::PathBuf,
}

impl Moto {
    /// Starts a server.
    ///
    /// # Errors
    /// If the foreign clients for Python are not fetched (the text says how), or
    /// if the server does not come up within 30 seconds; the text then ends with
    /// the server's own log.
    ///
    /// Cancel safe: what was started is stopped again.
    pub async fn start() -> Result<Self, ServerError> {
        let mut last = None;
        // Another process may take the port between the search and the start.
        for _ in 0..START_TRIES {
            match Self::start_on(ports::free_pair()?).await {
                Ok(server) => return Ok(server),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| ServerError::new("moto was not tried")))
    }

    /// The endpoint of all services, without a final slash.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Makes a role that may do nothing, and that anybody may assume. Returns its
    /// ARN. To be called before the signatures are checked.
    ///
    /// # Errors
    /// If the server does not answer or refuses.
    pub async fn role(&self, name: &str) -> Result<String, ServerError> {
        let body = format!("Action=CreateRole&Version=2010-05-08&RoleName={name}&AssumeRolePolicyDocument=%7B%7D");
        // Not a signature: the name of the service in it is how the server tells
        // its services apart.
        let service =
            "AWS4-HMAC-SHA256 Credential=none/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=00";
        let request = self.client.post(&self.url).header(AUTHORIZATION, service);
        self.send(request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)).await?;
        Ok(format!("arn:aws:iam::{ACCOUNT}:role/{name}"))
    }

    /// From now on each call must be signed with keys that this server handed
    /// out, and what a role does must be allowed to it. Calls without a signature,
    /// those with an identity token among them, fail from now on.
    ///
    /// # Errors
    /// If the server does not answer or refuses.
    pub async fn check_signatures(&self) -> Result<(), ServerError> {
        let request = self.client.post(format!("{}/moto-api/reset-auth", self.url));
        // How many calls go unchecked. As a form it would not be read.
        self.send(request.header(CONTENT_TYPE, "text/plain").body("0")).await
    }

    /// Ends the server, removes its files and waits for both.
    ///
    /// # Errors
    /// If the server does not end within 20 seconds.
    pub async fn release(self) -> Result<(), ServerError> {
        self.supervisor.release().await
    }

    async fn start_on(port: u16) -> Result<Self, ServerError> {
        let python = tools::find_python_clients()?;
        let scratch = ScratchDir::create("moto")?;
        let log = scratch.log();
        let python = python.to_string_lossy();
        let home = scratch.path().to_string_lossy().into_owned();
        let launch = Launch {
            // Isolated: nothing of the user's own, nothing from the working directory.
            command: [&python, "-I", "-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]
                .map(str::to_owned)
                .to_vec(),
            environment: vec![("HOME".to_owned(), home)],
            // Nothing is kept, so there is nothing to end in order.
            release_signal: "KILL",
        };
        let supervisor = Supervisor::spawn(&launch, scratch)?;
        let server = Self { supervisor, client: client()?, url: format!("http://127.0.0.1:{port}"), log };
        server.supervisor.start().await?;
        server.ready().await?;
        Ok(server)
    }

    async fn ready(&self) -> Result<(), ServerError> {
        let until = Instant::now() + READY_WITHIN;
        while let Err(silence) = self.send(self.client.get(format!("{}/moto-api/", self.url))).await {
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

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<(), ServerError> {
        let answer = request.send().await.and_then(reqwest::Response::error_for_status);
        answer.map(drop).map_err(|e| ServerError::new(format!("moto at {} does not do as it is told: {e}", self.url)))
    }

    fn not_started(&self, why: &str) -> ServerError {
        let tail = log_tail(&self.log);
        ServerError::new(format!("moto did not start at {}: {why}. Its log ends with:\n{tail}", self.url))
    }
}

fn client() -> Result<reqwest::Client, ServerError> {
    reqwest::Client::builder()
        // It speaks http only, but a client needs some trust to be built at all.
        .tls_backend_preconfigured((*Certificates::for_loopback().client_config()).clone())
        .no_proxy()
        .timeout(Duration::from_secs(10))
        .build()
        .map_err(|e| ServerError::new(format!("cannot make an HTTP client: {e}")))
}
