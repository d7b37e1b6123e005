//! Each refusal, and what it becomes.

use super::*;
use serde_json::{Value, json};

fn refused(status: u16, body: &Value) -> Error {
    let status = StatusCode::from_u16(status).unwrap();
    refusal(status, body.to_string().as_bytes(), &["my-assertion"], &Cloud::us_government())
}

fn coded(code: u64) -> Error {
    refused(
        400,
        &json!({"error": "invalid_request", "error_codes": [code],
        "error_description": format!("AADSTS{code}: Some text. Trace ID: t Correlation ID: c Timestamp: 2026-01-01")}),
    )
}

#[test]
fn each_code_is_classified() {
    use ErrorKind::*;
    // codes, kind, transient
    let table: &[(&[u64], ErrorKind, bool)] = &[
        (&[70_021, 700_211, 700_212, 700_213, 7_002_138, 7_002_131, 7_002_121, 7_002_137], Trust, false),
        (&[70_025, 700_222, 700_226, 700_229, 700_227, 700_236, 70_022_204], Trust, false),
        (&[700_223, 700_238, 700_214, 700_231, 7_002_381], Denied, false),
        (&[700_024, 500_133], Identity, true),
        (&[50_013, 50_027, 5_002_727], Identity, false),
        (&[50_012, 700_027], Trust, false),
        (&[7_000_272], Trust, true),
        (&[50_166, 501_661, 90_061], Unavailable, true),
        (&[90_002, 700_016, 7_000_229, 500_011, 50_001], NotFound, false),
        (&[90_038, 900_382, 900_432, 900_439], Configuration, false),
        (&[7_000_112, 650_057, 501_051, 65_001, 53_003], Denied, false),
        (&[7_000_215, 7_000_222], Trust, false),
        (
            &[7_000_218, 700_025, 70_011, 1_002_012, 700_022, 90_014, 900_144, 9_001_023, 50_059, 70_003],
            Configuration,
            false,
        ),
        (&[50_196, 90_055], Throttled, true),
        (&[50_033, 90_006, 90_012, 90_024, 90_033, 90_090], Unavailable, true),
        (&[90_036], Unavailable, false),
    ];
    for (codes, kind, is_transient) in table {
        for code in *codes {
            let error = coded(*code);
            assert_eq!((error.kind(), error.is_transient()), (*kind, *is_transient), "{error}");
            assert_eq!(error.code(), Some(format!("AADSTS{code}").as_str()));
        }
    }
}

#[test]
fn what_a_person_can_mend_comes_with_advice() {
    for (code, word) in [
        (700_211, "issuer"),
        (700_212, "audience"),
        (700_213, "subject"),
        (7_002_138, "upper and lower case"),
        (70_021, "minutes"),
        (70_025, "minutes"),
        (700_016, "not the object id"),
        (7_000_215, "not its id"),
        (700_022, "one credential for each scope"),
        (50_166, "reachable from the internet"),
    ] {
        let text = coded(code).to_string();
        assert!(text.contains(word), "{text}");
    }
}

#[test]
fn a_wrong_cloud_names_the_one_in_use() {
    for code in [90_002, 90_038, 900_382, 900_432, 900_439] {
        let text = coded(code).to_string();
        assert!(text.contains("Azure US Government") && text.contains("login.microsoftonline.us"), "{text}");
    }
}

#[test]
fn what_support_asks_for_is_kept_and_the_text_said_once() {
    let error = coded(700_213);
    assert_eq!((error.request_id(), error.correlation_id()), (Some("t"), Some("c")));
    assert_eq!((error.time(), error.said()), (Some("2026-01-01"), Some("Some text.")));
}

#[test]
fn without_a_known_code_name_and_status_decide() {
    use ErrorKind::*;
    for (status, name, kind, is_transient) in [
        (401, "invalid_client", Trust, false),
        (400, "invalid_grant", Identity, false),
        (400, "invalid_request", Configuration, false),
        (400, "invalid_scope", Configuration, false),
        (400, "invalid_resource", NotFound, false),
        (400, "unauthorized_client", Denied, false),
        (400, "unsupported_grant_type", Configuration, false),
        (400, "interaction_required", Denied, false),
        (400, "temporarily_unavailable", Unavailable, true),
        (429, "invalid_request", Throttled, true),
        (503, "invalid_request", Unavailable, true),
        (400, "never_heard_of", Other, false),
        (403, "never_heard_of", Denied, false),
        (404, "never_heard_of", NotFound, false),
        (302, "never_heard_of", Configuration, false),
    ] {
        let error = refused(status, &json!({ "error": name }));
        assert_eq!((error.kind(), error.is_transient()), (kind, is_transient), "{status} {name}: {error}");
        assert_eq!(error.code(), Some(name));
    }
    let unknown = refused(400, &json!({"error": "invalid_client", "error_codes": [123_456]}));
    assert_eq!((unknown.kind(), unknown.code()), (Trust, Some("AADSTS123456")));
    assert!(unknown.to_string().contains("code=123456"), "{unknown}");
}

#[test]
fn a_page_is_not_repeated_and_is_named_as_such() {
    use ErrorKind::*;
    for (status, body, kind) in [
        (502, "<html>hunter22</html>", Unavailable),
        (503, "", Unavailable),
        (429, "<html>", Throttled),
        (400, "{\"error\":\"invalid_client\",\"error_descr hunter22", Protocol),
        (403, "<html>hunter22</html>", Protocol),
        (302, "", Configuration),
    ] {
        let error = refusal(StatusCode::from_u16(status).unwrap(), body.as_bytes(), &[], &Cloud::public());
        assert_eq!((error.kind(), error.code(), error.said()), (kind, Some("foreign_answer"), None), "{error}");
        assert!(error.advice().is_some() && !format!("{error:?}").contains("hunter22"));
    }
}

#[test]
fn what_was_sent_is_masked() {
    let body = json!({"error": "invalid_client", "error_description": "AADSTS50027: bad my-assertion here."});
    let error = refused(400, &body);
    assert_eq!(error.said(), Some("bad *** here."));
    assert_eq!(error.code(), Some("AADSTS50027"));
}

#[test]
fn a_loop_is_left_for_minutes() {
    assert_eq!(coded(50_196).retry_after(), Some(Duration::from_secs(120)));
}

#[test]
fn a_newer_assertion_is_worth_a_try_only_where_it_can_help() {
    for code in [700_024, 700_027, 50_012, 50_013, 500_133] {
        assert!(wants_new_assertion(&coded(code)));
    }
    for code in [700_213, 70_021, 700_016, 50_027, 90_033] {
        assert!(!wants_new_assertion(&coded(code)));
    }
}
