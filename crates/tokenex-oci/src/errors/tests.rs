//! Each row of the table.

use http::HeaderValue;
use tokenex_core::ErrorKind::{self, *};

use super::*;

fn refused(step: Step, status: u16, body: &str) -> Error {
    let headers = HeaderMap::from_iter([(REQUEST_ID.parse().unwrap(), HeaderValue::from_static("req-1"))]);
    refusal(step, StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes(), &["hunter22"])
}

fn oauth(status: u16, code: &str, said: &str) -> Error {
    let body = serde_json::json!({ "error": code, "error_description": said });
    refused(Step::Exchange, status, &body.to_string())
}

#[test]
fn each_refusal_of_a_domain_is_classified_by_status_code_and_what_it_names() {
    // status, code, what the domain says, kind, transient, a word of the error
    let table: &[(u16, &str, &str, ErrorKind, bool, &str)] = &[
        (401, "invalid_client", "Client authentication failed.", Trust, false, "confidential application"),
        (401, "unauthorized_client", "", Trust, false, "oauthClients"),
        (400, "invalid_grant", "The token has expired.", Identity, true, "clockSkewSeconds"),
        (400, "invalid_request", "The JWT is not yet valid", Identity, true, "not valid at this time"),
        (400, "invalid_grant", "The issuer is not trusted", Trust, false, "identity propagation trust"),
        (400, "invalid_grant", "", Trust, false, "identity propagation trust"),
        (400, "invalid_token", "Invalid signature", Trust, false, "publicKeyEndpoint"),
        (400, "invalid_request", "No impersonation rule matches", Trust, false, "impersonationServiceUsers"),
        (400, "invalid_grant", "Invalid audience", Trust, false, "clientClaimValues"),
        (400, "invalid_grant", "Could not fetch JWKS", Unavailable, true, "over https"),
        (400, "invalid_grant", "The claim aud of the subject token is not known", Trust, false, "clientClaimValues"),
        (400, "invalid_grant", "The keys cannot be read.", Unavailable, true, "publicKeyEndpoint"),
        (400, "invalid_request", "The rpst_exp is too long", Configuration, false, "lifetime"),
        (400, "invalid_request", "Bad public_key", Configuration, false, "2048"),
        (400, "invalid_request", "res_type is wrong", Configuration, false, "impersonatingResource"),
        (400, "invalid_request", "", Configuration, false, "most often"),
        (400, "unsupported_grant_type", "", Configuration, false, "identity domain"),
        (403, "access_denied", "", Denied, false, "denied"),
        (429, "invalid_request", "", Throttled, true, "fewer requests"),
        (503, "invalid_grant", "", Unavailable, true, "failed"),
        (500, "server_error", "", Unavailable, true, "failed"),
        (400, "temporarily_unavailable", "", Unavailable, true, "for a moment"),
        (400, "never_seen_before", "", Configuration, false, "does not take"),
        (401, "never_seen_before", "", Denied, false, "denied"),
        (418, "never_seen_before", "", Other, false, "refused"),
    ];
    for (status, code, said, kind, transient, word) in table {
        let error = oauth(*status, code, said);
        assert_eq!((error.kind(), error.is_transient()), (*kind, *transient), "{error}");
        assert!(error.to_string().contains(word), "{error}");
        assert_eq!((error.code(), error.status().unwrap().as_u16()), (Some(*code), *status));
        assert_eq!((error.provider(), error.step()), (Some("oci"), Some("exchange")));
        assert_eq!(error.request_id(), Some("req-1"));
    }
}

#[test]
fn a_signed_exchange_is_refused_in_the_form_of_the_api() {
    let error = refused(Step::Exchange, 401, r#"{"code":"NotAuthenticated","message":"wrong hunter22"}"#);
    assert_eq!((error.kind(), error.is_transient(), error.code()), (Identity, true, Some("NotAuthenticated")));
    assert_eq!(error.said(), Some("wrong ***"));
    assert!(is_about_the_client(&error) && !is_about_the_identity(&error) && !wants_new_identity(&error));
    let error = refused(Step::Exchange, 404, r#"{"code":"NotAuthorizedOrNotFound","message":"m"}"#);
    assert_eq!((error.kind(), error.is_transient()), (Denied, false));
}

#[test]
fn only_what_is_about_the_identity_token_shows_what_it_said() {
    assert!(is_about_the_identity(&oauth(400, "invalid_grant", "")));
    assert!(is_about_the_identity(&oauth(401, "unauthorized_client", "")));
    assert!(wants_new_identity(&oauth(400, "invalid_grant", "expired")));
    for error in [oauth(401, "invalid_client", ""), oauth(400, "unsupported_grant_type", "")] {
        assert!(!is_about_the_identity(&error) && !wants_new_identity(&error), "{error}");
    }
}

#[test]
fn a_page_of_somebody_else_is_told_apart() {
    for (status, kind, transient) in [
        (200, Protocol, true),
        (302, Configuration, false),
        (400, Protocol, true),
        (403, Protocol, true),
        (404, NotFound, false),
        (429, Throttled, true),
        (502, Unavailable, true),
    ] {
        let error = refused(Step::Exchange, status, "<html>hunter22</html>");
        assert_eq!((error.kind(), error.is_transient()), (kind, transient), "{error}");
        assert_eq!(error.code(), Some("foreign_answer"));
        assert!(error.advice().is_some() && !format!("{error:?}").contains("hunter22"));
    }
}

#[test]
fn the_proxymux_is_understood_by_its_status() {
    for (status, kind, transient, word) in [
        (401, Identity, true, "service account"),
        (403, Denied, false, "ENHANCED_CLUSTER"),
        (404, NotFound, false, "a cluster of OKE"),
        (429, Throttled, true, "fewer"),
        (500, Unavailable, true, "failed"),
    ] {
        for body in ["", "forbidden hunter22", r#"{"code":"NotAuthorized","message":"no"}"#] {
            let error = refused(Step::Oke, status, body);
            assert_eq!((error.kind(), error.is_transient()), (kind, transient), "{error}");
            assert!(error.to_string().contains(word), "{error}");
            assert!(!format!("{error:?}").contains("hunter22"));
        }
    }
}
