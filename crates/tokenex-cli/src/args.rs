//! What may be on the command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::duration;
use crate::exec::wanted::{File, OnRefresh, Variable};
use crate::failure::Failure;
use crate::listen::Listening;
use crate::logging::Level;

/// One identity token in, any short-lived credential out, always fresh.
#[derive(Debug, Parser)]
#[command(name = "tokenex", version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Taken before and after the command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The file with identities and credentials [default: $TOKENEX_CONFIG, then ./tokenex.toml]
    #[arg(short, long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Trace to standard error
    #[arg(long, global = true, value_name = "LEVEL")]
    pub(crate) log: Option<Level>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Get(Get),
    Watch(Watch),
    Exec(Exec),
    Inspect(Inspect),
    Check(Check),
    Doctor(Doctor),
    #[cfg(feature = "demo")]
    Demo(Demo),
    Completions(Completions),
    Man(Man),
}

/// Print one credential
#[derive(Debug, Args)]
pub(crate) struct Get {
    /// The credential's name in the file
    pub(crate) name: String,
    /// The form in which it is printed
    #[arg(long, value_enum, default_value_t = Format::Json)]
    pub(crate) format: Format,
    /// One field only, with --format value
    #[arg(long)]
    pub(crate) field: Option<String>,
    /// Ask for a credential that is valid for at least so long
    #[arg(long, value_name = "DURATION", value_parser = duration::parse_some)]
    pub(crate) min_valid: Option<Duration>,
}

/// The forms of `get`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A line of JSON, as `watch --format jsonl --reveal` prints it
    Json,
    /// The bare value of one field
    Value,
    /// Assignments for a shell
    Env,
    /// For `credential_process` in an AWS profile
    CredentialProcess,
    /// For `exec` in a kubeconfig
    ExecCredential,
    /// For an executable-sourced credential of Google Cloud
    GoogleExecutable,
}

/// Keep credentials fresh, and print each event
#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// Names of credentials; all of the file if none
    pub(crate) names: Vec<String>,
    /// A table that is drawn anew, or an object a line
    #[arg(long, value_enum, default_value_t = WatchFormat::Table)]
    pub(crate) format: WatchFormat,
    /// End by itself after so long
    #[arg(long = "for", value_name = "DURATION", value_parser = duration::parse_some)]
    pub(crate) duration: Option<Duration>,
    /// Print the credentials themselves too
    #[arg(long)]
    pub(crate) reveal: bool,
    #[command(flatten)]
    pub(crate) listening: Listening,
}

/// The forms of `watch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WatchFormat {
    /// For people
    Table,
    /// For programs
    Jsonl,
}

/// Run a command with credentials in its environment or in files
#[derive(Debug, Args)]
pub(crate) struct Exec {
    /// A variable of the command's environment
    #[arg(long, value_name = "VAR=NAME.FIELD")]
    pub(crate) env: Vec<Variable>,
    /// A file (mode 0600), kept up to date, and removed at the end
    #[arg(long, value_name = "PATH=NAME.FIELD")]
    pub(crate) file: Vec<File>,
    /// What happens to the command when a credential changes: ignore, restart, or signal:NAME
    #[arg(long, value_name = "WHAT", default_value = "ignore")]
    pub(crate) on_refresh: OnRefresh,
    /// How long the command may take to end after SIGTERM, before SIGKILL
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration::parse)]
    pub(crate) grace: Duration,
    /// Hand on a variable that the file names as the place of a secret
    #[arg(long, value_name = "VAR")]
    pub(crate) keep_env: Vec<String>,
    #[command(flatten)]
    pub(crate) listening: Listening,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

/// Show what an identity token says
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The file that holds it; standard input if none or `-`
    pub(crate) file: Option<PathBuf>,
}

/// See it at work: one identity, five credentials, two outages, all on this machine
#[cfg(feature = "demo")]
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// How long it runs
    #[arg(long = "for", value_name = "DURATION", default_value = "30s", value_parser = duration::parse)]
    pub(crate) duration: Duration,
    /// A line for each thing that happens instead of a table
    #[arg(long)]
    pub(crate) plain: bool,
    /// How long each outage lasts [default: a quarter of the shortest life]; longer ones make it fail
    #[arg(long, value_name = "DURATION", value_parser = duration::parse_some)]
    pub(crate) outage: Option<Duration>,
}

/// Check a file without touching the network
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Print the JSON Schema of the file instead
    #[arg(long)]
    pub(crate) schema: bool,
}

/// Walk from the identity to the credential step by step, and say where trust breaks
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Names of credentials; all of the file if none
    pub(crate) names: Vec<String>,
    /// For people, or for checks that compare
    #[arg(long, value_enum, default_value_t = DoctorFormat::Text)]
    pub(crate) format: DoctorFormat,
}

/// The forms of `doctor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DoctorFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Print what a shell needs to complete arguments
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// Print the manual page, or that of one command
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// A command
    pub(crate) command: Option<String>,
}

/// Refuses a token on the command line, before anything could print it back.
///
/// What stands behind `--` is somebody else's command line.
pub(crate) fn refuse_tokens(arguments: impl IntoIterator<Item = OsString>) -> Result<(), Failure> {
    let ours = arguments.into_iter().take_while(|argument| argument != "--");
    match ours.filter_map(|argument| argument.into_string().ok()).find(|argument| looks_like_a_token(argument)) {
        None => Ok(()),
        Some(_) => Err(Failure::usage("an argument looks like a token, and tokens are never arguments").with_help(
            "every user of the machine can read arguments, and shells keep them: hand it over as a file or on standard input",
        )),
    }
}

/// A JWT starts with base64url of `{"`, whole or cut off.
fn looks_like_a_token(argument: &str) -> bool {
    let jwt = |word: &str| word.starts_with("eyJ") && (word.matches('.').count() >= 2 || word.len() > 40);
    argument.split(['=', ' ', ',', '\'', '"']).any(jwt)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definitions_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_token_is_no_argument_wherever_it_stands() {
        for argument in
            ["eyJh.eyJi.c", "--field=eyJh.eyJi.c", "Bearer eyJh.eyJi.c", "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0123456789"]
        {
            assert!(refuse_tokens(["tokenex".into(), argument.into()]).is_err(), "{argument}");
        }
        for argument in ["token.jwt", "./eyJ", "name"] {
            assert!(refuse_tokens(["tokenex".into(), argument.into()]).is_ok(), "{argument}");
        }
    }

    #[test]
    fn behind_two_dashes_is_the_line_of_another_program() {
        assert!(refuse_tokens(["tokenex", "exec", "--", "eyJh.eyJi.c"].map(OsString::from)).is_ok());
    }
}
