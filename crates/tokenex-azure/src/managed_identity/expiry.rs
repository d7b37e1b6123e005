//! The ways in which platforms write when a token ends.
//!
//! Seen are seconds and epoch seconds, as numbers and as text
//! ([IMDS](https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token),
//! [App Service](https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference)), and,
//! from App Service's first protocol on, dates as its servers' frameworks print them: `09/14/2027 00:00:00 +00:00`,
//! `9/14/2027 12:00:00 AM +00:00`, `2027-09-14 00:00:00`, and RFC 3339.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use time::format_description::StaticFormatDescription;
use time::macros::format_description as pattern;
use time::parsing::Parsed;
use time::{OffsetDateTime, PrimitiveDateTime, UtcDateTime};

/// The dates. Without an offset they are UTC.
const FORMATS: [StaticFormatDescription; 3] = [
    pattern!(
        version = 2,
        "[month padding:none]/[day padding:none]/[year] [hour padding:none]:[minute padding:none]:[second padding:none]\
         [optional [ [offset_hour sign:mandatory]:[offset_minute]]]"
    ),
    pattern!(
        version = 2,
        "[month padding:none]/[day padding:none]/[year] \
         [hour repr:12 padding:none]:[minute padding:none]:[second padding:none] [period case_sensitive:false]\
         [optional [ [offset_hour sign:mandatory]:[offset_minute]]]"
    ),
    pattern!(
        version = 2,
        "[year]-[month]-[day][first [T] [t] [ ]][hour]:[minute]:[second][optional [.[subsecond]]]\
         [first [Z] [z] [[optional [ ]][offset_hour sign:mandatory]:[offset_minute]] []]"
    ),
];

/// Beyond it a time is a mistake, and calendars end: 1 January 10000.
const LATEST: u64 = 253_402_300_800;

/// A duration in whole seconds; fractions are cut, and negative ones are zero.
pub(super) fn seconds(value: &Value) -> Option<Duration> {
    number(value).map(Duration::from_secs)
}

/// A moment, by the platform's clock.
pub(super) fn moment(value: &Value) -> Option<SystemTime> {
    match number(value) {
        Some(epoch) => Some(UNIX_EPOCH + Duration::from_secs(epoch)),
        None => date(value.as_str()?.trim()),
    }
}

fn number(value: &Value) -> Option<u64> {
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    // Whole seconds up to the year 10000 are exact, and a cast saturates.
    seconds.is_finite().then_some((seconds.max(0.0) as u64).min(LATEST))
}

