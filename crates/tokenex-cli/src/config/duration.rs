//! Durations, as in `90s`, `15m`, `1h`.

use std::time::Duration;

/// So long that nothing here lives longer.
const MAX: Duration = Duration::from_secs(366 * 24 * 3600);

/// Reads a whole number and its unit: `ms`, `s`, `m` or `h`.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub(crate) fn parse(text: &str) -> Result<Duration, &'static str> {
    let digits = text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "" => return Err("has no unit; write it as 90s, 15m or 1h"),
        _ => return Err("is no duration; write a whole number and a unit: 90s, 15m, 1h"),
    };
    if number.is_empty() {
        return Err("is no duration; write a whole number and a unit: 90s, 15m, 1h");
    }
    let too_long = "is longer than a year";
    let number: u64 = number.parse().map_err(|_| too_long)?;
    let duration = Duration::from_millis(number.checked_mul(milliseconds).ok_or(too_long)?);
    if duration > MAX { Err(too_long) } else { Ok(duration) }
}

/// The same for one that must not be nothing.
///
/// # Errors
/// As [`parse`].
pub(crate) fn parse_some(text: &str) -> Result<Duration, &'static str> {
    match parse(text)? {
        Duration::ZERO => Err("is no time at all; write 1s or more"),
        duration => Ok(duration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_unit_is_a_duration() {
        for (text, milliseconds) in [("500ms", 500), ("90s", 90_000), ("15m", 900_000), ("1h", 3_600_000), ("0s", 0)] {
            assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        assert_eq!(parse("8784h"), Ok(MAX));
    }

    #[test]
    fn anything_else_is_refused_with_what_is_wrong() {
        for (text, why) in [
            ("", "no unit"),
            ("30", "no unit"),
            ("s", "is no duration"),
            ("-1s", "is no duration"),
            ("+1s", "is no duration"),
            ("1.5h", "is no duration"),
            ("1h30m", "is no duration"),
            ("1 h", "is no duration"),
            ("1H", "is no duration"),
            ("1d", "is no duration"),
            ("٣s", "is no duration"),
            ("8785h", "longer than a year"),
            ("18446744073709551615h", "longer than a year"),
            ("99999999999999999999999s", "longer than a year"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn nothing_is_refused_where_it_makes_no_sense() {
        assert!(parse_some("0s").unwrap_err().contains("no time at all") && parse_some("0h").is_err());
        assert_eq!(parse_some("1ms"), Ok(Duration::from_millis(1)));
    }
}
