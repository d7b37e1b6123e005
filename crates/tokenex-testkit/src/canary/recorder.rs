//! Records what `tracing` and `log` get to hear.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, Once};

use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

use super::whole_run::RunLog;
use super::{AlreadyRecorded, lock};

/// Recording on this thread goes on until this is dropped.
pub struct Recording {
    _guard: DefaultGuard,
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recording")
    }
}

/// The recorded text. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&lock(&self.0)).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&self.0).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

pub(super) fn record_thread(log: &Log) -> Recording {
    hear_the_log_crate();
    let guard = tracing::subscriber::set_default(subscriber(log.clone()));
    begin();
    Recording { _guard: guard }
}

pub(super) fn record_process(log: &Log) -> Result<(), AlreadyRecorded> {
    hear_the_log_crate();
    tracing::subscriber::set_global_default(subscriber(log.clone())).map_err(|_| AlreadyRecorded)?;
    begin();
    Ok(())
}

/// As [`record_process`], for the run that this process is a part of.
pub(super) fn record_run(log: RunLog) -> Result<(), AlreadyRecorded> {
    hear_the_log_crate();
    tracing::subscriber::set_global_default(subscriber(log)).map_err(|_| AlreadyRecorded)?;
    begin();
    Ok(())
}

fn subscriber<W>(log: W) -> impl tracing::Subscriber + Send + Sync + 'static
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        // A span without an event shows its fields when it begins, those recorded later when it ends.
        .with_span_events(FmtSpan::NEW | FmtSpan::CLOSE)
        .with_writer(log)
        .finish()
}

/// Crates that use `log` in place of `tracing` are heard too. Where the program has a logger of its own, that one
/// stays and hears them.
fn hear_the_log_crate() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(tracing_log::LogTracer::init()));
}

/// Proves that recording works: a log is never empty, so an empty one is a recording that failed.
fn begin() {
    tracing::trace!("recording begins");
}
