//! The session key: made, read, written.

use std::time::Duration;

use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::pkcs8::{DecodePublicKey as _, EncodePrivateKey as _, LineEnding};
use rsa::rand_core::OsRng;
use rsa::traits::PublicKeyParts as _;
use tokenex_core::{ErrorKind, Secret};
use tokenex_oci::{KeySize, SessionKey};
use tokio::time::{Instant, timeout};

fn made(bits: usize) -> RsaPrivateKey {
    RsaPrivateKey::new(&mut OsRng, bits).unwrap()
}

fn pkcs8(key: &RsaPrivateKey) -> String {
    key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string()
}

fn read(pem: &str) -> Result<SessionKey, tokenex_core::Error> {
    SessionKey::from_pem(&Secret::new(pem), None)
}

#[tokio::test]
async fn a_new_key_has_the_size_asked_for_and_the_usual_exponent() {
    for (size, bits) in [(KeySize::default(), 2048), (KeySize::Rsa3072, 3072)] {
        let key = SessionKey::generate(size).await.unwrap();
        assert_eq!((key.size(), size.bits()), (bits, bits));
        let public = rsa::RsaPublicKey::from_public_key_der(key.public_der()).unwrap();
        assert_eq!((public.size() * 8, public.e()), (bits, &rsa::BigUint::from(65537_u32)));
    }
}

#[tokio::test]
async fn each_key_is_another_one() {
    let one = SessionKey::generate(KeySize::Rsa2048).await.unwrap();
    let other = SessionKey::generate(KeySize::Rsa2048).await.unwrap();
    assert_ne!(one.public_der(), other.public_der());
    assert_ne!(one.fingerprint(), other.fingerprint());
    assert_eq!(one.fingerprint(), one.clone().fingerprint());
}

#[tokio::test]
async fn what_was_written_is_read_as_the_same_key() {
    let key = SessionKey::generate(KeySize::Rsa2048).await.unwrap();
    let again = SessionKey::from_pem(&key.to_pkcs8_pem(), None).unwrap();
    assert_eq!(again.public_der(), key.public_der());
    assert!(again.to_pkcs8_pem().same_as(&key.to_pkcs8_pem()));
}

#[test]
fn keys_are_read_in_all_forms_that_oracle_cloud_hands_out() {
    let key = made(2048);
    let encrypted = key.to_pkcs8_encrypted_pem(OsRng, "hunter22", LineEnding::CRLF).unwrap();
    let passphrase = Secret::new("hunter22");
    let (pkcs1, pkcs8) = (key.to_pkcs1_pem(LineEnding::LF).unwrap(), pkcs8(&key));
    let public = read(&pkcs1).unwrap().public_der().to_vec();
    assert_eq!(read(&pkcs8).unwrap().public_der(), public);
    // The CLI writes a line of its own below the keys that it makes.
    assert_eq!(read(&format!("\u{feff}a note\n{pkcs8}OCI_API_KEY\n")).unwrap().public_der(), public);
    for pem in [encrypted.as_str(), &pkcs8] {
        assert_eq!(SessionKey::from_pem(&Secret::new(pem), Some(&passphrase)).unwrap().public_der(), public);
    }
}

#[test]
fn what_is_no_usable_key_is_refused_with_the_reason_and_without_its_text() {
    let key = made(2048);
    let encrypted = key.to_pkcs8_encrypted_pem(OsRng, "right", LineEnding::LF).unwrap();
    let block = |label: &str, inside: &str| format!("-----BEGIN {label}-----\n{inside}\n-----END {label}-----\n");
    let curve = ring::signature::EcdsaKeyPair::generate_pkcs8(
        &ring::signature::ECDSA_P256_SHA256_ASN1_SIGNING,
        &ring::rand::SystemRandom::new(),
    );
    let curve = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(curve.unwrap())
    };
    for (pem, word) in [
        (String::new(), "not PEM"),
        ("hunter22".to_owned(), "not PEM"),
        ("-----BEGIN PRIVATE KEY-----\nhunter22".to_owned(), "not PEM"),
        (block("PRIVATE KEY", "hunter22!"), "base64"),
        (block("PRIVATE KEY", "hunter22"), "PKCS#8"),
        (block("PRIVATE KEY", &curve), "not an RSA key"),
        (block("EC PRIVATE KEY", "hunter22"), "not an RSA key"),
        (block("RSA PRIVATE KEY", "hunter22"), "damaged"),
        (block("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nhunter22"), "topk8"),
        (block("ENCRYPTED PRIVATE KEY", "hunter22"), "no pass phrase"),
        (encrypted.to_string(), "no pass phrase"),
        (block("OPENSSH PRIVATE KEY", "hunter22"), "OpenSSH"),
        (block("PUBLIC KEY", "hunter22"), "no private key"),
        (block("CERTIFICATE", "hunter22"), "no private key"),
        (pkcs8(&made(1024)), "1024 bits"),
        (pkcs8(&key).replace('\n', "").replace("KEY-----MII", "KEY-----MIJ"), "PKCS#8"),
    ] {
        let error = read(&pem).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("bad_key")), "{word}");
        let printed = format!("{error:?}");
        assert!(printed.contains(word) && !printed.contains("hunter22"), "{printed}");
    }
    let wrong = SessionKey::from_pem(&Secret::new(encrypted.as_str()), Some(&Secret::new("hunter22"))).unwrap_err();
    let printed = format!("{wrong:?}");
    assert!(printed.contains("pass phrase") && !printed.contains("hunter22"), "{printed}");
}

#[tokio::test]
async fn nothing_prints_the_private_half() {
    let key = SessionKey::generate(KeySize::Rsa2048).await.unwrap();
    let pem = key.to_pkcs8_pem();
    let printed = format!("{key:?} {pem:?}");
    assert!(printed.contains(&key.fingerprint()));
    assert!(pem.expose().lines().filter(|line| !line.starts_with('-')).all(|line| !printed.contains(line)));
}

#[tokio::test]
async fn who_gives_up_does_not_keep_the_next_one_from_its_key() {
    for _ in 0..3 {
        let given_up = timeout(Duration::from_millis(1), SessionKey::generate(KeySize::Rsa3072));
        let _ = given_up.await;
    }
    let (mut one, mut two) =
        (Box::pin(SessionKey::generate(KeySize::Rsa2048)), Box::pin(SessionKey::generate(KeySize::Rsa2048)));
    let now = std::future::ready(());
    // Both are in the queue; the first leaves it.
    tokio::select! { biased; _ = &mut one => unreachable!(), _ = &mut two => unreachable!(), () = now => {} }
    drop(one);
    two.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn moved_time_stands_still_while_keys_are_made_here_and_elsewhere() {
    let elsewhere = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { SessionKey::generate(KeySize::Rsa3072).await.unwrap() })
    });
    let started_at = Instant::now();
    let keys = (0..4).map(|_| tokio::spawn(SessionKey::generate(KeySize::Rsa2048))).collect::<Vec<_>>();
    for key in keys {
        timeout(Duration::from_secs(1), key).await.expect("no time passed").unwrap().unwrap();
    }
    assert_eq!(started_at.elapsed(), Duration::ZERO);
    elsewhere.join().unwrap();
}

#[test]
fn outside_of_a_runtime_the_error_says_so() {
    let mut making = Box::pin(SessionKey::generate(KeySize::Rsa2048));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(error)) = making.as_mut().poll(&mut cx) else { panic!("it waits") };
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("tokio runtime"));
}
