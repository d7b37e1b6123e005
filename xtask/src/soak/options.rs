//! What the caller chose.

use std::time::Duration;

use crate::Failure;

pub(super) struct Options {
    pub(super) length: Duration,
    pub(super) seed: u64,
}

const USAGE: &str = "usage: cargo xtask soak [--for 30s|10m|2h] [--seed N]";

impl Options {
    /// Ten minutes and any seed, unless the arguments say otherwise.
    pub(super) fn parse(arguments: &[&str]) -> Result<Self, Failure> {
        let mut options = Self { length: Duration::from_secs(600), seed: fastrand::u64(..1_000_000) };
        for pair in arguments.chunks(2) {
            match pair {
                ["--for", length] => options.length = duration(length).ok_or(USAGE)?,
                ["--seed", seed] => options.seed = seed.parse().map_err(|_| USAGE)?,
                _ => return Err(USAGE.into()),
            }
        }
        Ok(options)
    }

    /// The command that brings the same schedule.
    pub(super) fn again(&self) -> String {
        format!("cargo xtask soak --for {}s --seed {}", self.length.as_secs(), self.seed)
    }
}

/// `30s`, `10m`, `2h`, and seconds without a unit.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(['s', 'm', 'h']);
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    let seconds = digits.parse::<u64>().ok()?.checked_mul(unit)?;
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_people_write_them() {
        let s = Duration::from_secs;
        for (text, length) in [("30s", Some(s(30))), ("10m", Some(s(600))), ("2h", Some(s(7200))), ("7", Some(s(7)))] {
            assert_eq!(duration(text), length, "{text}");
        }
        for text in ["", "m", "0s", "1d", "1ms", "-1s"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
