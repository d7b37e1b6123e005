use std::{collections::BTreeSet, path::Path, time::Duration};

use tokenex_testkit::{servers::PythonScript, tls::Certificates};

fn script(name: &str) -> PythonScript {
    PythonScript::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real").join(name)).unwrap()
}

#[tokio::test]
async fn a_script_finds_the_pinned_clients_its_input_and_nothing_of_the_surroundings() {
    let certificates = Certificates::for_loopback();
    let script = script("surroundings.py").trust(certificates.ca_pem()).variable("IDENTITY_HEADER", "h");
    let end = script.input("a secret").run().await.unwrap();

    assert!(end.succeeded(), "{}", end.stderr());
    let found: serde_json::Value = serde_json::from_str(end.stdout()).unwrap();
    assert_eq!((&found["msal"], &found["input"]), (&"1.39.0".into(), &"a secret".into()));
    assert_eq!(found["trusted"], certificates.ca_pem());
    let variables: BTreeSet<&str> = found["variables"].as_object().unwrap().keys().map(String::as_str).collect();
    // Python itself, or the system's C library, may add one of these.
    let expected =
        ["AWS_CA_BUNDLE", "CURL_CA_BUNDLE", "HOME", "IDENTITY_HEADER", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"];
    let system = BTreeSet::from(["LC_CTYPE", "__CF_USER_TEXT_ENCODING"]);
    assert_eq!(variables.difference(&system).copied().collect::<Vec<_>>(), expected);
    assert_eq!(found["arguments"], serde_json::json!([]));
    assert!(!Path::new(found["folder"].as_str().unwrap()).exists(), "its folder goes with it");
}

#[tokio::test]
async fn a_script_that_fails_says_why() {
    let end = script("no_such_script.py").run().await.unwrap();
    assert!(!end.succeeded());
    assert!(end.stderr().contains("no_such_script.py"), "{}", end.stderr());
}

#[tokio::test]
async fn a_script_that_does_not_end_is_killed() {
    let error = script("stuck.py").within(Duration::from_millis(500)).run().await.unwrap_err();
    assert!(error.to_string().contains("did not end within 500ms"), "{error}");
}
