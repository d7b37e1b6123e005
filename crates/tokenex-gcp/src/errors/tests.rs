use serde_json::json;

use super::*;

fn oauth(step: Step, status: u16, code: &str, said: &str) -> Error {
    let body = json!({"error": code, "error_description": said}).to_string();
    refusal(step, StatusCode::from_u16(status).unwrap(), body.as_bytes(), &[])
}

fn api(status: u16, code: &str, reason: Option<&str>) -> Error {
    let details: Vec<_> =
        reason.map(|reason| json!({"reason": reason, "metadata": {"consumer": "projects/123"}})).into_iter().collect();
    let body = json!({"error": {"code": status, "message": "m", "status": code, "details": details}}).to_string();
    refusal(Step::Impersonate, StatusCode::from_u16(status).unwrap(), body.as_bytes(), &[])
}

#[test]
fn each_refusal_of_the_exchange_is_classified() {
    use ErrorKind::*;
    // status, code, what Google says, kind, transient, a word of the advice
    let table = [
        (
            400,
            "invalid_target",
            "The target service indicated by the \"audience\" parameters is invalid.",
            Trust,
            false,
            "project number",
        ),
        (400, "invalid_request", "Invalid value for \"audience\".", Configuration, false, "provider's name"),
        (
            400,
            "invalid_grant",
            "Error connecting to the given credential's issuer.",
            Unavailable,
            true,
            "reachable from the internet",
        ),
        (
            400,
            "invalid_grant",
            "ID Token issued at 1700000000 is stale to sign-in.",
            Identity,
            true,
            "renews the token",
        ),
        (
            400,
            "invalid_grant",
            "The audience in ID Token [x] does not match the expected audience y.",
            Trust,
            false,
            "allowed audiences",
        ),
        (
            400,
            "invalid_grant",
            "The issuer in ID Token https://a does not match the expected ones: b",
            Trust,
            false,
            "issuer URI",
        ),
        (400, "invalid_grant", "Invalid token signature.", Trust, false, "RS256"),
        (
            400,
            "invalid_grant",
            "The size of mapped attribute google.subject exceeds the 127 bytes limit.",
            Trust,
            false,
            "shorter",
        ),
        (
            400,
            "invalid_grant",
            "The mapped attribute 'google.subject' must be of type STRING",
            Trust,
            false,
            "attribute mapping",
        ),
        (400, "invalid_grant", "Something new", Trust, false, "compare issuer"),
        (
            401,
            "unauthorized_client",
            "The given credential is rejected by the attribute condition.",
            Trust,
            false,
            "attribute condition",
        ),
        (400, "unauthorized_client", "", Trust, false, "5 minutes"),
        (401, "invalid_client", "The OAuth client was not found.", Trust, false, "secret"),
        (400, "invalid_scope", "", Configuration, false, "in full"),
        (400, "unsupported_grant_type", "", Configuration, false, "token URL"),
        (503, "temporarily_unavailable", "", Unavailable, true, ""),
        (400, "server_error", "", Unavailable, true, ""),
        (429, "whatever", "Quota exceeded", Throttled, true, "quotas"),
        (500, "invalid_grant", "", Unavailable, true, ""),
        (403, "strange", "", Denied, false, ""),
        (418, "strange", "", Other, false, ""),
        (302, "strange", "", Configuration, false, "address"),
    ];
    for (status, code, said, kind, transient, word) in table {
        let error = oauth(Step::Exchange, status, code, said);
        assert_eq!((error.kind(), error.is_transient()), (kind, transient), "{status} {code} {said}: {error}");
        assert_eq!((error.code(), error.status().unwrap().as_u16()), (Some(code), status));
        assert!(error.advice().unwrap_or_default().contains(word), "{error}");
    }
}

