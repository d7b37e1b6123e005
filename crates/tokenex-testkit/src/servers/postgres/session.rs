use std::{fmt, net::SocketAddr, time::Duration};

use tokio::{task::JoinHandle, time::timeout};
use tokio_postgres::{Config, NoTls, SimpleQueryMessage, config::SslMode};

use crate::canary::whole_run;

/// A dead or stopped server must not hold up a test.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const QUERY_WITHIN: Duration = Duration::from_secs(10);

/// The rows of an answer; each value as text, `None` for SQL's null.
pub type Rows = Vec<Vec<Option<String>>>;

/// Logs in to PostgreSQL at `address`, asks `SELECT 1` and leaves again.
///
/// # Errors
/// [`LoginError::Refused`] if the server answered and did not let the user in,
/// [`LoginError::Unreachable`] if there was no answer.
pub async fn login(address: SocketAddr, database: &str, user: &str, password: &str) -> Result<(), LoginError> {
    let session = Session::open(address, database, user, password).await?;
    session.query("SELECT 1").await.map(drop)
}

/// An open connection, for tests that ask what happens to a session whose user
/// is dropped.
///
/// Dropping it closes the connection. Plain TCP: the server is on loopback.
pub struct Session {
    client: tokio_postgres::Client,
    connection: JoinHandle<()>,
}

impl Session {
    /// Logs in.
    ///
    /// # Errors
    /// As [`login`].
    pub async fn open(address: SocketAddr, database: &str, user: &str, password: &str) -> Result<Self, LoginError> {
        let mut config = Config::new();
        config
            .host(address.ip().to_string())
            .port(address.port())
            .dbname(database)
            .user(user)
            .password(password)
            .ssl_mode(SslMode::Disable);
        let (client, connection) = timeout(CONNECT_WITHIN, config.connect(NoTls))
            .await
            .map_err(|_| LoginError::Unreachable("no answer within 5 s".to_owned()))?
            .map_err(|e| LoginError::from(&e))?;
        // It works, whoever made it.
        whole_run::secret("password of a login", password);
        let connection = tokio::spawn(async move {
            // Its error also reaches whoever asks next through the client.
            drop(connection.await);
        });
        Ok(Self { client, connection })
    }

    /// Runs one or more SQL statements and returns all rows.
    ///
    /// # Errors
    /// [`LoginError::Refused`] with PostgreSQL's own code for any error that the
    /// server tells, for example `42501` when a privilege is missing.
    pub async fn query(&self, sql: &str) -> Result<Rows, LoginError> {
        let messages = timeout(QUERY_WITHIN, self.client.simple_query(sql))
            .await
            .map_err(|_| LoginError::Unreachable("no answer within 10 s".to_owned()))?
            .map_err(|e| LoginError::from(&e))?;
        Ok(messages
            .iter()
            .filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => Some(row),
                _ => None,
            })
            .map(|row| (0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect())
            .collect())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

/// What PostgreSQL did with a login or a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginError {
    /// The server answered with an error.
    Refused {
        /// The five characters of the SQLSTATE: `28P01` for a wrong password or
        /// an unknown user, `28000` for a user past its `VALID UNTIL`... See
        /// appendix A of the PostgreSQL manual.
        code: String,
        /// The server's own words.
        message: String,
    },
    /// Nobody answered: the server is down, cut off or stopped.
    Unreachable(String),
}

impl LoginError {
    /// Whether the server itself said no, as opposed to not being there.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }
}

impl From<&tokio_postgres::Error> for LoginError {
    fn from(error: &tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(said) => Self::Refused { code: said.code().code().to_owned(), message: said.message().to_owned() },
            None => Self::Unreachable(error.to_string()),
        }
    }
}

impl fmt::Display for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { code, message } => {
                write!(f, "PostgreSQL refused ({code}): {message}")
            }
            Self::Unreachable(why) => write!(f, "PostgreSQL cannot be reached: {why}"),
        }
    }
}

impl std::error::Error for LoginError {}
