//! The program in a terminal: a pseudo-terminal of the system, and somebody who looks at its screen.
#![cfg_attr(not(feature = "demo"), allow(dead_code, reason = "the demo's tests look at more than others"))]

use std::ffi::OsStr;
use std::num::NonZeroU16;
use std::process::ExitStatus;

use pty_process::{Command, Pty, Size};
use rustix::termios::{LocalModes, Termios, tcgetattr};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Child;
use tokio::time::timeout;

use crate::program::PATIENCE;

/// A terminal in which the program runs.
pub(crate) struct Terminal {
    pty: Pty,
    child: Child,
    screen: vt100::Parser,
    /// Everything that was written to it.
    written: Vec<u8>,
    before: Termios,
}

/// What was left in the terminal.
pub(crate) struct Left {
    pub(crate) status: ExitStatus,
    /// The rows of the screen, those that scrolled out first.
    pub(crate) rows: Vec<String>,
    /// Everything that was written to it.
    pub(crate) written: String,
}

impl Terminal {
    /// Starts the program in a window of this size, with this beside the least of an environment.
    pub(crate) fn start<S: AsRef<OsStr>>(
        arguments: impl IntoIterator<Item = S>,
        (rows, columns): (u16, u16),
        environment: &[(&str, &str)],
    ) -> Self {
        let (pty, pts) = pty_process::open().unwrap();
        pty.resize(Size::new(rows, columns)).unwrap();
        let before = tcgetattr(&pty).unwrap();
        let command = Command::new(env!("CARGO_BIN_EXE_tokenex")).args(arguments).env_clear().kill_on_drop(true);
        let command = command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8");
        let child = command.envs(environment.iter().copied()).spawn(pts).unwrap();
        let (height, width) = size((rows, columns));
        let screen = vt100::Parser::new(height, width, 1000);
        Self { pty, child, screen, written: Vec::new(), before }
    }

    /// The program's process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Looks at the screen after each thing that is written, until it shows what is waited for.
    pub(crate) async fn until(&mut self, what: &str, holds: impl Fn(&vt100::Screen) -> bool) {
        let waiting = async {
            while !holds(self.screen.screen()) {
                assert!(self.look().await, "the program ended before {what}: {}", self.screen.screen().contents());
            }
        };
        if timeout(PATIENCE, waiting).await.is_err() {
            panic!("the screen never shows {what}: {}", self.screen.screen().contents());
        }
    }

    /// Waits until the screen shows this text.
    pub(crate) async fn shows(&mut self, text: &str) {
        self.until(text, |screen| screen.contents().contains(text)).await;
    }

    /// Takes in what was written since; false when there will be no more.
    async fn look(&mut self) -> bool {
        let mut piece = [0; 4096];
        // Linux says goodbye with an error, once nobody has the other side open.
        let size = self.pty.read(&mut piece).await.unwrap_or(0);
        self.written.extend_from_slice(&piece[..size]);
        self.screen.process(&piece[..size]);
        size > 0
    }

    /// What the screen shows now.
    pub(crate) fn contents(&self) -> String {
        self.screen.screen().contents()
    }

    pub(crate) async fn types(&mut self, keys: &str) {
        self.pty.write_all(keys.as_bytes()).await.unwrap();
    }

    /// Changes the size of the window.
    pub(crate) fn resize(&mut self, (rows, columns): (u16, u16)) {
        self.pty.resize(Size::new(rows, columns)).unwrap();
        let (height, width) = size((rows, columns));
        self.screen.set_size(height, width);
    }

    /// Waits for the program's end, and demands that the terminal is as it was.
    pub(crate) async fn end(mut self) -> Left {
        let ended = async {
            while self.look().await {}
            self.child.wait().await.unwrap()
        };
        let status = timeout(PATIENCE, ended).await.expect("it does not end");
        self.demand_untouched();
        let mut rows = Vec::new();
        let (_, width) = self.screen.screen().size();
        let width = width.get();
        self.screen.screen_mut().set_scrollback(usize::MAX);
        let above = self.screen.screen().scrollback();
        for back in (1..=above).rev() {
            self.screen.screen_mut().set_scrollback(back);
            rows.extend(self.screen.screen().rows(0, width).next());
        }
        self.screen.screen_mut().set_scrollback(0);
        rows.extend(self.screen.screen().rows(0, width));
        Left { status, rows, written: String::from_utf8_lossy(&self.written).into_owned() }
    }

    fn demand_untouched(&self) {
        let screen = self.screen.screen();
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert!(!screen.alternate_screen(), "the other screen is left on");
        assert!(!screen.bracketed_paste() && !screen.application_keypad() && !screen.application_cursor());
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        assert_eq!((screen.fgcolor(), screen.bold(), screen.dim()), (vt100::Color::Default, false, false));
        let after = tcgetattr(&self.pty).unwrap();
        assert_eq!(after.local_modes, self.before.local_modes);
        assert!(after.local_modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG));
        assert_eq!(after.input_modes, self.before.input_modes);
        assert_eq!(after.output_modes, self.before.output_modes);
    }
}

impl Left {
    /// Demands this exit code, and shows the screen otherwise.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "{:#?}", self.rows);
        self
    }

    /// How many rows hold this text.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.rows.iter().filter(|row| row.contains(text)).count()
    }
}

fn size((rows, columns): (u16, u16)) -> (NonZeroU16, NonZeroU16) {
    (rows.try_into().unwrap(), columns.try_into().unwrap())
}
