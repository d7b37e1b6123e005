use http::Method;
use tokenex_testkit::twins::{Fault, RetryAfter};

use super::support::*;

#[test]
fn a_signed_request_is_answered() {
    let world = World::new();
    let answer = world.call(Signed::get(format!("{API}/n"), &world.token()));
    assert_eq!((answer.status, &answer.body), (200, &world.oci.namespace().into()));
    assert!(answer.headers.contains_key("opc-request-id"));
    let [call] = world.oci.calls().try_into().unwrap();
    assert_eq!((call.principal.as_str(), call.target.as_str(), call.code()), (world.user.ocid(), "/n", None));
    assert_eq!(
        (call.signed.join(" "), &*call.request_id),
        (GET_HEADERS.to_owned(), answer.headers["opc-request-id"].to_str().unwrap())
    );
}

#[test]
fn objects_are_put_listed_read_and_deleted() {
    let world = World::new();
    let token = world.token();
    world.bucket.put("a/b c", "1");
    let list = world.call(Signed::get(world.object(""), &token));
    assert_eq!(list.body["objects"][0]["name"], "a/b c");
    assert_eq!(world.call(Signed::get(world.object("?prefix=x"), &token)).body["objects"], serde_json::json!([]));
    assert_eq!(world.call(Signed::get(world.object("/a/b%20c"), &token)).body, 1);

    let put = Signed::with(Method::PUT, world.object("/streamed"), &token, GET_HEADERS, "without a hash");
    assert_eq!(world.call(put).status, 200);
    assert_eq!(world.bucket.get("streamed").unwrap(), "without a hash");
    let put = Signed::with(Method::PUT, world.object("/hashed"), &token, BODY_HEADERS, "with a hash");
    assert_eq!(world.call(put).status, 200);
    let delete = Signed::with(Method::DELETE, world.object("/hashed"), &token, GET_HEADERS, "");
    assert_eq!([world.call(delete.clone()).status, world.call(delete).status], [204, 404]);
}

#[test]
fn an_upload_tells_its_length() {
    let world = World::new();
    let token = world.token();
    let mut put = Signed::with(Method::PUT, world.object("/chunked"), &token, GET_HEADERS, "in chunks");
    put.tampered = vec![("transfer-encoding", "chunked")];
    assert_eq!(world.call(put).service(), (411, "MissingContentLength"));
    assert_eq!(world.bucket.get("chunked"), None);
}

#[test]
fn a_post_needs_a_signature_over_its_body() {
    let world = World::new();
    let token = world.token();
    let url = format!("{API}/n/{}/b", world.oci.namespace());
    let body = r#"{"name": "new", "compartmentId": "ocid1.compartment.oc1..a"}"#;
    let post = |headers, body| Signed::with(Method::POST, &url, &token, headers, body);
    assert_eq!(world.call(post(GET_HEADERS, body)).service(), (401, "NotAuthenticated"));
    assert_eq!(world.reason(), "the body is not signed");
    let made = world.call(post(BODY_HEADERS, body));
    assert_eq!((made.status, &made.body["createdBy"]), (200, &world.user.ocid().into()));
    assert_eq!(world.call(post(BODY_HEADERS, body)).service(), (409, "BucketAlreadyExists"));
    assert_eq!(
        world.call(post(BODY_HEADERS, "")).service(),
        (400, "InvalidParameter"),
        "an empty body is signed as well"
    );
    let own = format!("{url}/new/o");
    assert_eq!(world.call(Signed::get(own, &token)).status, 200, "who makes a bucket may use it");
}

/// Makes one thing wrong with a request.
type Spoil = fn(&mut Signed);

#[test]
fn a_planted_fault_in_the_signature_is_refused() {
    let world = World::new();
    let token = world.token();
    let good = Signed::get(format!("{API}/n?a=%2B"), &token);
    assert_eq!(world.call(good.clone()).status, 200);
    let cases: [(Spoil, &str); 13] = [
        (|call| call.with = || &OTHER, "the signature is not the key's over this request"),
        (
            |call| call.tampered = vec![("date", "Thu, 01 Jan 2026 00:00:01 GMT")],
            "the signature is not the key's over this request",
        ),
        (|call| call.tampered = vec![("host", "elsewhere.test")], "the signature is not the key's over this request"),
        (|call| call.headers = "(request-target) host", "the date is not signed"),
        (|call| call.headers = "date host", "the request target is not signed"),
        (|call| call.headers = "date (request-target)", "the host is not signed"),
        (|call| call.tampered = vec![("date", "")], "there is no date"),
        (|call| call.tampered = vec![("date", "yesterday")], "the date is not readable"),
        (|call| call.version = "2", "the version of the signature is not 1"),
        (|call| call.algorithm = "hmac-sha256", "the algorithm is not rsa-sha256"),
        (|call| call.key_id = call.key_id.replace("ST$", ""), "the key id holds no session token"),
        (|call| call.key_id.push('x'), "the token is unknown or has ended"),
        (|call| call.tampered = vec![("authorization", "Basic eDp5")], "there are several signatures"),
    ];
    for (spoil, reason) in cases {
        let mut call = good.clone();
        spoil(&mut call);
        assert_eq!(world.call(call).service(), (401, "NotAuthenticated"), "{reason}");
        assert_eq!(world.reason(), reason);
    }
    assert_eq!(world.call(good).status, 200);
}