#[test]
fn each_refusal_of_iam_is_classified() {
    use ErrorKind::*;
    let table = [
        (400, "INVALID_ARGUMENT", None, Configuration, false, "LifetimeExtension"),
        (400, "FAILED_PRECONDITION", None, Denied, false, "disabled"),
        (401, "UNAUTHENTICATED", None, Identity, true, "base token"),
        (401, "UNAUTHENTICATED", Some("ACCESS_TOKEN_EXPIRED"), Identity, true, ""),
        (401, "UNAUTHENTICATED", Some("ACCOUNT_STATE_INVALID"), Denied, false, "describe"),
        (403, "PERMISSION_DENIED", None, Denied, false, "workloadIdentityUser"),
        (403, "PERMISSION_DENIED", Some("IAM_PERMISSION_DENIED"), Denied, false, "workloadIdentityUser"),
        (
            403,
            "PERMISSION_DENIED",
            Some("SERVICE_DISABLED"),
            Denied,
            false,
            "gcloud services enable iamcredentials.googleapis.com --project=123",
        ),
        (403, "PERMISSION_DENIED", Some("ACCESS_TOKEN_SCOPE_INSUFFICIENT"), Configuration, false, "cloud-platform"),
        (403, "PERMISSION_DENIED", Some("SECURITY_POLICY_VIOLATED"), Denied, false, "ingress"),
        (403, "PERMISSION_DENIED", Some("USER_PROJECT_DENIED"), Denied, false, "serviceUsageConsumer"),
        (403, "PERMISSION_DENIED", Some("BILLING_DISABLED"), Denied, false, "link"),
        (403, "PERMISSION_DENIED", Some("CONSUMER_INVALID"), Denied, false, "console"),
        (404, "NOT_FOUND", None, NotFound, false, "service-accounts list"),
        (429, "RESOURCE_EXHAUSTED", Some("RATE_LIMIT_EXCEEDED"), Throttled, true, "quotas"),
        (429, "RESOURCE_EXHAUSTED", None, Throttled, true, "quotas"),
        (409, "ABORTED", None, Unavailable, true, ""),
        (499, "CANCELLED", None, Unavailable, true, ""),
        (500, "INTERNAL", None, Unavailable, true, ""),
        (503, "UNAVAILABLE", None, Unavailable, true, ""),
        (504, "DEADLINE_EXCEEDED", None, Unavailable, true, ""),
        (405, "STRANGE", None, Other, false, ""),
    ];
    for (status, code, reason, kind, transient, word) in table {
        let error = api(status, code, reason);
        assert_eq!((error.kind(), error.is_transient()), (kind, transient), "{status} {code} {reason:?}: {error}");
        assert_eq!(error.code(), Some(reason.unwrap_or(code)));
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn each_refusal_of_a_key_is_classified() {
    use ErrorKind::*;
    let table = [
        (400, "invalid_grant", "Invalid JWT Signature.", Trust, false, true),
        (400, "invalid_grant", "Invalid grant: account not found", Trust, false, true),
        (
            400,
            "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.",
            Identity,
            true,
            false,
        ),
        (400, "invalid_grant", "The account is disabled", Denied, false, false),
        (400, "invalid_grant", "Invalid JWT: Failed audience check.", Configuration, false, false),
        (400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.", Configuration, false, false),
        (401, "unauthorized_client", "Client is unauthorized to retrieve access tokens", Denied, false, false),
        (401, "invalid_client", "The OAuth client was not found.", Trust, false, false),
        (400, "invalid_request", "", Configuration, false, false),
        (503, "temporarily_unavailable", "", Unavailable, true, false),
    ];
    for (status, code, said, kind, transient, young) in table {
        let error = oauth(Step::Grant, status, code, said);
        assert_eq!((error.kind(), error.is_transient()), (kind, transient), "{status} {code} {said}: {error}");
        assert_eq!(may_not_have_spread(&error), young, "{error}");
    }
}

#[test]
fn metadata_servers_are_judged_by_status_alone() {
    use ErrorKind::*;
    let google = [
        (404, NotFound, false),
        (403, Denied, false),
        (400, Configuration, false),
        (429, Throttled, true),
        (503, Unavailable, true),
    ];
    let aws = [
        (404, NotFound, false),
        (401, Denied, false),
        (403, Denied, false),
        (500, Unavailable, true),
        (418, Other, false),
    ];
    for (step, table) in [(Step::Metadata, google), (Step::Aws, aws)] {
        for (status, kind, transient) in table {
            let error = refusal(step, StatusCode::from_u16(status).unwrap(), b"<html>hunter22</html>", &[]);
            assert_eq!((error.kind(), error.is_transient()), (kind, transient), "{step:?} {status}");
            assert!(!format!("{error:?}").contains("hunter22"));
        }
    }
}

#[test]
fn a_disabled_api_is_named_with_its_project() {
    let body = json!({"error": {"code": 403, "message": "Security Token Service API has not been used", "status":
        "PERMISSION_DENIED", "details": [{"reason": "SERVICE_DISABLED", "metadata": {"consumer": "projects/my-app"}}]}});
    let error = refusal(Step::Exchange, StatusCode::FORBIDDEN, body.to_string().as_bytes(), &[]);
    assert_eq!(error.code(), Some("SERVICE_DISABLED"));
    assert!(error.to_string().contains("gcloud services enable sts.googleapis.com --project=my-app"), "{error}");
    let unknown = json!({"error": {"details": [{"reason": "SERVICE_DISABLED"}]}}).to_string();
    let error = refusal(Step::IdToken, StatusCode::FORBIDDEN, unknown.as_bytes(), &[]);
    assert!(error.to_string().contains("--project=PROJECT"), "{error}");
}

#[test]
fn a_page_is_no_refusal_of_google() {
    for (status, kind, transient) in [
        (400, ErrorKind::Protocol, true),
        (200, ErrorKind::Protocol, true),
        (302, ErrorKind::Configuration, false),
        (502, ErrorKind::Unavailable, true),
        (429, ErrorKind::Throttled, true),
    ] {
        for body in ["<html>hunter22</html>", "", "{\"error\""] {
            let error = refusal(Step::Exchange, StatusCode::from_u16(status).unwrap(), body.as_bytes(), &[]);
            assert_eq!((error.kind(), error.is_transient(), error.code()), (kind, transient, Some("foreign_answer")));
            assert!(!format!("{error:?}").contains("hunter22") && error.advice().is_some());
        }
    }
}

#[test]
fn what_was_sent_is_masked_in_what_comes_back() {
    let body = json!({"error": "invalid_grant", "error_description": "bad token hunter22"}).to_string();
    let error = refusal(Step::Exchange, StatusCode::BAD_REQUEST, body.as_bytes(), &["hunter22"]);
    assert_eq!(error.said(), Some("bad token ***"));
}

#[test]
fn a_wait_in_the_details_is_kept() {
    let body = json!({"error": {"status": "RESOURCE_EXHAUSTED", "details": [{"retryDelay": "30s"}]}}).to_string();
    let error = refusal(Step::Impersonate, StatusCode::TOO_MANY_REQUESTS, body.as_bytes(), &[]);
    assert_eq!(error.retry_after(), Some(std::time::Duration::from_secs(30)));
}
