//! Colours, where they are wanted (ECMA-48 section 8.3.117).

/// How something stands, and so its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing has come yet.
    Waiting,
    /// All is well.
    Good,
    /// It fails, and still works.
    Worried,
    /// It does not work.
    Bad,
    /// It is over.
    Ended,
    /// A plain word.
    #[cfg_attr(not(feature = "demo"), allow(dead_code, reason = "only the demo says any"))]
    Plain,
    /// What matters less.
    Quiet,
    /// A heading.
    Title,
}

impl Tone {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Good => "32",
            Self::Worried => "33",
            Self::Bad => "31",
            Self::Waiting | Self::Ended | Self::Quiet => "2",
            Self::Title => "1",
        }
    }

    /// `text` in this tone.
    pub(crate) fn paint(self, text: &str, colour: bool) -> String {
        match self.code() {
            code if colour && !code.is_empty() && !text.trim().is_empty() => format!("\x1b[{code}m{text}\x1b[0m"),
            _ => text.to_owned(),
        }
    }
}
