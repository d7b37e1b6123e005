//! The file of the program, and what its commands for people read.

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use tokenex::core::time::TimeSource as _;

use crate::config::{Place, Problem, SourceText, parse, report};
use crate::doctor::{self, Verdict};
use crate::exchange::{Shown, at_a_place};
use crate::inspect::{self, Token};
use crate::oracle::{self, PASSWORD, SIGNATURE};
use crate::{answers, failure::Failure};

pub(super) fn file(data: &[u8]) {
    let text = SourceText::new("tokenex.toml", &String::from_utf8_lossy(data));
    let variable = |name: &str| (name == "HOST").then(|| "vault.example".to_owned());
    let parsed = parse(&text, &Place { folder: Path::new("/nowhere"), variable: &variable });
    let report = report(&parsed.problems, &text, false);
    moves_no_cursor(&report);
    if !parsed.problems.iter().any(Problem::is_error) {
        oracle::well();
    }
    // Where the secret stands is what makes it one: as a name, or as a comment, it is a word like others.
    let data = String::from_utf8_lossy(data);
    let pasted = format!("\nclient_secret = \"{PASSWORD}\"\n");
    if data.contains(&pasted) && data.matches(PASSWORD).count() == 1 {
        assert!(!report.contains(PASSWORD), "{report}");
    }
}

/// A token that somebody hands to `inspect`.
pub(super) fn token(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let report = match Token::read(&text) {
        Err(failure) => failure.to_string(),
        Ok(token) => {
            oracle::well();
            let days = [0, 20_454, 100_000_000].map(|days| UNIX_EPOCH + Duration::from_secs(days * 86_400));
            days.map(|now| inspect::report::text(&token, &inspect::warnings::of(&token, now), now)).concat()
        }
    };
    moves_no_cursor(&report);
    let signature = text.trim().rsplit('.').next().unwrap_or_default();
    if signature == SIGNATURE && text.matches(SIGNATURE).count() == 1 {
        assert!(!report.contains(SIGNATURE), "{report}");
    }
}

/// Two documents of an issuer, judged with tokens that three kinds of keys have signed.
pub(super) fn issuer(data: &[u8]) {
    for token in TOKENS {
        at_a_place(data, async |place, time| {
            let findings = doctor::examine(token, &place.attempt().transport(), time.wall()).await;
            let (_, signature) = token.rsplit_once('.').expect("a JWT");
            for finding in &findings {
                let said = format!("{finding:?}");
                assert!(!said.contains(signature), "{said}");
                let texts = finding.found.iter().chain(&finding.expected).map(|(_, text)| text);
                texts.chain([&finding.meaning]).for_each(|text| moves_no_cursor(text));
                assert!(said.len() < 20_000, "a finding of {} bytes", said.len());
            }
            // Its document, its key, and the signature by that.
            if findings.iter().take(3).all(|finding| finding.verdict == Verdict::Ok) {
                oracle::well();
            }
            Shown::Nothing
        });
    }
}

/// What a service answers to the request that shows it the new credential.
pub(super) fn probe(data: &[u8]) {
    oracle::begin();
    let answer = answers::read(data).swap_remove(0);
    match doctor::refusal(&answer, &[oracle::password()]) {
        None => oracle::well(),
        Some(error) => {
            oracle::error(&error);
            moves_no_cursor(&Failure::from(&error).to_string());
        }
    }
}

#[track_caller]
fn moves_no_cursor(text: &str) {
    assert!(!text.contains(['\u{1b}', '\u{0}', '\r', '\u{202e}']), "{}", text.escape_debug());
}

/// Of `https://issuer.test`, whose keys are in the corpus: RSA, P-256 and Ed25519.
const TOKENS: [&str; 3] = [
    "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYSIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci50ZXN0Iiwic3ViIjoid29ya2xvYWQiLCJhdWQiOiJhdWRpZW5jZSIsImlhdCI6MTc2NzIyNTYwMCwiZXhwIjoxNzY3MjI5MjAwfQ.LDL0fHyVAWtOv8VndtcagpDbmc1LpsQ-y6Ay5Pz3nS-73_rSq46otLT9H4_i1xs2iXwSbtw_GlnpTUim6ei7TOxg0QAQXjRg5n4uix1M-nRnSMa_9vLSvzhUVN8d4bckOrM-U4WRiHe6R1TIVFdomBlOfNRR1BRWch_mmU820GOv5D0Ztme5wfkHvZtWLzY7--kyarF_BeHOHmFQnq6CRy2Qv2K5FOPiQGt2oQhEnqdt4DzsSmD6bDjJsHQwF9FQIZ0gT09XzR6ASKfI9Rw1epANklVjcfZoT3jlDMLO3OLyViL-OIzkGAQomhxfs69kUFxfY6SfMIGc0pGs3XBnTw",
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImVjIiwidHlwIjoiSldUIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci50ZXN0Iiwic3ViIjoid29ya2xvYWQiLCJhdWQiOiJhdWRpZW5jZSIsImlhdCI6MTc2NzIyNTYwMCwiZXhwIjoxNzY3MjI5MjAwfQ.nEEzCK-MVlrsjRqahucIwHlocoGRWWjUPmLxKLe1mEB30If7aZnL-LZuYE5fRSYcT5o1Oax3Y4cZxkHwOycZ4w",
    "eyJhbGciOiJFZERTQSIsImtpZCI6ImVkIiwidHlwIjoiSldUIn0.eyJpc3MiOiJodHRwczovL2lzc3Vlci50ZXN0Iiwic3ViIjoid29ya2xvYWQiLCJhdWQiOiJhdWRpZW5jZSIsImlhdCI6MTc2NzIyNTYwMCwiZXhwIjoxNzY3MjI5MjAwfQ.1TMiiBOKAQKVBVLEj_divaFKu9OMoNuSO1sB3Zc7jn4I6ieH2_-4KnS7tpXE3afrcb9-wg47nN7nq1bqNlsIDQ",
];
