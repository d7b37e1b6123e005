//! Requests to AWS, signed with credentials of it.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign as sign_request,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::Request;
use tokenex::aws::AwsCredentials;
use tokenex::core::{Error, ErrorKind, Result};

/// Where global services are signed for.
pub(super) const DEFAULT_REGION: &str = "us-east-1";

/// Signs a request without a body, for the service and the region that its address tells; else for STS in `region`.
///
/// # Errors
/// A request that cannot be signed.
pub(super) fn sign(request: &mut Request<Bytes>, credentials: &AwsCredentials, region: &str) -> Result<()> {
    let host = request.uri().host().unwrap_or_default().to_ascii_lowercase();
    let scope = Scope::of(&host).unwrap_or_else(|| Scope { service: "sts".to_owned(), region: region.to_owned() });
    let identity = Credentials::new(
        credentials.access_key_id(),
        credentials.secret_access_key().expose(),
        credentials.session_token().map(|token| token.expose().to_owned()),
        None,
        "tokenex",
    )
    .into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&scope.region)
        .name(&scope.service)
        .time(SystemTime::now())
        .settings(scope.settings())
        .build()
        .map_err(|_| unsignable())?
        .into();
    let uri = request.uri().to_string();
    let signable = SignableRequest::new("GET", uri, std::iter::empty(), SignableBody::Bytes(&[]));
    let signed = sign_request(signable.map_err(|_| unsignable())?, &params).map_err(|_| unsignable())?;
    signed.into_parts().0.apply_to_request_http1x(request);
    request.headers_mut().iter_mut().for_each(|(_, value)| value.set_sensitive(true));
    Ok(())
}

fn unsignable() -> Error {
    Error::new(ErrorKind::Configuration, "a request to this address cannot be signed for AWS")
}

/// What a signature is for.
#[derive(Debug, PartialEq, Eq)]
struct Scope {
    service: String,
    region: String,
}

impl Scope {
    /// Read from the names that AWS gives to its endpoints
    /// (<https://docs.aws.amazon.com/general/latest/gr/rande.html>). `None` for all other names.
    fn of(host: &str) -> Option<Self> {
        let suffixes = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".on.aws"];
        let labels: Vec<_> = suffixes.iter().find_map(|suffix| host.strip_suffix(suffix))?.split('.').collect();
        let place = labels.iter().rposition(|label| is_region(label));
        let (service, region) = match place {
            Some(0) => return None,
            Some(place) => (labels[place - 1], labels[place]),
            None => (*labels.last()?, DEFAULT_REGION),
        };
        let service = match service.trim_end_matches("-fips") {
            "lambda-url" => "lambda",
            name if name == "s3" || name.starts_with("s3-") => "s3",
            name => name,
        };
        Some(Self { service: service.to_owned(), region: region.to_owned() })
    }

    /// S3 signs paths as they are, and wants the hash of the body
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>).
    fn settings(&self) -> SigningSettings {
        let mut settings = SigningSettings::default();
        if self.service == "s3" {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        settings
    }
}

/// `eu-west-1`, `us-gov-east-1`.
fn is_region(label: &str) -> bool {
    let parts: Vec<_> = label.split('-').collect();
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    match parts.as_slice() {
        [first, middle @ .., last] => {
            matches!(first.len(), 2..=4)
                && is_word(first)
                && !middle.is_empty()
                && middle.iter().all(is_word)
                && last.len() <= 2
                && last.parse::<u8>().is_ok()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_and_region_are_read_from_the_address() {
        for (host, service, region) in [
            ("sts.eu-west-1.amazonaws.com", "sts", "eu-west-1"),
            ("sts-fips.us-gov-east-1.amazonaws.com", "sts", "us-gov-east-1"),
            ("sts.eu-central-1.api.aws", "sts", "eu-central-1"),
            ("sts.amazonaws.com", "sts", "us-east-1"),
            ("iam.amazonaws.com", "iam", "us-east-1"),
            ("backups.s3.eu-west-1.amazonaws.com", "s3", "eu-west-1"),
            ("s3.cn-north-1.amazonaws.com.cn", "s3", "cn-north-1"),
            ("x1.execute-api.eu-west-1.amazonaws.com", "execute-api", "eu-west-1"),
            ("x1.lambda-url.eu-west-1.on.aws", "lambda", "eu-west-1"),
        ] {
            let scope = Scope { service: service.to_owned(), region: region.to_owned() };
            assert_eq!(Scope::of(host), Some(scope), "{host}");
        }
        for host in ["127.0.0.1", "sts.eu-west-1.example", "eu-west-1.amazonaws.com"] {
            assert_eq!(Scope::of(host), None, "{host}");
        }
    }
}
