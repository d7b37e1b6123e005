//! This machine's clock beside the others that count.

use std::time::{Duration, SystemTime};

use tokenex::core::ClockSkew;

use super::finding::{Finding, Step};
use super::seen::Seen;
use crate::time::{rfc3339, words};

/// A smaller difference is covered by everybody's leeway.
const WORTH_A_WORD: Duration = Duration::from_secs(30);

/// How far another clock is from this machine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Apart {
    Ahead(Duration),
    Behind(Duration),
}

impl Apart {
    /// `there` was read when it was `here`.
    pub(super) fn between(there: SystemTime, here: SystemTime) -> Self {
        match there.duration_since(here) {
            Ok(ahead) => Self::Ahead(ahead),
            Err(behind) => Self::Behind(behind.duration()),
        }
    }

    fn is_much(self) -> bool {
        let (Self::Ahead(by) | Self::Behind(by)) = self;
        by > WORTH_A_WORD
    }

    fn words(self) -> String {
        match self {
            Self::Ahead(by) if self.is_much() => format!("{} ahead of this machine", words(by)),
            Self::Behind(by) if self.is_much() => format!("{} behind this machine", words(by)),
            _ => "the same as here".to_owned(),
        }
    }
}

impl From<ClockSkew> for Apart {
    fn from(skew: ClockSkew) -> Self {
        match skew {
            ClockSkew::TargetAhead(by) => Self::Ahead(by),
            ClockSkew::TargetBehind(by) => Self::Behind(by),
            _ => Self::Ahead(Duration::ZERO),
        }
    }
}

/// The clocks of the issuer and of the target, as far as their answers told.
pub(super) fn compare(seen: &Seen, issuer: Option<Apart>, target: Option<Apart>, now: SystemTime) -> Finding {
    let issued =
        seen.claims().issued_at().map(|at| Apart::between(at, now)).filter(|apart| matches!(apart, Apart::Ahead(_)));
    let off: Vec<_> = [("issuer", issuer), ("target", target), ("token", issued)]
        .into_iter()
        .filter_map(|(who, apart)| Some((who, apart.filter(|apart| apart.is_much())?)))
        .collect();
    let finding = match off.first() {
        None if issuer.is_none() && target.is_none() => {
            Finding::ok(Step::Clock, "the token was not issued in the future; no other clock was seen to be off")
        }
        None => Finding::ok(Step::Clock, "no clock is far from another"),
        Some(_) => {
            let who = off.iter().map(|(who, apart)| match *who {
                "token" => format!(
                    "the token was issued {}",
                    apart.words().replace(" of this machine", " of this machine's time")
                ),
                who => format!("the {who}'s clock is {}", apart.words()),
            });
            let who = who.collect::<Vec<_>>().join(", ");
            Finding::warning(
                Step::Clock,
                format!("{who}: times are judged by the target's clock; set the one that is wrong"),
            )
        }
    };
    let finding = finding.found("here", rfc3339(now));
    let finding = finding.maybe_found("issuer", issuer.map(Apart::words));
    finding.maybe_found("target", target.map(Apart::words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leeways_do_not_cover_is_worth_a_word() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert!(!Apart::between(at(130), at(100)).is_much());
        assert_eq!(Apart::between(at(200), at(100)).words(), "1 min 40 s ahead of this machine");
        assert_eq!(Apart::between(at(100), at(200)).words(), "1 min 40 s behind this machine");
    }
}
