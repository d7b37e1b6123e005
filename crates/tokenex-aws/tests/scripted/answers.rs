//! Answers that are not what the documents promise.

use bytes::Bytes;
use http::Response;
use tokenex_aws::{AssumeRole, OutboundIdentity};
use tokenex_core::{Error, ErrorKind, Passthrough};
use tokenex_testkit::twins::{Fault, RetryAfter};

use crate::world::{REGION, World, refuse, reply};

/// An answer of STS with these members in its credentials.
fn granted(members: &str) -> String {
    format!(
        "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <AssumeRoleWithWebIdentityResult><Credentials>{members}</Credentials></AssumeRoleWithWebIdentityResult>\
         <ResponseMetadata><RequestId>11111111-2222-3333-4444-555555555555</RequestId></ResponseMetadata>\
         </AssumeRoleWithWebIdentityResponse>"
    )
}

const ID: &str = "<AccessKeyId>ASIAEXAMPLE</AccessKeyId>";
const SECRET: &str = "<SecretAccessKey>hunter22</SecretAccessKey>";
const TOKEN: &str = "<SessionToken>hunter22</SessionToken>";
const END: &str = "<Expiration>2026-01-01T00:30:00Z</Expiration>";

async fn refused(answer: Response<Bytes>) -> Error {
    let world = World::new();
    world.answers(move |_| answer.clone());
    let error = world.web_identity().get().await.unwrap_err();
    assert_eq!((error.provider(), error.step()), (Some("aws"), Some("web identity")));
    assert!(!format!("{error:?}").contains("hunter22"), "{error:?}");
    error
}

#[tokio::test(start_paused = true)]
async fn pages_and_halves_are_passing_failures_that_name_themselves() {
    // Cut in the middle of what comes last, all else is there: half an access key.
    let whole = granted(&[SECRET, TOKEN, END, ID].concat());
    for (status, body, kind) in [
        (200, "<html><body>log in to the guest network, hunter22</body></html>", ErrorKind::Protocol),
        (200, "", ErrorKind::Protocol),
        (200, "{\"Credentials\": \"hunter22\"}", ErrorKind::Protocol),
        (200, &whole[..whole.len() / 2], ErrorKind::Protocol),
        (200, &whole[..whole.find("EXAMPLE").unwrap()], ErrorKind::Protocol),
        (200, "<AssumeRoleWithWebIdentityResponse/>", ErrorKind::Protocol),
        (400, "<html>hunter22</html>", ErrorKind::Protocol),
        (403, "", ErrorKind::Protocol),
        (403, "<ErrorResponse><Error><Code>AccessDen", ErrorKind::Protocol),
        (502, "<html>bad gateway hunter22</html>", ErrorKind::Unavailable),
        (500, "", ErrorKind::Unavailable),
        (429, "slow down", ErrorKind::Throttled),
    ] {
        let error = refused(reply(status, body.to_owned())).await;
        assert_eq!((error.kind(), error.is_transient()), (kind, true), "{status} {body}: {error}");
        assert_eq!(error.status().map(|found| found.as_u16()), Some(status));
    }
    let moved = Response::builder().status(302).header("location", "https://login.example").body(Bytes::new()).unwrap();
    assert_eq!(refused(moved).await.kind(), ErrorKind::Configuration);
}

#[tokio::test(start_paused = true)]
async fn credentials_that_lack_something_are_none() {
    for (members, word) in [
        (vec![SECRET, TOKEN, END], "access key id"),
        (vec![ID, TOKEN, END], "secret access key"),
        (vec![ID, SECRET, END], "session token"),
        (vec![ID, SECRET, TOKEN], "until when"),
        (vec![ID, SECRET, TOKEN, "<Expiration>1969-01-01T00:00:00Z</Expiration>"], "until when"),
        (vec!["<AccessKeyId>a b</AccessKeyId>", SECRET, TOKEN, END], "access key id"),
        (vec![ID, SECRET, "<SessionToken>hunter22&#10;x</SessionToken>", END], "session token"),
    ] {
        let error = refused(reply(200, granted(&members.concat()))).await;
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(error.to_string().contains(word), "{error}");
        // From the body, since this answer has no header for it.
        assert_eq!(error.request_id(), Some("11111111-2222-3333-4444-555555555555"));
    }
    // What cannot be read as a time is not read at all.
    let soon = granted(&[ID, SECRET, TOKEN, "<Expiration>soon</Expiration>"].concat());
    assert_eq!(refused(reply(200, soon)).await.kind(), ErrorKind::Protocol);
}

