//! Signature Version 4, verified.
//!
//! Rules: docs.aws.amazon.com/IAM/latest/UserGuide, `reference_sigv-create-signed-request` and `reference_sigv-troubleshooting`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::Request;
use ring::{digest, hmac};

use super::refusal::{self, Refusal};
use super::sessions::{Known, Sessions};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// How far the time of a signature may be off.
const SKEW: Duration = Duration::from_secs(15 * 60);

/// A request whose signature is good.
pub(super) struct Signed<'a> {
    pub(super) known: &'a Known,
    /// The region that it was signed for.
    pub(super) region: String,
}

/// Verifies a request for the service `sts`.
pub(super) fn verify<'a>(
    request: &Request<Bytes>,
    sessions: &'a Sessions,
    now: SystemTime,
) -> Result<Signed<'a>, Refusal> {
    let authorization = Authorization::parse(header(request, "authorization").ok_or_else(refusal::not_signed)?)?;
    let [access_key_id, date, region, service, "aws4_request"] = authorization.scope[..] else {
        return Err(refusal::incomplete_signature("Credential must have exactly 5 slash-delimited elements"));
    };
    if service != "sts" {
        return Err(refusal::signature(format!(
            "Credential should be scoped to correct service: 'sts'. Not '{service}'."
        )));
    }
    if region_of_host(request).is_some_and(|wanted| wanted != region) {
        return Err(refusal::signature(format!("Credential should be scoped to a valid region, not '{region}'.")));
    }
    let known = sessions.get(access_key_id).ok_or_else(refusal::unknown_key)?;
    // A session token that is not the one that came with the keys is as wrong as an unknown key.
    if header(request, "x-amz-security-token") != known.keys.token.as_deref() {
        return Err(refusal::unknown_key());
    }
    let time = header(request, "x-amz-date").unwrap_or_default();
    check_time(time, date, now)?;
    let canonical = canonical_request(request, &authorization)?;
    let scope = authorization.scope[1..].join("/");
    let string_to_sign = format!("{ALGORITHM}\n{time}\n{scope}\n{}", hex(sha256(canonical.as_bytes()).as_ref()));
    let key = signing_key(&known.keys.secret, date, region, service);
    let signature = unhex(authorization.signature).ok_or_else(refusal::signature_differs)?;
    hmac::verify(&key, string_to_sign.as_bytes(), &signature).map_err(|_| refusal::signature_differs())?;
    if known.keys.ends_at.is_some_and(|end| end <= now) {
        return Err(refusal::keys_expired());
    }
    Ok(Signed { known, region: region.to_owned() })
}

struct Authorization<'a> {
    /// Access key id, date, region, service and a constant.
    scope: Vec<&'a str>,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn parse(header: &'a str) -> Result<Self, Refusal> {
        let parameters = header.strip_prefix(ALGORITHM).ok_or_else(refusal::not_signed)?;
        let parts: HashMap<&str, &str> = parameters.split(',').filter_map(|part| part.trim().split_once('=')).collect();
        let part = |name: &str| {
            parts.get(name).copied().ok_or_else(|| {
                refusal::incomplete_signature(&format!("Authorization header requires '{name}' parameter."))
            })
        };
        let signed_headers: Vec<&str> = part("SignedHeaders")?.split(';').collect();
        if !signed_headers.contains(&"host") {
            return Err(refusal::signature("'Host' must be a 'SignedHeader' in the AWS Authorization."));
        }
        Ok(Self { scope: part("Credential")?.split('/').collect(), signed_headers, signature: part("Signature")? })
    }
}

