//! Identity tokens, where they come from, and what all answers have in common.

use std::cell::RefCell;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, header};
use tokenex::aws::ContainerCredentials;
use tokenex::core::http::HttpTransport;
use tokenex::core::sources::{Command, CommandFormat, GitHubActions, Url};
use tokenex::core::{AnyTransport, Attempt, Clock, IdentityToken, TokenRequest, TokenSource as _};
use tokio::runtime::Runtime;

use crate::exchange::{Ends, Shown, at_a_place, exchange, identity};
use crate::oracle::{self, SIGNATURE};
use crate::outside::with_file;

/// A JWT, as it comes from a file or a variable.
pub(super) fn jwt_claims(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match IdentityToken::new(&*text) {
        Err(error) => oracle::error(&error),
        Ok(token) => {
            oracle::well();
            let claims = token.claims();
            if let Err(error) = claims.check_audience(&["audience"]) {
                oracle::error(&error);
            }
            if let Some(signature) = text.rsplit('.').next().filter(|part| *part == SIGNATURE) {
                assert!(!format!("{token:?} {claims:?}").contains(signature), "{claims:?}");
            }
        }
    }
}

/// `Retry-After`: a number, or a date by the target's clock.
pub(super) fn retry_after(data: &[u8]) {
    at_a_place(data, async |place, _| {
        let Ok(value) = HeaderValue::from_bytes(data) else { return Shown::Nothing };
        let wait = place.attempt().retry_after(&HeaderMap::from_iter([(header::RETRY_AFTER, value)]));
        // Whatever it is, it can be said, and added to.
        drop(format!("{wait:?}"));
        if wait.is_some() {
            oracle::well();
        }
        Shown::Nothing
    });
}

/// `Date`: the target's clock, by which an end that is an absolute time is counted.
pub(super) fn date(data: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(data.trim_ascii()) else { return };
    let mut answer = b"200\nretry-after: Thu, 01 Jan 2026 00:10:00 GMT\ndate: ".to_vec();
    answer.extend_from_slice(value.as_bytes());
    at_a_place(&answer, async |place, _| {
        let cx = place.attempt();
        let request = Request::get("https://target.test/").body(Bytes::new()).expect("a request");
        let response = cx.send(request).await.expect("an answer");
        drop(format!("{:?} {:?}", cx.target_time(), cx.retry_after(response.headers())));
        Shown::Nothing
    });
    answer.extend_from_slice(
        br#"

{"Type": "AWS-HMAC", "AccessKeyId": "ASIA", "SecretAccessKey": "s", "Token": "t", "Expiration": "2026-01-01T06:00:00Z"}"#,
    );
    exchange(&answer, Ends::Always, |_| ContainerCredentials::builder("http://169.254.170.2/v1").build());
}

/// A server that hands out tokens as a member of JSON, and then as a text.
pub(super) fn url_source(data: &[u8]) {
    let url = || Url::new("https://issuer.test/token?audience={audience}")?.header("authorization", oracle::password());
    identity(data, |_| Ok(url()?.json_field("value")));
    identity(data, |_| url());
}

pub(super) fn github_actions(data: &[u8]) {
    identity(data, |_| GitHubActions::new("https://actions.test/token?api-version=2.0", oracle::password()));
}

pub(super) fn google_executable(data: &[u8]) {
    printed(data, CommandFormat::GoogleExecutable);
}

pub(super) fn exec_credential(data: &[u8]) {
    printed(data, CommandFormat::ExecCredential);
}

/// A program prints the input. A process is real, and so is its time.
fn printed(data: &[u8], format: CommandFormat) {
    thread_local!(static RUNTIME: RefCell<Option<Runtime>> = const { RefCell::new(None) });
    RUNTIME.with_borrow_mut(|runtime| {
        let runtime = runtime.get_or_insert_with(|| {
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
        });
        with_file(data, |path| {
            let path = path.to_str().expect("the scratch file has a plain name");
            let source = Command::new("cat").arg(path).format(format);
            let limit = std::time::Duration::from_secs(30);
            let transport = AnyTransport::new(HttpTransport::new().expect("a transport"));
            let cx = Attempt::detached(Clock::system(), transport, limit);
            match runtime.block_on(source.token(&TokenRequest::new(&cx))) {
                Ok(input) => {
                    oracle::well();
                    drop(format!("{:?}", input.value()));
                }
                Err(error) => oracle::error(&error),
            }
        });
    });
}

/// Certificates of an authority, and a client's own with its key.
pub(super) fn tls_pem(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    for built in [
        HttpTransport::builder().ca_pem(data).build(),
        HttpTransport::builder().ca_pem(data).client_identity_pem(data, text).build(),
    ] {
        match built {
            Ok(_) => oracle::well(),
            Err(error) => oracle::error(&error),
        }
    }
}
