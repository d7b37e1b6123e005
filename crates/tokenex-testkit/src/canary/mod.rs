//! Marked secrets, and a search for them in everything that a program said.
//!
//! ```
//! use tokenex_testkit::canary::Canary;
//!
//! let canary = Canary::new();
//! let recording = canary.record(); // all of tracing and log, at TRACE, from all crates, on this thread
//! let password = canary.secret("database password");
//!
//! // ... run the program under test with `password` ...
//! tracing::info!("logged in");
//!
//! let handle = "what the program shows";
//! canary.search_debug("the handle", &handle);
//! drop(recording);
//! canary.assert_clean();
//! # let _ = password;
//! ```
//!
//! A run over many test programs can search everything that all of them said for the secrets of all of them: `cargo xtask canary`
//! in the repository, which sets `TOKENEX_CANARY` to a folder of its own. Without that variable nothing is written anywhere.

mod forms;
mod recorder;
pub(crate) mod whole_run;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use recorder::Recording;

use recorder::Log;

/// Secrets shorter than this turn up by chance.
const SHORTEST: usize = 8;

/// Knows secrets, collects what was said, and finds the ones in the other. Clones are the same canary.
///
/// It looks for each secret in plain text, percent-encoded, escaped as in JSON and `Debug`, in base64 (also inside a
/// longer text, as in `Basic` authentication), in hexadecimal, and as a list of byte values. Of a JWT it also looks
/// for the signature alone, since header and claims are no secret; of a private key in PEM it looks for a line of what
/// is private in it, since the public key stands there too.
#[derive(Clone, Default)]
pub struct Canary(Arc<Shared>);

#[derive(Default)]
struct Shared {
    secrets: Mutex<Vec<Watched>>,
    texts: Mutex<Vec<Text>>,
    log: Log,
}

#[derive(Clone)]
struct Watched {
    label: String,
    secret: String,
}

struct Text {
    name: String,
    text: String,
}

impl Canary {
    /// A canary that knows no secret yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a secret that exists nowhere else, and watches for it. It holds letters, digits and `-` only, so it fits
    /// wherever a password or a token does.
    pub fn secret(&self, label: &str) -> String {
        let secret = format!("canary-{:032x}", fastrand::u128(..));
        self.watch(label, &secret);
        secret
    }

    /// Watches for a secret made elsewhere, say by a real server.
    ///
    /// # Panics
    /// When it is shorter than 8 bytes: it would turn up by chance.
    pub fn watch(&self, label: &str, secret: &str) {
        assert!(
            secret.len() >= SHORTEST,
            "the secret \"{label}\" is shorter than {SHORTEST} bytes: it turns up by chance"
        );
        let secret = whole_run::secret(label, forms::telling(secret));
        lock(&self.0.secrets).push(Watched { label: label.to_owned(), secret: secret.to_owned() });
    }

    /// Records all that `tracing` and `log` get to hear on this thread, until the guard is dropped. On a tokio runtime
    /// with one thread, as `#[tokio::test]` makes it, that is everything but blocking tasks.
    #[must_use = "recording ends when the guard is dropped"]
    pub fn record(&self) -> Recording {
        recorder::record_thread(&self.0.log)
    }

    /// Records all that `tracing` and `log` get to hear in the whole process, from now on: for programs with many
    /// threads, where a test binary holds one test.
    ///
    /// # Errors
    /// When the process already has a global subscriber.
    pub fn record_process(&self) -> Result<(), AlreadyRecorded> {
        recorder::record_process(&self.0.log)
    }

    /// Adds a text to search: output of a command, a file, a process list.
    pub fn search(&self, name: &str, text: impl Into<String>) {
        lock(&self.0.texts).push(Text { name: name.to_owned(), text: text.into() });
    }

    /// Adds what `{:?}` and `{:#?}` show of a value.
    pub fn search_debug(&self, name: &str, value: &impl fmt::Debug) {
        self.search(name, format!("{value:?}\n{value:#?}"));
    }

