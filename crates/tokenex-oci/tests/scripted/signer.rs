//! Request signatures, read as the far end reads them.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use rsa::RsaPublicKey;
use rsa::pkcs8::DecodePublicKey as _;
use rsa::traits::PublicKeyParts as _;
use tokenex_core::ErrorKind;
use tokenex_oci::{Body, KeySize, RequestSigner, SessionKey, SessionToken};

const NOW: &str = "Thu, 01 Jan 2026 00:00:00 GMT";

static TOKEN: LazyLock<SessionToken> = LazyLock::new(|| {
    // Not a runtime of one of the tests: whichever comes first needs it.
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let key = std::thread::spawn(move || runtime.block_on(SessionKey::generate(KeySize::Rsa2048)));
    SessionToken::new(jwt(), key.join().unwrap().unwrap()).unwrap()
});

fn jwt() -> String {
    format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode("{}"), URL_SAFE_NO_PAD.encode(r#"{"tenant":"ocid1.tenancy.oc1..a"}"#))
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_767_225_600)
}

fn signer() -> RequestSigner {
    TOKEN.signer().at(now())
}

fn request(method: Method, uri: &str) -> http::request::Builder {
    Request::builder().method(method).uri(uri)
}

/// The list of signed headers, once the signature has been found good for exactly what is in the request.
fn verified(parts: &http::request::Parts) -> String {
    let header = parts.headers["authorization"].to_str().unwrap();
    let part = |name: &str| {
        let (_, rest) = header.split_once(&format!("{name}=\"")).unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    assert!(header.starts_with("Signature version=\"1\",") && parts.headers["authorization"].is_sensitive());
    assert_eq!((part("keyId"), part("algorithm")), (format!("ST${}", jwt()), "rsa-sha256".to_owned()));
    let names = part("headers");
    let lines = names.split(' ').map(|name| {
        let value = match name {
            "(request-target)" => {
                let target = parts.uri.path_and_query().unwrap();
                format!("{} {target}", parts.method.as_str().to_lowercase())
            }
            _ => {
                assert_eq!(parts.headers.get_all(name).iter().count(), 1, "{name}");
                parts.headers[name].to_str().unwrap().to_owned()
            }
        };
        format!("{name}: {value}")
    });
    let signed = lines.collect::<Vec<_>>().join("\n");
    let public = RsaPublicKey::from_public_key_der(TOKEN.key().public_der()).unwrap();
    let public = ring::signature::RsaPublicKeyComponents { n: public.n().to_bytes_be(), e: public.e().to_bytes_be() };
    let signature = STANDARD.decode(part("signature")).unwrap();
    public
        .verify(&ring::signature::RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature)
        .expect("the signature is that of the request");
    names
}

fn hash(body: &[u8]) -> String {
    STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, body))
}

#[test]
fn methods_without_a_body_sign_date_target_and_host() {
    for method in [Method::GET, Method::HEAD, Method::DELETE, Method::OPTIONS] {
        let request = request(method, "https://api.example/20160918/things?a=b%20c&d=%2F").body(b"ignored").unwrap();
        let (parts, body) = signer().sign(request).unwrap().into_parts();
        assert_eq!(verified(&parts), "date (request-target) host");
        assert_eq!(
            (&parts.headers["date"], &parts.headers["host"]),
            (&HeaderValue::from_static(NOW), &"api.example".parse().unwrap())
        );
        assert!(!parts.headers.contains_key("x-content-sha256") && body == b"ignored");
    }
}

