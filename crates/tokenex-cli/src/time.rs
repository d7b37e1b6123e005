//! Times and durations in words.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The last second that RFC 3339 can write: 9999-12-31T23:59:59Z.
const LAST: u64 = 253_402_300_799;

/// RFC 3339 in UTC and whole seconds, cut: rather too early than too late, and some readers take no fractions.
///
/// What lies before 1970 or after the year 9999 is written as the nearest that can be.
pub(crate) fn rfc3339(at: SystemTime) -> String {
    written(Duration::from_secs(seconds(at)))
}

/// RFC 3339 in UTC with milliseconds: when something happened.
pub(crate) fn rfc3339_millis(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default().min(Duration::from_secs(LAST));
    let whole = written(Duration::from_secs(since.as_secs()));
    format!("{}.{:03}Z", whole.trim_end_matches('Z'), since.subsec_millis())
}

/// Seconds since 1970, cut.
pub(crate) fn seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().min(LAST)
}

fn written(since: Duration) -> String {
    let at = OffsetDateTime::UNIX_EPOCH + since;
    at.format(&Rfc3339).unwrap_or_else(|_| "1970-01-01T00:00:00Z".to_owned())
}

/// `in 4 min 10 s`, `12 s ago`, `now`.
pub(crate) fn from_now(at: SystemTime, now: SystemTime) -> String {
    match (at.duration_since(now), now.duration_since(at)) {
        (Ok(ahead), _) if ahead >= Duration::from_secs(1) => format!("in {}", words(ahead)),
        (_, Ok(past)) if past >= Duration::from_secs(1) => format!("{} ago", words(past)),
        _ => "now".to_owned(),
    }
}

/// The two largest units: `3 d 4 h`, `1 h`, `4 min 10 s`, `250 ms`.
pub(crate) fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds == 0 && !duration.is_zero() {
        return format!("{} ms", duration.as_millis().max(1));
    }
    let units = [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let first = units.iter().position(|(count, _)| *count > 0).unwrap_or(units.len() - 1);
    let shown = units[first..].iter().take(2).enumerate().filter(|(place, (count, _))| *place == 0 || *count > 0);
    shown.map(|(_, (count, unit))| format!("{count} {unit}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_in_their_two_largest_units() {
        for (seconds, said) in
            [(0, "0 s"), (59, "59 s"), (250, "4 min 10 s"), (3600, "1 h"), (3661, "1 h 1 min"), (273_600, "3 d 4 h")]
        {
            assert_eq!(words(Duration::from_secs(seconds)), said);
        }
        assert_eq!(words(Duration::from_millis(250)), "250 ms");
    }

    #[test]
    fn a_time_is_ahead_or_past_or_now() {
        let now = UNIX_EPOCH + Duration::from_secs(1000);
        assert_eq!(from_now(now + Duration::from_secs(70), now), "in 1 min 10 s");
        assert_eq!(from_now(now - Duration::from_secs(5), now), "5 s ago");
        assert_eq!(from_now(now + Duration::from_millis(300), now), "now");
    }

    #[test]
    fn times_are_written_in_utc_and_cut() {
        let at = UNIX_EPOCH + Duration::from_millis(1_820_923_200_999);
        assert_eq!(rfc3339(at), "2027-09-14T12:00:00Z");
        assert_eq!(rfc3339_millis(at), "2027-09-14T12:00:00.999Z");
    }

    #[test]
    fn times_that_cannot_be_written_are_the_nearest_that_can() {
        assert_eq!(rfc3339(UNIX_EPOCH - Duration::from_secs(1)), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(u64::MAX / 4)), "9999-12-31T23:59:59Z");
    }
}
