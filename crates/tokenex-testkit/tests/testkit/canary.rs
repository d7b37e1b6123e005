use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rsa::pkcs8::EncodePrivateKey as _;
use tokenex_testkit::canary::Canary;
use tokenex_testkit::issuer::IssuerKeys;

/// Which forms are found of `secret` in `text`.
fn forms(secret: &str, text: impl Into<String>) -> Vec<&'static str> {
    let canary = Canary::new();
    canary.watch("planted", secret);
    canary.search("the text", text);
    canary.findings().leaks.into_iter().map(|leak| leak.form).collect()
}

const AWKWARD: &str = "p\"a/ss w+o%r\\d ü&=";

#[test]
fn a_planted_leak_is_found_in_each_form() {
    let escaped = serde_json::Value::from(AWKWARD).to_string();
    for secret in ["simple-secret-123", AWKWARD] {
        let hex: String = secret.bytes().map(|byte| format!("{byte:02X}")).collect();
        let percent: String = secret.bytes().map(|byte| format!("%{byte:02x}")).collect();
        assert_eq!(forms(secret, format!("x{secret}y")), ["plain"]);
        assert_eq!(forms(secret, format!("url?p={percent}&q")), ["percent-encoded"]);
        assert_eq!(forms(secret, format!("0x{hex}")), ["hexadecimal"]);
        assert_eq!(forms(secret, format!("{:?}", secret.as_bytes())), ["bytes"]);
        assert_eq!(forms(secret, serde_json::json!(secret.as_bytes()).to_string()), ["bytes"]);
        for before in ["", "u", "us", "user:"] {
            let text = format!("{before}{secret}!");
            assert_eq!(forms(secret, STANDARD.encode(&text)), ["base64"], "{text}");
            assert_eq!(forms(secret, URL_SAFE_NO_PAD.encode(&text)), ["base64"], "{text}");
        }
        assert!(forms(secret, "nothing of that kind %zz %").is_empty());
    }
    assert_eq!(forms(AWKWARD, format!("{AWKWARD:?}")), ["escaped"]);
    assert_eq!(forms(AWKWARD, format!("{{\"password\":{escaped}}}")), ["escaped"]);
    assert_eq!(forms("blank and + plus", "p=blank+and+%2B+plus"), ["percent-encoded"]);
}

#[test]
fn of_a_jwt_the_signature_alone_is_a_leak_and_the_claims_are_not() {
    let jwt = IssuerKeys::new("https://issuer.test").token().sign();
    let (claims, signature) = jwt.rsplit_once('.').unwrap();
    assert_eq!(forms(&jwt, format!("sig={signature}")), ["JWT signature"]);
    assert!(forms(&jwt, claims).is_empty());
}

#[test]
fn of_a_private_key_the_public_half_is_no_leak() {
    let rsa = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap().to_pkcs8_der().unwrap();
    let rsa = rcgen::KeyPair::try_from(rsa.as_bytes()).unwrap();
    let on_curve = |algorithm| rcgen::KeyPair::generate_for(algorithm).unwrap();
    let keys = [
        rsa,
        on_curve(&rcgen::PKCS_ECDSA_P256_SHA256),
        on_curve(&rcgen::PKCS_ECDSA_P384_SHA384),
        on_curve(&rcgen::PKCS_ED25519),
    ];
    for key in keys {
        let (private, public) = (key.serialize_pem(), key.public_key_pem());
        let public =
            STANDARD.decode(public.lines().filter(|line| !line.starts_with("-----")).collect::<String>()).unwrap();
        assert_eq!(forms(&private, &private), ["plain"]);
        // As a line of base64 that begins at each place in the public key, as in a certificate.
        for before in 0..3 {
            let certificate = STANDARD.encode([&[0; 3][..before], &*public].concat());
            assert!(forms(&private, certificate).is_empty(), "{before} bytes before");
        }
    }
}

#[tokio::test]
async fn it_hears_tracing_and_log_with_spans_across_awaits() {
    let canary = Canary::new();
    let recording = canary.record();
    let [event, span, late, logged] = ["event", "span", "late", "logged"].map(|label| canary.secret(label));
    tokio::spawn(async move {
        tokio::task::yield_now().await;
        tracing::trace!(target: "some_crate", token = %event, "an event");
    })
    .await
    .unwrap();
    drop(tracing::trace_span!("silent", %span));
    let silent = tracing::info_span!("filled later", late = tracing::field::Empty);
    silent.record("late", &late);
    drop(silent);
    log::trace!("by the other crate: {logged}");
    drop(recording);
    tracing::info!("after the end: {}", canary.secret("unheard"));

    let mut labels: Vec<_> = canary.findings().leaks.into_iter().map(|leak| leak.secret).collect();
    labels.sort();
    assert_eq!(labels, ["event", "late", "logged", "span"]);
}

#[test]
fn it_searches_the_causes_of_an_error_and_debug() {
    #[derive(Debug)]
    struct Holder(#[expect(dead_code, reason = "shown by Debug")] String);
    let canary = Canary::new();
    let cause = std::io::Error::other(canary.secret("cause"));
    canary.search_error("the error", &std::io::Error::other(Outer(cause)));
    canary.search_debug("the holder", &Holder(canary.secret("held")));
    let leaks = canary.findings().leaks;
    let found: Vec<_> = leaks.iter().map(|leak| (leak.secret.as_str(), leak.place.as_str())).collect();
    assert_eq!(found, [("cause", "the error"), ("held", "the holder")]);
}

#[derive(Debug)]
struct Outer(std::io::Error);

impl std::fmt::Display for Outer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("outer")
    }
}

impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn a_finding_says_where_and_does_not_repeat_the_secret() {
    let canary = Canary::new();
    let secret = canary.secret("database password");
    canary.search("output of ps", format!("first\nsecond {secret}\n"));
    let findings = canary.findings().to_string();
    assert!(findings.contains("\"database password\" (plain) in output of ps, line 2"), "{findings}");
    assert!(!findings.contains(&secret), "{findings}");
}

#[test]
fn a_clean_program_passes() {
    let canary = Canary::new();
    let recording = canary.record();
    let _secret = canary.secret("kept");
    drop(recording);
    canary.assert_clean();
}

#[test]
#[should_panic(expected = "secrets leaked")]
fn a_leak_fails_the_test() {
    let canary = Canary::new();
    canary.search("output", canary.secret("spilled"));
    canary.assert_clean();
}

#[test]
#[should_panic(expected = "no text to search")]
fn searching_nothing_proves_nothing() {
    let canary = Canary::new();
    let _secret = canary.secret("kept");
    canary.assert_clean();
}

#[test]
#[should_panic(expected = "watches for no secret")]
fn looking_for_nothing_proves_nothing() {
    let canary = Canary::new();
    canary.search("output", "text");
    canary.assert_clean();
}