fn date(text: &str) -> Option<SystemTime> {
    let read = |format| {
        let mut parsed = Parsed::new();
        let rest = parsed.parse_items(text.as_bytes(), format).ok()?;
        if !rest.is_empty() {
            return None;
        }
        match OffsetDateTime::try_from(parsed) {
            Ok(date) => Some(date.to_utc()),
            Err(_) => PrimitiveDateTime::try_from(parsed).ok().map(|date| date.as_utc()),
        }
    };
    let date: UtcDateTime = FORMATS.into_iter().find_map(read)?;
    let since = Duration::from_secs(u64::try_from(date.unix_timestamp()).unwrap_or(0).min(LATEST));
    Some(UNIX_EPOCH + since)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const AT: u64 = 1_820_923_200; // 2027-09-14T12:00:00Z

    #[test]
    fn each_way_to_write_an_end_is_read() {
        for value in [
            json!(1_820_923_200),
            json!("1820923200"),
            json!(1_820_923_200.7),
            json!("09/14/2027 12:00:00 +00:00"),
            json!("9/14/2027 12:00:00 PM +00:00"),
            json!("9/14/2027 12:0:0 pm +00:00"),
            json!("09/14/2027 14:00:00 +02:00"),
            json!("9/14/2027 12:00:00"),
            json!("2027-09-14 12:00:00"),
            json!(" 2027-09-14 12:00:00 +00:00\n"),
            json!("2027-09-14 08:30:00-03:30"),
            json!("2027-09-14T12:00:00Z"),
            json!("2027-09-14t12:00:00z"),
            json!("2027-09-14T12:00:00.1234567Z"),
            json!("2027-09-14T12:00:00.5+00:00"),
            json!("2027-09-14T17:30:00.000+05:30"),
            json!("2027-09-14T12:00:00"),
        ] {
            assert_eq!(moment(&value), Some(UNIX_EPOCH + Duration::from_secs(AT)), "{value}");
        }
        let midnight = Some(UNIX_EPOCH + Duration::from_secs(AT - 12 * 3600));
        assert_eq!(moment(&json!("9/14/2027 12:00:00 AM +00:00")), midnight);
        assert_eq!(moment(&json!("1969-12-31T00:00:00Z")), Some(UNIX_EPOCH), "long over");
    }

    #[test]
    fn what_is_no_end_is_none() {
        for value in [
            json!(null),
            json!(true),
            json!(""),
            json!("soon"),
            json!("NaN"),
            json!("inf"),
            json!("2027-09-14"),
            json!("2027-13-14T12:00:00Z"),
            json!("2027-02-30 12:00:00"),
            json!("14/09/2027 12:00:00 +00:00"),
            json!("2027-09-14T12:00:00Z and more"),
            json!("2027-09-14T12:00:00 CEST"),
            json!({"at": 1}),
        ] {
            assert_eq!(moment(&value), None, "{value}");
        }
    }

    #[test]
    fn durations_may_be_text_and_out_of_range() {
        for (value, read) in [
            (json!(3599), Some(3599)),
            (json!("3599"), Some(3599)),
            (json!(" 86399.9"), Some(86399)),
            (json!(-5), Some(0)),
            (json!("1e300"), Some(LATEST)),
            (json!("one hour"), None),
            (json!(null), None),
        ] {
            assert_eq!(seconds(&value), read.map(Duration::from_secs), "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in ".{0,60}") {
            let _ = (moment(&json!(text)), seconds(&json!(text)));
        }

        #[test]
        fn any_date_like_text_is_read_or_refused_without_a_panic(text in "[-+0-9]{1,6}[-/][0-9]{1,3}[-/][0-9]{1,6}[T ][0-9]{1,3}:[0-9]{1,3}:[0-9]{1,3}([.][0-9]{0,12})?( ?[AaPp][Mm])?( ?[-+][0-9]{1,3}:[0-9]{1,3}|[Zz])?") {
            let _ = moment(&json!(text));
        }

        #[test]
        fn any_number_is_read_or_refused_without_a_panic(number: f64, whole: i64) {
            let _ = (moment(&json!(number)), moment(&json!(number.to_string())), moment(&json!(whole)));
        }

        #[test]
        fn what_is_written_is_what_is_read(epoch in 0..LATEST) {
            let date = OffsetDateTime::from_unix_timestamp(epoch as i64).unwrap();
            let (d, t) = (date.date(), date.time());
            let (year, month, day) = (d.year(), u8::from(d.month()), d.day());
            let at = Some(UNIX_EPOCH + Duration::from_secs(epoch));
            let (h, m, s) = (t.hour(), t.minute(), t.second());
            prop_assert_eq!(moment(&json!(epoch.to_string())), at);
            prop_assert_eq!(moment(&json!(format!("{month:02}/{day:02}/{year:04} {h:02}:{m:02}:{s:02} +00:00"))), at);
            prop_assert_eq!(moment(&json!(format!("{year:04}-{month:02}-{day:02} {h:02}:{m:02}:{s:02}"))), at);
            prop_assert_eq!(moment(&json!(format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}Z"))), at);
            let (twelve, half) = (match h % 12 { 0 => 12, h => h }, if h < 12 { "AM" } else { "PM" });
            prop_assert_eq!(moment(&json!(format!("{month}/{day}/{year:04} {twelve}:{m:02}:{s:02} {half} +00:00"))), at);
        }
    }
}
