//! What is forwarded to the command, and what the terminal sends it by itself.

use std::io;
use std::time::Duration;

use rustix::process::Signal as Raw;
use rustix::{process, termios};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::failure::{Exit, Failure};

/// A signal that can be forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Hup,
    Int,
    Quit,
    Term,
    Usr1,
    Usr2,
    Winch,
}

const ALL: [(Signal, &str); 7] = [
    (Signal::Hup, "HUP"),
    (Signal::Int, "INT"),
    (Signal::Quit, "QUIT"),
    (Signal::Term, "TERM"),
    (Signal::Usr1, "USR1"),
    (Signal::Usr2, "USR2"),
    (Signal::Winch, "WINCH"),
];

impl Signal {
    /// By its name, with or without `SIG`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let name = name.strip_prefix("SIG").unwrap_or(name);
        ALL.into_iter().find(|(_, known)| *known == name).map(|(signal, _)| signal)
    }

    pub(crate) fn names() -> Vec<&'static str> {
        ALL.map(|(_, name)| name).to_vec()
    }

    pub(crate) fn name(self) -> &'static str {
        ALL.into_iter().find(|(signal, _)| *signal == self).map_or("", |(_, name)| name)
    }

    pub(crate) fn raw(self) -> Raw {
        match self {
            Self::Hup => Raw::HUP,
            Self::Int => Raw::INT,
            Self::Quit => Raw::QUIT,
            Self::Term => Raw::TERM,
            Self::Usr1 => Raw::USR1,
            Self::Usr2 => Raw::USR2,
            Self::Winch => Raw::WINCH,
        }
    }

    fn kind(self) -> SignalKind {
        match self {
            Self::Hup => SignalKind::hangup(),
            Self::Int => SignalKind::interrupt(),
            Self::Quit => SignalKind::quit(),
            Self::Term => SignalKind::terminate(),
            Self::Usr1 => SignalKind::user_defined1(),
            Self::Usr2 => SignalKind::user_defined2(),
            Self::Winch => SignalKind::window_change(),
        }
    }

    /// Whether it asks this program to end, while no command runs that could answer it.
    pub(crate) fn ends(self) -> bool {
        matches!(self, Self::Hup | Self::Int | Self::Quit | Self::Term)
    }

    /// What a shell says of a program that it ended.
    pub(crate) fn exit_code(self) -> u8 {
        128 + u8::try_from(self.raw().as_raw()).unwrap_or_default()
    }

    /// Whether the terminal has sent it to the command too. Keys and a changed window go to the whole foreground group,
    /// of which the command is a part: sent once more, it would be pressed twice.
    pub(crate) fn came_to_the_group(self) -> bool {
        matches!(self, Self::Int | Self::Quit | Self::Winch) && is_foreground()
    }
}

/// The signals that this process gets from now on.
#[derive(Debug)]
pub(crate) struct Signals(mpsc::UnboundedReceiver<Signal>);

impl Signals {
    /// Takes them over; none of them ends the process any more.
    pub(crate) fn start() -> Result<Self, Failure> {
        let (sender, receiver) = mpsc::unbounded_channel();
        for (which, _) in ALL {
            let mut stream = signal(which.kind()).map_err(unusable)?;
            let sender = sender.clone();
            tokio::spawn(async move { while stream.recv().await.is_some() && sender.send(which).is_ok() {} });
        }
        Ok(Self(receiver))
    }

    /// Waits for the next. Cancel safe.
    pub(crate) async fn next(&mut self) -> Signal {
        match self.0.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }

    /// Waits for one that asks this program to end. Cancel safe.
    pub(crate) async fn end(&mut self) -> Signal {
        loop {
            let signal = self.next().await;
            if signal.ends() {
                return signal;
            }
        }
    }

    /// Waits for one that asks this program to end and comes later than this: the key that ended the command comes to us
    /// too, before its end or after it, and is nobody's second thought. Cancel safe.
    pub(crate) async fn end_after(&mut self, pause: Duration) -> Signal {
        sleep(pause).await;
        while self.0.try_recv().is_ok() {}
        self.end().await
    }
}

fn unusable(error: io::Error) -> Failure {
    Failure::new(Exit::Internal, format!("signals cannot be received: {error}"))
}

/// Whether this process is in the foreground of a terminal that it has open.
fn is_foreground() -> bool {
    let group = process::getpgrp();
    [termios::tcgetpgrp(io::stdin()), termios::tcgetpgrp(io::stdout()), termios::tcgetpgrp(io::stderr())]
        .into_iter()
        .any(|foreground| foreground == Ok(group))
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_came_with_the_end_of_the_command_is_no_impatience_and_what_comes_later_is() {
        const SECOND: Duration = Duration::from_secs(1);
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut signals = Signals(receiver);
        sender.send(Signal::Int).unwrap();
        let mut impatient = tokio::spawn(async move { signals.end_after(SECOND).await });
        sleep(SECOND / 2).await;
        sender.send(Signal::Int).unwrap();
        assert!(timeout(60 * SECOND, &mut impatient).await.is_err());
        sender.send(Signal::Winch).unwrap();
        sender.send(Signal::Term).unwrap();
        assert_eq!(impatient.await.unwrap(), Signal::Term);
    }
}