#[test]
fn a_body_that_is_not_the_signed_one_is_refused() {
    let world = World::new();
    let token = world.token();
    let put = |headers| Signed::with(Method::PUT, world.object("/o"), &token, headers, "the body");
    for (tampered, reason) in [
        (("body", "the bodi"), "the hash is not the body's"),
        (("body", "another body"), "the content length is not the body's"),
        (("x-content-sha256", ""), "a header that was signed is absent"),
        (("content-type", "text/plain"), "the signature is not the key's over this request"),
    ] {
        let mut call = put(BODY_HEADERS);
        call.tampered = vec![tampered];
        assert_eq!((world.call(call).status, world.reason()), (401, reason), "{tampered:?}");
    }
    let mut call = put(GET_HEADERS);
    call.tampered = vec![("body", "anything")];
    assert_eq!(world.call(call).status, 200, "nobody signed the body of an upload");
}

#[test]
fn the_date_may_be_five_minutes_off_and_stand_in_another_header() {
    let world = World::new();
    let token = world.token();
    for (ahead, status) in [(300, 200), (-300, 200), (301, 401), (-301, 401)] {
        for headers in [GET_HEADERS, "x-date (request-target) host"] {
            let mut call = Signed::get(format!("{API}/n"), &token);
            (call.ahead, call.headers) = (ahead, headers);
            assert_eq!(world.call(call).status, status, "{ahead} s, {headers}");
        }
    }
    assert_eq!(world.reason(), "the date is more than five minutes off");
}

#[test]
fn a_token_ends_and_can_be_revoked() {
    let world = World::new();
    let (first, second) = (world.token(), world.token());
    let status = |token: &str| world.call(Signed::get(format!("{API}/n"), token)).status;
    assert_eq!([status(&first), status(&second)], [200, 200]);
    world.oci.revoke(&first);
    assert_eq!([status(&first), status(&second)], [401, 200]);
    world.clock.advance(600);
    assert_eq!(status(&second), 401);
    let unsigned = http::Request::get(format!("{API}/n")).body(bytes::Bytes::new()).unwrap();
    let answer = tokenex_testkit::twins::Twin::answer(&world.oci, &unsigned);
    assert_eq!((answer.status().as_u16(), world.reason()), (401, "there is no signature"));
}

#[test]
fn what_no_policy_allows_looks_as_if_it_were_not_there() {
    let world = World::new();
    let token = world.token();
    let status = |path: &str| world.call(Signed::get(format!("{API}/n/{}{path}", world.oci.namespace()), &token));
    for path in ["/b/absent/o", "/b/backups/o/absent"] {
        assert_eq!(status(path).service(), (404, "NotAuthorizedOrNotFound"), "{path}");
    }
    world.bucket.allow_nobody();
    assert_eq!((status("/b/backups/o").status, world.reason()), (404, "no policy allows it"));
    world.bucket.allow(|claims| claims["ptype"] == "user");
    assert_eq!(status("/b/backups/o").status, 200);
    assert_eq!(status("/x").service(), (404, "NotFound"));
}

#[test]
fn bad_days_speak_as_a_service_does() {
    let world = World::new();
    let token = world.token();
    let call = || world.call(Signed::get(format!("{API}/n"), &token));
    world.oci.fault(1, Fault::Throttled(RetryAfter::Absent));
    world.oci.fault(1, Fault::OutOfOrder(503, RetryAfter::Absent));
    world.oci.fault(1, Fault::OutOfOrder(500, RetryAfter::Absent));
    assert_eq!(call().service(), (429, "TooManyRequests"));
    assert_eq!(call().service(), (503, "ServiceUnavailable"));
    assert_eq!(call().service(), (500, "InternalServerError"));
    world.oci.fault(1, Fault::Html(502));
    world.oci.heal();
    assert_eq!(call().status, 200);
}
