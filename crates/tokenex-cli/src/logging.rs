//! `--log`: what the library and its dependencies trace, to standard error.

use clap::ValueEnum;
use tracing_subscriber::filter::LevelFilter;

use crate::failure::{Exit, Failure};

/// How much is traced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    /// Nothing.
    Off,
    /// A credential is about to end and cannot be replaced.
    Error,
    /// Something fails.
    Warn,
    /// Each transition.
    Info,
    /// Each attempt.
    Debug,
    /// Everything, that of the dependencies too.
    Trace,
}

impl From<Level> for LevelFilter {
    fn from(level: Level) -> Self {
        match level {
            Level::Off => Self::OFF,
            Level::Error => Self::ERROR,
            Level::Warn => Self::WARN,
            Level::Info => Self::INFO,
            Level::Debug => Self::DEBUG,
            Level::Trace => Self::TRACE,
        }
    }
}

/// Starts it for the whole program. Without a level nothing is installed at all.
pub(crate) fn start(level: Option<Level>) -> Result<(), Failure> {
    let Some(level) = level.filter(|level| *level != Level::Off) else {
        return Ok(());
    };
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::from(level))
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .finish();
    let failed = |_| Failure::new(Exit::Internal, "logging cannot be started");
    tracing::subscriber::set_global_default(subscriber).map_err(failed)?;
    // rustls and others speak to `log`, which is another door to the same place.
    let _ = tracing_log::LogTracer::init();
    Ok(())
}
