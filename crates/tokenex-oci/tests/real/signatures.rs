//! What the crate signs, Python's `cryptography` verifies from the documented signing string.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Request};
use serde_json::{Value, json};
use tokenex_core::Secret;
use tokenex_oci::{Body, KeySize, SessionKey, SessionToken};

use crate::world::{SUBJECT, World, ask};

/// A signed request, as the script wants it.
fn told(request: &Request<Vec<u8>>, upload: bool, key: &SessionKey) -> Value {
    let headers: Vec<[&str; 2]> =
        request.headers().iter().map(|(name, value)| [name.as_str(), value.to_str().unwrap()]).collect();
    json!({
        "method": request.method().as_str(),
        "target": request.uri().path_and_query().unwrap().as_str(),
        "headers": headers,
        "body": STANDARD.encode(request.body()),
        "upload": upload,
        "public_key": STANDARD.encode(key.public_der()),
    })
}

#[tokio::test]
async fn every_kind_of_request_is_verified_and_a_changed_one_is_not() {
    let world = World::new().await;
    let url = "https://objectstorage.eu-frankfurt-1.oraclecloud.com/n/acme/b?prefix=a%2Fb&x=ü";
    for size in [KeySize::Rsa2048, KeySize::Rsa3072] {
        let key = SessionKey::generate(size).await.unwrap();
        let token = SessionToken::new(Secret::new(world.jwt(SUBJECT).sign()), key.clone()).unwrap();
        let mut questions = Vec::new();
        for (method, body) in [
            (Method::GET, ""),
            (Method::HEAD, ""),
            (Method::DELETE, ""),
            (Method::POST, r#"{"a": 1}"#),
            (Method::PUT, ""),
            (Method::PATCH, "x"),
        ] {
            let request = Request::builder().method(method).uri(url.replace('ü', "%C3%BC")).body(body.into()).unwrap();
            questions.push(told(&token.signer().sign(request).unwrap(), false, &key));
        }
        let (mut parts, body) =
            Request::put("http://127.0.0.1:8080/n/acme/b/o/x").body(b"streamed".to_vec()).unwrap().into_parts();
        token.signer().sign_parts(&mut parts, Body::Unsigned).unwrap();
        questions.push(told(&Request::from_parts(parts, body), true, &key));

        let good = questions.len();
        let mut changed = questions[3].clone();
        changed["target"] = json!("/n/other/b");
        questions.push(changed);
        let mut changed = questions[3].clone();
        changed["body"] = json!(STANDARD.encode(r#"{"a": 2}"#));
        questions.push(changed);
        let other = SessionKey::generate(KeySize::Rsa2048).await.unwrap();
        let mut changed = questions[0].clone();
        changed["public_key"] = json!(STANDARD.encode(other.public_der()));
        questions.push(changed);

        let verdicts = ask("verify.py", &json!(questions), |script| script).await;
        let verdicts = verdicts.as_array().unwrap();
        let signed = json!(format!("signed by ST${}", token.secret().expose()));
        assert_eq!(verdicts[..good], vec![signed; good]);
        let wrong = "the signature is not the key's";
        assert_eq!(verdicts[good..], [json!(wrong), json!("the hash is not the body's"), json!(wrong)]);
    }
}
