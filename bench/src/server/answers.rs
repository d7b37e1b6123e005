//! What the token services of the clouds answer, as far as their clients read it.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// As long as an access token of the field.
pub(super) const TOKEN_LENGTH: usize = 900;

/// The path to which clients of AWS are sent.
pub(super) const AWS_PATH: &str = "/aws";

/// Microsoft Entra and Google's STS: what one client wants is an unknown member to the other.
pub(super) fn oauth(number: u64, lifetime: u64) -> String {
    format!(
        concat!(
            r#"{{"token_type":"Bearer","expires_in":{lifetime},"ext_expires_in":{lifetime},"#,
            r#""issued_token_type":"urn:ietf:params:oauth:token-type:access_token","access_token":"{token}"}}"#
        ),
        lifetime = lifetime,
        token = token(number)
    )
}

/// `AssumeRoleWithWebIdentity` of AWS STS.
pub(super) fn assume_role(number: u64, lifetime: u64) -> String {
    format!(
        concat!(
            r#"<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">"#,
            "<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIA{number:016}</AccessKeyId>",
            "<SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{token}</SessionToken>",
            "<Expiration>{end}</Expiration></Credentials></AssumeRoleWithWebIdentityResult>",
            "</AssumeRoleWithWebIdentityResponse>"
        ),
        number = number,
        secret = &token(number)[..40],
        token = token(number),
        end = rfc3339(SystemTime::now() + Duration::from_secs(lifetime))
    )
}

/// No two alike: a client may rightly take an equal token for the same credential.
fn token(number: u64) -> String {
    let mut token = format!("{number:020}");
    token.extend(std::iter::repeat_n('t', TOKEN_LENGTH - token.len()));
    token
}

/// UTC, to the second (RFC 3339, section 5.6). Days become dates by the rules of the Gregorian calendar, whose cycle is
/// 146,097 days in 400 years; counting years from March puts the leap day last.
fn rfc3339(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (cycle, day_of_cycle) = (days / 146_097, days % 146_097);
    let year_of_cycle = (day_of_cycle - day_of_cycle / 1_460 + day_of_cycle / 36_524 - day_of_cycle / 146_096) / 365;
    let day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_cycle + cycle * 400 + u64::from(month <= 2);
    let mut text = String::with_capacity(20);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    // Writing to a string does not fail.
    let _ = write!(text, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn tokens_differ_and_have_their_length() {
        assert_ne!(token(1), token(2));
        assert_eq!(token(u64::MAX).len(), TOKEN_LENGTH);
    }
}
