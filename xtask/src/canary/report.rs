//! What a run says in the end.

use std::fmt;

use super::{
    finds::{Finds, Leak, Place},
    search::What,
    secrets::SHORTEST,
};

impl fmt::Display for Finds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "canary: {} secrets, each in up to 14 forms, and whatever looks like one, searched in",
            self.secrets
        )?;
        for place in Place::ALL {
            let (texts, bytes) = self.places.get(&place).map_or((0, 0), |searched| (searched.texts, searched.bytes));
            writeln!(f, "  {:<32} {bytes:>13} bytes in {texts} files", place.name())?;
        }
        if self.short > 0 {
            writeln!(
                f,
                "  not searched: {} secrets of less than {SHORTEST} bytes, which turn up by chance",
                self.short
            )?;
        }
        for (why, times) in &self.asked_for {
            writeln!(f, "  seen {times} times where it was asked for: {why}")?;
        }
        for (leak, (times, line)) in &self.leaks {
            writeln!(f, "  FOUND {leak}, {times} times, first in line {line}")?;
        }
        write!(f, "canary: {} finds", self.leaks.len())
    }
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, name, what } = self;
        write!(f, "{what} in {} ({name})", place.name())
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret { label, fingerprint, form } => write!(f, "\"{label}\" #{fingerprint} ({form})"),
            Self::Mark(mark) => write!(f, "a secret written by hand (\"{mark}\")"),
            Self::Look(look, fingerprint) => write!(f, "what looks like {look} #{fingerprint}"),
        }
    }
}
