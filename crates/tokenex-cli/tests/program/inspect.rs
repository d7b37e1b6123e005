//! `tokenex inspect`.

use std::time::{Duration, SystemTime};

use tokenex_testkit::issuer::IssuerKeys;

use crate::program::tokenex;
use crate::world::{Folder, ISSUER, SECOND};

fn issuer() -> IssuerKeys {
    IssuerKeys::new(ISSUER)
}

#[tokio::test]
async fn claims_and_times_are_said_in_words_and_the_signature_never() {
    let token = issuer().token().subject("ci").audience("vault").lifetime(600 * SECOND).sign();
    let signature = token.rsplit('.').next().unwrap();
    let folder = Folder::new();
    let file = folder.write("token.jwt", &format!("{token}\n"));
    for run in [
        tokenex(["inspect", file.to_str().unwrap()]),
        tokenex(["inspect", "-"]).input(token.clone()),
        tokenex(["inspect"]).input(token.clone()),
    ] {
        let end = run.run().await.expect(0).silent();
        for part in [ISSUER, "ci", "vault", "iat", "in 9 min", "ES256", "10 min"] {
            assert!(end.stdout.contains(part), "{part}: {}", end.stdout);
        }
        assert!(!end.stdout.contains(signature) && !end.stdout.contains("warnings"), "{}", end.stdout);
    }
}

#[tokio::test]
async fn a_token_that_is_not_valid_now_is_shown_and_refused() {
    let token = issuer().token().subject("ci").audience("vault").expired_since(120 * SECOND).sign();
    let end = tokenex(["inspect"]).input(token).run().await.expect(3).says("expired 2 min");
    assert!(end.stdout.contains("2 min ago"), "{}", end.stdout);
    let later = SystemTime::now() + Duration::from_secs(3600);
    let token = issuer().token().subject("ci").audience("vault").not_before(later).lifetime(7200 * SECOND).sign();
    tokenex(["inspect"]).input(token).run().await.expect(3).says("not yet valid");
}

#[tokio::test]
async fn what_is_odd_is_a_warning() {
    let token =
        issuer().token().audience("a").audience("b").lifetime(Duration::from_secs(90 * 24 * 3600)).unsigned().sign();
    let end = tokenex(["inspect"]).input(token).run().await.expect(0);
    for part in ["alg is none", "it lives for 90 d"] {
        assert!(end.stdout.contains(part), "{part}: {}", end.stdout);
    }
}

#[tokio::test]
async fn what_is_no_token_is_refused_with_what_it_is() {
    let folder = Folder::new();
    for (input, part) in [
        ("", "empty"),
        ("   \n", "empty"),
        ("Bearer eyJhbGciOiJub25lIn0.e30.", "header"),
        ("\"eyJhbGciOiJub25lIn0.e30.\"", "quotation marks"),
        ("eyJ.a.b.c.d", "encrypted"),
        ("hello", "not a JWT"),
        ("a.b.c", "base64url"),
    ] {
        let end = tokenex(["inspect", "-"]).input(input).run().await.expect(3).says(part);
        assert!(end.stdout.is_empty(), "{end:?}");
    }
    tokenex(["inspect"]).input(vec![0xff; 10]).run().await.expect(3).says("not text");
    tokenex(["inspect"]).input(vec![b'a'; 100_000]).run().await.expect(3).says("64 KiB");
    tokenex(["inspect", "no-such-file"]).run().await.expect(3).says("no-such-file");
    tokenex(["inspect".into(), folder.path("")]).run().await.expect(3);
}

#[tokio::test]
async fn a_token_as_an_argument_is_refused_and_not_echoed() {
    let token = issuer().token().subject("ci").sign();
    for arguments in [vec!["inspect", &token], vec!["get", "x", "--field", &token], vec![&token]] {
        let end = tokenex(&arguments).run().await.expect(2).says("never arguments");
        assert!(!end.stderr.contains(&token[..30]) && end.stdout.is_empty(), "{end:?}");
    }
}