fn canonical_request(request: &Request<Bytes>, authorization: &Authorization<'_>) -> Result<String, Refusal> {
    let mut headers = String::new();
    for name in &authorization.signed_headers {
        let value = match *name {
            // In memory the address is the only place of the host.
            "host" => header(request, "host").or_else(|| request.uri().authority().map(|host| host.as_str())),
            name => header(request, name),
        };
        let value = value.ok_or_else(refusal::signature_differs)?;
        let _ = writeln!(headers, "{name}:{}", value.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    // What tells the request apart must not be changed on the way.
    let unsigned = request
        .headers()
        .keys()
        .find(|name| name.as_str().starts_with("x-amz-") && !authorization.signed_headers.contains(&name.as_str()));
    if let Some(name) = unsigned {
        return Err(refusal::signature(format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.")));
    }
    Ok(format!(
        "{}\n{}\n{}\n{headers}\n{}\n{}",
        request.method(),
        request.uri().path(),
        canonical_query(request.uri().query().unwrap_or_default()),
        authorization.signed_headers.join(";"),
        hex(sha256(request.body()).as_ref()),
    ))
}

/// Sorted by name, and each name with its `=`.
fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") })
        .collect();
    pairs.sort_unstable();
    pairs.join("&")
}

fn signing_key(secret: &str, date: &str, region: &str, service: &str) -> hmac::Key {
    let first = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{secret}").as_bytes());
    [date, region, service, "aws4_request"]
        .into_iter()
        .fold(first, |key, part| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref()))
}

fn check_time(time: &str, date: &str, now: SystemTime) -> Result<(), Refusal> {
    let at = parse_basic(time).ok_or_else(|| {
        refusal::incomplete_signature(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        )
    })?;
    if !time.starts_with(date) {
        return Err(refusal::signature(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{date}' != '{}'.",
            time.get(..8).unwrap_or_default()
        )));
    }
    let shown = basic;
    if at + SKEW < now {
        let (limit, now) = (shown(now - SKEW), shown(now));
        return Err(refusal::signature(format!(
            "Signature expired: {time} is now earlier than {limit} ({now} - 15 min.)"
        )));
    }
    if at > now + SKEW {
        let (limit, now) = (shown(now + SKEW), shown(now));
        return Err(refusal::signature(format!(
            "Signature not yet current: {time} is still later than {limit} ({now} + 15 min.)"
        )));
    }
    Ok(())
}

/// The region that the name of an endpoint of AWS tells; an address of this machine tells none.
pub(super) fn region_of_host(request: &Request<Bytes>) -> Option<&str> {
    let host = request.uri().host()?;
    if host == "sts.amazonaws.com" {
        return Some("us-east-1");
    }
    let rest = host.strip_prefix("sts.").or_else(|| host.strip_prefix("sts-fips."))?;
    let ends = [".amazonaws.com.cn", ".amazonaws.com", ".api.aws", ".api.amazonwebservices.com.cn"];
    ends.into_iter().find_map(|end| rest.strip_suffix(end))
}

fn header<'a>(request: &'a Request<Bytes>, name: &str) -> Option<&'a str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

fn sha256(bytes: &[u8]) -> digest::Digest {
    digest::digest(&digest::SHA256, bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(byte).collect())?
}

/// ISO 8601's basic form: `20260131T120000Z`.
fn basic(at: SystemTime) -> String {
    crate::twins::text::rfc3339(at).replace(['-', ':'], "")
}

fn parse_basic(text: &str) -> Option<SystemTime> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u8>().ok();
    let year = text.get(..4)?.parse().ok()?;
    let month = time::Month::try_from(number(4..6)?).ok()?;
    let date = time::Date::from_calendar_date(year, month, number(6..8)?).ok()?;
    let clock = time::Time::from_hms(number(9..11)?, number(11..13)?, number(13..15)?).ok()?;
    let whole = text.len() == 16 && text.get(8..9) == Some("T") && text.ends_with('Z');
    whole.then(|| SystemTime::from(time::UtcDateTime::new(date, clock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example in AWS's guide to the signing key.
    #[test]
    fn the_signing_key_is_that_of_the_guide() {
        let key = signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "iam");
        let string_to_sign = "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n\
                              f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59";
        let signature = hmac::sign(&key, string_to_sign.as_bytes());
        assert_eq!(hex(signature.as_ref()), "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    }

    #[test]
    fn times_are_read_as_they_are_written() {
        let at = parse_basic("20260131T120102Z").unwrap();
        assert_eq!(basic(at), "20260131T120102Z");
        for wrong in ["", "20260131", "20260131T120102", "20261331T120102Z", "2026-01-31T12:01:02Z", "x0260131T120102Z"]
        {
            assert_eq!(parse_basic(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn endpoints_tell_their_region() {
        let region = |host: &str| {
            let request = Request::get(format!("https://{host}/")).body(Bytes::new()).unwrap();
            region_of_host(&request).map(str::to_owned)
        };
        assert_eq!(region("sts.eu-west-1.amazonaws.com").as_deref(), Some("eu-west-1"));
        assert_eq!(region("sts-fips.us-east-2.api.aws").as_deref(), Some("us-east-2"));
        assert_eq!(region("sts.cn-north-1.amazonaws.com.cn").as_deref(), Some("cn-north-1"));
        assert_eq!(region("sts.amazonaws.com").as_deref(), Some("us-east-1"));
        assert_eq!(region("127.0.0.1"), None);
    }

    #[test]
    fn queries_are_sorted() {
        assert_eq!(canonical_query("b=2&a&c=%20"), "a=&b=2&c=%20");
    }
}
