//! Why the program ends without what was asked: words for people, and an exit code for programs.

use std::fmt;
use std::process::ExitCode;

use tokenex::core::{Error, ErrorKind};

/// The exit codes. They are part of what the program promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Nothing of the below: standard output cannot be written, or a fault of the program.
    Internal = 1,
    /// The arguments or the file are wrong, or ask for what cannot be.
    Usage = 2,
    /// There is no usable identity token.
    Identity = 3,
    /// The target does not trust the identity.
    Trust = 4,
    /// The target, or the service that hands out the identity token, cannot be reached, or its certificate is not trusted.
    Unreachable = 5,
    /// The exchange went well, and what came after it was refused.
    Authorization = 6,
    /// The command could not be started.
    Child = 7,
}

/// Of several failures the first of these decides: what is wrong with the file or the identity explains the rest, a refusal
/// stays until somebody repairs it, and what cannot be reached may pass by itself.
const WORST_FIRST: [Exit; 7] =
    [Exit::Internal, Exit::Usage, Exit::Identity, Exit::Trust, Exit::Authorization, Exit::Unreachable, Exit::Child];

impl Exit {
    /// Its place among several, the worst first.
    pub(crate) fn place(self) -> Option<usize> {
        WORST_FIRST.iter().position(|known| *known == self)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why the program ends. It holds no secret: what it prints goes to terminals and logs of builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
    help: Option<String>,
    report: Option<String>,
}

impl Failure {
    /// `message` says what failed and why, in a sentence without a final stop.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), help: None, report: None }
    }

    /// Wrong arguments, or what they ask for cannot be.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// What to do about it.
    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// A finished report, lines of a source file and all, which is printed before the message.
    pub(crate) fn with_report(mut self, report: impl Into<String>) -> Self {
        self.report = Some(report.into());
        self
    }

    /// Which credential it is about.
    pub(crate) fn about(mut self, name: &str) -> Self {
        self.message = format!("{name}: {}", self.message);
        self
    }

    /// What failed and why, without what to do about it.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The exit code that tells programs what people read in the message.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(report) = &self.report {
            writeln!(f, "{}", report.trim_end())?;
        }
        write!(f, "tokenex: {}", self.message)?;
        match &self.help {
            Some(help) => write!(f, "\n  {help}"),
            None => Ok(()),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self::new(exit_of(error), last_words(error))
    }
}

/// What an error says, without the time of a next attempt: the program ends, and makes none.
fn last_words(error: &Error) -> String {
    let mut words = error.to_string();
    if let Some(at) = error.next_attempt_in().and_then(|_| words.rfind("; next attempt in ")) {
        words.truncate(at);
    }
    words
}

/// By kind; where a refusal came after a good exchange, by its step.
fn exit_of(error: &Error) -> Exit {
    match error.kind() {
        ErrorKind::Configuration => Exit::Usage,
        ErrorKind::Identity => Exit::Identity,
        // The identity was good for a login or a first token, and what was asked for with it is not to be had.
        ErrorKind::Denied => Exit::Authorization,
        ErrorKind::Trust | ErrorKind::NotFound if comes_after_an_exchange(error) => Exit::Authorization,
        ErrorKind::Trust | ErrorKind::NotFound => Exit::Trust,
        ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Throttled | ErrorKind::Tls | ErrorKind::Protocol => {
            Exit::Unreachable
        }
        _ => Exit::Internal,
    }
}

/// Steps that are taken with a credential, where others are taken with an identity token.
fn comes_after_an_exchange(error: &Error) -> bool {
    const STEPS: [&str; 6] = ["read", "write", "assume role", "outbound identity", "impersonate", "ID token"];
    error.step().is_some_and(|step| STEPS.contains(&step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_error_has_its_exit_code() {
        for (kind, exit) in [
            (ErrorKind::Configuration, Exit::Usage),
            (ErrorKind::Identity, Exit::Identity),
            (ErrorKind::Trust, Exit::Trust),
            (ErrorKind::NotFound, Exit::Trust),
            (ErrorKind::Denied, Exit::Authorization),
            (ErrorKind::Unavailable, Exit::Unreachable),
            (ErrorKind::Timeout, Exit::Unreachable),
            (ErrorKind::Throttled, Exit::Unreachable),
            (ErrorKind::Tls, Exit::Unreachable),
            (ErrorKind::Protocol, Exit::Unreachable),
            (ErrorKind::Panic, Exit::Internal),
        ] {
            assert_eq!(Failure::from(Error::new(kind, "it failed")).exit(), exit, "{kind:?}");
        }
    }

    #[test]
    fn what_is_refused_after_a_good_exchange_is_another_finding_than_refused_trust() {
        let at = |step| Error::new(ErrorKind::NotFound, "it failed").with_step(step);
        assert_eq!(Failure::from(at("login")).exit(), Exit::Trust);
        assert_eq!(Failure::from(at("read")).exit(), Exit::Authorization);
    }

    #[test]
    fn a_failure_says_what_and_then_what_to_do() {
        let failure = Failure::usage("it failed").about("db").with_help("do this");
        assert_eq!(failure.to_string(), "tokenex: db: it failed\n  do this");
    }
}
