//! `tokenex doctor`: says where trust breaks, and what would repair it.

use std::process::ExitCode;
use std::time::Duration;

use crate::args::{Doctor, DoctorFormat, Global};
use crate::config::{self, Config};
use crate::doctor::{Report, Walk, Writer};
use crate::exec::signals::Signals;
use crate::failure::{Exit, Failure};
use crate::{output, runtime};

/// How long targets have to take revocations.
const WITHIN: Duration = Duration::from_secs(8);

/// Walks the credentials and withdraws what that made. The worst finding is the exit code.
///
/// # Errors
/// A file that cannot be used, or an unknown name.
pub(crate) fn run(global: &Global, command: &Doctor) -> Result<ExitCode, Failure> {
    let config = config::load(global.config.as_deref())?;
    let asked = config.names(&command.names)?;
    runtime::start()?.block_on(doctor(&config, &asked, command.format))
}

async fn doctor(config: &Config, asked: &[&str], format: DoctorFormat) -> Result<ExitCode, Failure> {
    let mut signals = Signals::start()?;
    let mut walk = Walk::new(config).await?;
    let writer = (format == DoctorFormat::Text).then(Writer::for_stdout);
    let mut report = Report { credentials: Vec::new(), withdrawal: None };
    let interrupted = tokio::select! {
        walked = go(&mut walk, asked, writer.as_ref(), &mut report) => walked.map(|()| None),
        signal = signals.end() => Ok(Some(signal)),
    };
    report.withdrawal = tokio::select! {
        withdrawn = walk.close(WITHIN) => Some(withdrawn),
        _ = signals.end() => None,
    };
    let _ = output::data(&match writer {
        Some(writer) => writer.end(&report),
        None => json(&report)?,
    })?;
    Ok(match (interrupted?, report.exit()) {
        (Some(signal), _) => ExitCode::from(signal.exit_code()),
        (None, Some(exit)) => exit.into(),
        (None, None) => ExitCode::SUCCESS,
    })
}

fn json(report: &Report) -> Result<String, Failure> {
    let written = serde_json::to_string_pretty(report);
    let written =
        written.map_err(|why| Failure::new(Exit::Internal, format!("the report cannot be written: {why}")))?;
    Ok(format!("{written}\n"))
}

/// People see each credential as it is walked.
async fn go<'a>(
    walk: &mut Walk<'a>,
    asked: &[&'a str],
    writer: Option<&Writer>,
    report: &mut Report,
) -> Result<(), Failure> {
    for spec in walk.order(asked) {
        let examined = walk.examine(spec, asked.contains(&spec.name.as_str())).await;
        if let Some(writer) = writer {
            let _ = output::data(&writer.credential(&examined))?;
        }
        report.credentials.push(examined);
    }
    Ok(())
}