    /// Adds what `{}`, `{:?}` and `{:#?}` show of an error and of each of its causes.
    pub fn search_error(&self, name: &str, error: &(dyn std::error::Error + 'static)) {
        let chain = std::iter::successors(Some(error), |error| error.source());
        self.search(name, chain.map(|error| format!("{error}\n{error:?}\n{error:#?}\n")).collect::<String>());
    }

    /// A canary that knows the same secrets, and has heard nothing yet.
    pub(crate) fn with_fresh_ears(&self) -> Self {
        let canary = Self::default();
        lock(&canary.0.secrets).clone_from(&lock(&self.0.secrets));
        canary
    }

    /// Everything found, and how much was looked at.
    pub fn findings(&self) -> Findings {
        let log = Text { name: "the log".to_owned(), text: self.0.log.text() };
        let texts = lock(&self.0.texts);
        let secrets = lock(&self.0.secrets);
        let searched: Vec<&Text> = texts.iter().chain([&log]).filter(|text| !text.text.is_empty()).collect();
        let mut leaks = Vec::new();
        for text in &searched {
            let haystack = forms::Haystack::new(&text.text);
            for Watched { label, secret } in &*secrets {
                leaks.extend(haystack.find(secret).map(|(form, line)| Leak {
                    secret: label.clone(),
                    form,
                    place: text.name.clone(),
                    line,
                }));
            }
        }
        if leaks.is_empty() {
            // It is the run that knows the secrets of all others.
            searched.iter().for_each(|text| whole_run::heard(&text.name, || &text.text));
        }
        Findings {
            leaks,
            secrets: secrets.len(),
            bytes: searched.iter().map(|text| text.text.len()).sum(),
            texts: searched.len(),
        }
    }

    /// Says on standard error how much was searched, for how many secrets.
    ///
    /// # Panics
    /// When a secret was found, and when there was nothing to search or to look for: that would prove nothing.
    #[track_caller]
    pub fn assert_clean(&self) {
        let findings = self.findings();
        #[expect(clippy::print_stderr, reason = "a test says how much it looked at")]
        {
            eprintln!("canary: {findings}");
        }
        assert!(findings.secrets > 0, "the canary watches for no secret: finding none proves nothing");
        assert!(findings.bytes > 0, "the canary got no text to search: finding nothing proves nothing");
        assert!(findings.leaks.is_empty(), "secrets leaked: {findings}");
    }
}

impl fmt::Debug for Canary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Canary({} secrets)", lock(&self.0.secrets).len())
    }
}

/// What [`Canary::findings`] found, and how much it looked at.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Findings {
    /// One for each secret, form and text.
    pub leaks: Vec<Leak>,
    /// How many secrets were looked for.
    pub secrets: usize,
    /// How many texts were searched, the log being one.
    pub texts: usize,
    /// How long they were together.
    pub bytes: usize,
}

/// A secret where none should be. Does not hold the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leak {
    /// The label of the secret.
    pub secret: String,
    /// How it was written: `plain`, `base64` and so on.
    pub form: &'static str,
    /// The name of the text.
    pub place: String,
    /// The first line of the text that it is on, counted from 1.
    pub line: usize,
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { leaks, secrets, texts, bytes } = self;
        write!(f, "{} leaks of {secrets} secrets in {bytes} bytes of {texts} texts", leaks.len())?;
        leaks.iter().try_for_each(|leak| write!(f, "; {leak}"))
    }
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" ({}) in {}, line {}", self.secret, self.form, self.place, self.line)
    }
}

/// The process already has a global `tracing` subscriber, so not everything can be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlreadyRecorded;

impl fmt::Display for AlreadyRecorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the process already has a global tracing subscriber; record in a process of its own")
    }
}

impl std::error::Error for AlreadyRecorded {}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