#[test]
fn methods_with_a_body_sign_its_length_type_and_hash_as_well() {
    for (method, body) in [(Method::POST, "{\"a\": 1}"), (Method::PUT, ""), (Method::PATCH, "é")] {
        let request = request(method, "https://api.example/20160918/things").body(body).unwrap();
        let (parts, _) = signer().sign(request).unwrap().into_parts();
        assert_eq!(verified(&parts), "date (request-target) host content-length content-type x-content-sha256");
        assert_eq!(parts.headers["content-length"], body.len().to_string());
        assert_eq!(parts.headers["content-type"], "application/json");
        assert_eq!(parts.headers["x-content-sha256"], hash(body.as_bytes()));
    }
    // As every client sends it for no body.
    assert_eq!(hash(b""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

#[test]
fn a_body_that_was_hashed_before_is_signed_like_one_in_memory() {
    let sha256 = ring::digest::digest(&ring::digest::SHA256, b"much").as_ref().try_into().unwrap();
    let (mut parts, ()) = request(Method::POST, "https://api.example/x").body(()).unwrap().into_parts();
    let mut whole = parts.clone();
    signer().sign_parts(&mut parts, Body::Hashed { length: 4, sha256 }).unwrap();
    signer().sign_parts(&mut whole, Body::Whole(b"much")).unwrap();
    assert_eq!(parts.headers, whole.headers);
}

#[test]
fn an_upload_leaves_the_body_out_when_told_so_and_only_then() {
    let upload = || {
        request(Method::PUT, "https://objectstorage.example/n/ns/b/bucket/o/name").header("content-type", "text/plain")
    };
    let (mut parts, ()) = upload().header("content-length", "1048576").body(()).unwrap().into_parts();
    signer().sign_parts(&mut parts, Body::Unsigned).unwrap();
    assert_eq!(verified(&parts), "date (request-target) host");
    assert_eq!(
        (&parts.headers["content-length"], &parts.headers["content-type"]),
        (&"1048576".parse().unwrap(), &"text/plain".parse().unwrap())
    );
    assert!(!parts.headers.contains_key("x-content-sha256"));

    let (parts, _) = signer().sign(upload().body("text").unwrap()).unwrap().into_parts();
    assert!(verified(&parts).ends_with("x-content-sha256"));
}

#[test]
fn the_host_has_its_port_unless_it_is_the_usual_one() {
    for (uri, host) in [
        ("https://api.example", "api.example"),
        ("https://api.example:443/", "api.example"),
        ("http://api.example:80/", "api.example"),
        ("https://api.example:80/", "api.example:80"),
        ("https://api.example:8443/?a", "api.example:8443"),
        ("http://127.0.0.1:4711/n", "127.0.0.1:4711"),
        ("http://[::1]:4711/n", "[::1]:4711"),
        ("https://user:hunter22@api.example/n", "api.example"),
    ] {
        let (parts, _) = signer().sign(request(Method::GET, uri).body("").unwrap()).unwrap().into_parts();
        verified(&parts);
        assert_eq!(parts.headers["host"], host, "{uri}");
    }
    let behind = request(Method::GET, "http://127.0.0.1:4711/n").header("host", "api.example").body("").unwrap();
    let (parts, _) = signer().sign(behind).unwrap().into_parts();
    verified(&parts);
    assert_eq!(parts.headers["host"], "api.example");
}

#[test]
fn what_was_signed_before_is_signed_anew_and_the_rest_left_alone() {
    let first = request(Method::POST, "https://api.example/x")
        .header("content-type", "text/plain; charset=utf-8")
        .header("date", "yesterday")
        .header("content-length", "1")
        .header("x-content-sha256", "of something else")
        .header("authorization", "Basic aHVudGVyMjI=")
        .header("opc-retry-token", "\u{e9}")
        .body("body")
        .unwrap();
    let once = signer().sign(first).unwrap();
    let again = signer().at(now() + Duration::from_secs(60)).sign(once).unwrap();
    let (parts, _) = again.into_parts();
    verified(&parts);
    assert_eq!(parts.headers.get_all("authorization").iter().count(), 1);
    assert_eq!(parts.headers["content-type"], "text/plain; charset=utf-8");
    assert_eq!(
        (&parts.headers["date"], &parts.headers["content-length"]),
        (&"Thu, 01 Jan 2026 00:01:00 GMT".parse().unwrap(), &"4".parse().unwrap())
    );
    assert_eq!(parts.headers["opc-retry-token"], "\u{e9}");
}

#[test]
fn a_client_that_sets_the_date_itself_gets_another_header_for_it() {
    let given = request(Method::GET, "https://api.example/x").header("date", "whatever").body("").unwrap();
    let (parts, _) = signer().x_date().sign(given).unwrap().into_parts();
    assert_eq!(verified(&parts), "x-date (request-target) host");
    assert_eq!(
        (&parts.headers["x-date"], &parts.headers["date"]),
        (&NOW.parse().unwrap(), &"whatever".parse().unwrap())
    );
}

#[test]
fn what_cannot_be_signed_is_an_error_and_the_request_stays_as_it_was() {
    const TYPE: HeaderName = http::header::CONTENT_TYPE;
    const URI: &str = "https://a.example/";
    let bytes = |bytes: &'static [u8]| HeaderValue::from_bytes(bytes).unwrap();
    for (uri, headers, word) in [
        ("/n", vec![], "host"),
        (URI, vec![(TYPE, bytes(b"text/\xe9"))], "content-type"),
        (URI, vec![(TYPE, bytes(b"a\tb"))], "content-type"),
        (URI, vec![(TYPE, bytes(b""))], "content-type"),
        (URI, vec![(HOST, bytes(b" a.example"))], "host"),
        (URI, vec![(HOST, bytes(b"a")), (HOST, bytes(b"b"))], "more than once"),
        (URI, vec![(TYPE, bytes(b"a/b")), (TYPE, bytes(b"a/b"))], "more than once"),
    ] {
        let (mut parts, ()) = request(Method::POST, uri).body(()).unwrap().into_parts();
        for (name, value) in headers {
            parts.headers.append(name, value.clone());
        }
        let before: HeaderMap = parts.headers.clone();
        let error = signer().sign_parts(&mut parts, Body::Whole(b"x")).unwrap_err();
        assert_eq!((error.kind(), parts.headers), (ErrorKind::Configuration, before));
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn a_clock_that_no_date_can_show_is_an_error() {
    for time in [UNIX_EPOCH - Duration::from_secs(1), UNIX_EPOCH + Duration::from_secs(253_402_300_800)] {
        let request = request(Method::GET, "https://api.example/x").body("").unwrap();
        assert!(signer().at(time).sign(request).unwrap_err().to_string().contains("clock"));
    }
}

#[tokio::test(start_paused = true)]
async fn dates_follow_the_clock_that_was_given() {
    let time = tokenex_testkit::clock::TestClock::new();
    let signer = TOKEN.signer().clock(time.clock());
    for date in [NOW, "Thu, 01 Jan 2026 01:00:00 GMT"] {
        let (parts, _) =
            signer.sign(request(Method::GET, "https://a.example/").body("").unwrap()).unwrap().into_parts();
        verified(&parts);
        assert_eq!(parts.headers["date"], date);
        time.advance(Duration::from_secs(3600)).await;
    }
}

#[test]
fn neither_token_nor_signature_is_printed() {
    let signed = signer().sign(request(Method::GET, "https://a.example/").body("").unwrap()).unwrap();
    let printed = format!("{:?} {:?} {signed:?}", *TOKEN, signer());
    assert!(printed.contains("ocid1.tenancy.oc1..a"));
    assert!(jwt().split('.').all(|part| !printed.contains(part)) && !printed.contains("ST$"), "{printed}");
}

#[test]
fn a_token_is_a_jwt_that_fits_between_quotes() {
    let three = jwt();
    assert_eq!(TOKEN.tenancy(), Some("ocid1.tenancy.oc1..a"));
    for bad in [
        "",
        "opaque",
        "a.b.c",
        &format!("{three}\""),
        &format!("{three}\n"),
        &format!("{three}.d"),
        &format!("ST${three}"),
    ] {
        let error = SessionToken::new(bad, TOKEN.key().clone()).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Protocol, Some("bad_token")), "{bad}");
        assert!(bad.len() < 3 || !format!("{error:?}").contains(bad));
    }
}
