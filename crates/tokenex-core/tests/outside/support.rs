//! What these tests share.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokenex_core::{
    AnyTransport, Attempt, BoxFuture, Clock, Error, ErrorKind, Result, Secret, Source, TokenRequest, TokenSource,
    Transport,
};

/// Far more than anything here takes: only a hang reaches it.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// A JWT that claims `{"sub":"first"}`, for sources that must hand out the token as it is.
pub(crate) const FIRST: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJmaXJzdCJ9.c2ln";

/// A JWT that claims `{"sub":"other"}`; as long as the first.
pub(crate) const OTHER: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJvdGhlciJ9.c2ln";

/// An attempt for a source that needs no network.
pub(crate) fn offline() -> Attempt {
    Attempt::detached(Clock::system(), AnyTransport::new(NoNetwork), LONG)
}

/// The text that the source hands out as a secret.
pub(crate) async fn secret(source: &impl Source<Secret>, cx: &Attempt) -> Result<String> {
    source.fetch(cx).await.map(|input| input.value().expose().to_owned())
}

/// The token that the source hands out for this audience.
pub(crate) async fn token(source: &impl TokenSource, audience: &str, cx: &Attempt) -> Result<String> {
    let request = TokenRequest::new(cx).audience(audience);
    source.token(&request).await.map(|input| input.value().secret().expose().to_owned())
}

/// Checks that there is no usable text, for the reason with this code, and that the error says what to do.
#[track_caller]
pub(crate) fn assert_unusable<T: std::fmt::Debug>(outcome: Result<T>, code: &str) -> Error {
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Identity, "{error}");
    assert_eq!(error.code(), Some(code), "{error}");
    assert!(error.advice().is_some() || code == "not_a_token", "{error}");
    error
}

struct NoNetwork;

impl Transport for NoNetwork {
    fn send(&self, _: http::Request<Bytes>, _: Duration) -> BoxFuture<'_, Result<http::Response<Bytes>>> {
        Box::pin(async { Err(Error::new(ErrorKind::Other, "this test has no network")) })
    }
}

/// Runs one test of this binary in a process whose environment is changed so, and returns what it printed. Changing the
/// environment of a running process would be unsafe.
pub(crate) fn child(test: &str, environment: &[(&str, Option<&OsStr>)]) -> String {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]);
    for (name, value) in environment {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A directory of its own for one test, under `target/`, removed at the end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("outside-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file, in place.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