#[tokio::test(start_paused = true)]
async fn the_end_is_read_with_and_without_fractions() {
    for (end, seconds) in [("2026-01-01T00:30:00Z", 1800.0), ("2026-01-01T00:30:00.250000Z", 1800.25)] {
        let world = World::new();
        let body = granted(&[ID, SECRET, TOKEN, &format!("<Expiration>{end}</Expiration>")].concat());
        world.answers(move |_| reply(200, body.clone()));
        let credentials = world.web_identity().get().await.unwrap();
        // The clock of these tests begins at 2026-01-01.
        let began = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_767_225_600);
        assert_eq!(credentials.expires_at().unwrap().duration_since(began).unwrap().as_secs_f64(), seconds);
        assert!(credentials.assumed_role_arn().is_none() && credentials.is_role_session());
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_that_are_over_when_they_come_do_not_make_it_spin() {
    let world = World::new();
    let body = granted(&[ID, SECRET, TOKEN, "<Expiration>2025-12-31T23:59:00Z</Expiration>"].concat());
    world.answers(move |_| reply(200, body.clone()));
    let handle = world.web_identity();
    world.seconds(600).await;
    assert!(handle.get().await.is_err());
    let asked = world.requests().len();
    assert!((5..=120).contains(&asked), "{asked} requests in ten minutes");
}

#[tokio::test(start_paused = true)]
async fn the_request_id_is_that_of_the_header_and_else_that_of_the_body() {
    let world = World::new();
    world.answers(|_| {
        let mut response = refuse(403, "AccessDenied", "no");
        response.headers_mut().insert("x-amzn-requestid", "from-the-header".parse().unwrap());
        response
    });
    assert_eq!(world.web_identity().get().await.unwrap_err().request_id(), Some("from-the-header"));
    world.answers(|_| refuse(403, "AccessDenied", "no"));
    let error = world.web_identity().get().await.unwrap_err();
    assert_eq!(error.request_id(), Some("11111111-2222-3333-4444-555555555555"));
}

#[tokio::test(start_paused = true)]
async fn each_bad_day_of_the_twin_passes() {
    for fault in [
        Fault::OutOfOrder(500, RetryAfter::Absent),
        Fault::OutOfOrder(503, RetryAfter::Seconds(2)),
        Fault::Html(200),
        Fault::Html(503),
        Fault::Empty(502),
        Fault::HalfBody,
    ] {
        let world = World::new();
        world.twin.fault(1, fault.clone());
        let handle = world.web_identity();
        let error = handle.get().await.unwrap_err();
        assert!(error.is_transient(), "{fault:?}: {error}");
        world.seconds(30).await;
        assert!(handle.get().await.is_ok(), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn signed_calls_read_their_answers_as_carefully() {
    let world = World::new();
    let base = world.web_identity();
    base.get().await.unwrap();
    let other = AssumeRole::builder(world.role.arn(), base.clone()).region(REGION).build().unwrap();
    let outbound = OutboundIdentity::builder(base).region(REGION).audience("x").build().unwrap();
    for body in ["<html/>", "", "<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>"] {
        world.answers(move |_| reply(200, body));
        assert_eq!(world.keep(other.clone()).get().await.unwrap_err().kind(), ErrorKind::Protocol, "{body}");
    }
    for (token, end) in [("", "2026-01-01T00:30:00Z"), ("not a token", "2026-01-01T00:30:00Z"), ("e30.e30.c2ln", "")] {
        let body = format!(
            "<GetWebIdentityTokenResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetWebIdentityTokenResult>\
             <WebIdentityToken>{token}</WebIdentityToken><Expiration>{end}</Expiration>\
             </GetWebIdentityTokenResult></GetWebIdentityTokenResponse>"
        );
        world.answers(move |_| reply(200, body.clone()));
        let error = world.scheduler.keep(Passthrough::new(outbound.clone())).get().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    }
}
