//! The server as the benches see it.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use super::Habits;
use super::answers::AWS_PATH;

/// A running server; it ends when the last endpoint is dropped.
#[derive(Clone)]
pub struct Server(Arc<Mutex<Process>>);

struct Process {
    child: Child,
    /// Taken when the server is to end.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// One port of it, with habits and a count of its own.
#[derive(Clone)]
pub struct Endpoint {
    port: u16,
    server: Server,
}

impl Server {
    /// Starts the main program of this package once more, as the server.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start() -> io::Result<Self> {
        let program = std::env::current_exe()?.with_file_name(env!("CARGO_PKG_NAME"));
        let mut child = Command::new(program).arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().ok_or_else(|| io::Error::other("no pipe"))?);
        Ok(Self(Arc::new(Mutex::new(Process { child, input, output }))))
    }

    /// Opens a port.
    ///
    /// # Errors
    /// When the server is gone.
    pub fn open(&self, habits: Habits) -> io::Result<Endpoint> {
        let port = self.ask(&format!("open {} {} {}", habits.first, habits.later, habits.delay))?;
        Ok(Endpoint { port: u16::try_from(port).map_err(io::Error::other)?, server: self.clone() })
    }

    fn ask(&self, line: &str) -> io::Result<u64> {
        let mut process = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let input = process.input.as_mut().ok_or_else(|| io::Error::other("no pipe"))?;
        writeln!(input, "{line}")?;
        input.flush()?;
        let mut answer = String::new();
        process.output.read_line(&mut answer)?;
        answer.trim().parse().map_err(|_| io::Error::other("the server has ended"))
    }
}

impl Endpoint {
    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The same with https, for clients that insist on reading it; nobody answers TLS there.
    pub fn https_url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// Where clients of AWS go.
    pub fn aws_url(&self) -> String {
        format!("{}{AWS_PATH}", self.url())
    }

    /// Requests that have arrived.
    ///
    /// # Errors
    /// When the server is gone.
    pub fn count(&self) -> io::Result<u64> {
        self.server.ask(&format!("count {}", self.port))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
