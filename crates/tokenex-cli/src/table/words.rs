//! Short words for durations.

use std::time::Duration;

use crate::time::words;

/// `6.3 s`, `48 s`, `4 min 10 s`: with tenths where seconds are few. Cut, not rounded: nothing is valid for longer than it is.
pub(crate) fn brief(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..10 => format!("{seconds}.{} s", duration.subsec_millis() / 100),
        seconds => words(Duration::from_secs(seconds)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_few_seconds_have_tenths() {
        for (seconds, words) in [(0.0, "0.0 s"), (6.39, "6.3 s"), (10.9, "10 s"), (250.5, "4 min 10 s")] {
            assert_eq!(brief(Duration::from_secs_f64(seconds)), words);
        }
    }
}
