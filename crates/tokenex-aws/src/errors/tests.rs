//! Each row of the table.

use tokenex_core::ErrorKind::{self, *};

use super::*;

fn refused(step: Step, status: u16, code: &str, message: &str) -> Error {
    let status = StatusCode::from_u16(status).unwrap();
    refusal(step, &Refused { status, code: Some(code), message }, &[])
}

#[test]
fn each_refusal_is_classified_by_code_place_and_message() {
    use Step::{AssumeRole, Outbound, WebIdentity};
    // step, status, code, what AWS says, kind, transient
    let table: &[(Step, u16, &str, &str, ErrorKind, bool)] = &[
        (
            WebIdentity,
            400,
            "ExpiredTokenException",
            "Token expired: current date/time 1 must be before ...",
            Identity,
            true,
        ),
        (WebIdentity, 400, "ExpiredToken", "", Identity, true),
        (WebIdentity, 400, "IDPCommunicationError", "", Unavailable, true),
        (WebIdentity, 400, "IDPCommunicationErrorException", "", Unavailable, true),
        (WebIdentity, 403, "IDPRejectedClaim", "", Trust, false),
        (
            WebIdentity,
            400,
            "InvalidIdentityToken",
            "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity ...",
            Unavailable,
            true,
        ),
        (WebIdentity, 400, "InvalidIdentityToken", "Incorrect token audience", Trust, false),
        (
            WebIdentity,
            400,
            "InvalidIdentityToken",
            "No OpenIDConnect provider found in your account for https://x",
            Trust,
            false,
        ),
        (
            WebIdentity,
            400,
            "InvalidIdentityToken",
            "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
            Trust,
            false,
        ),
        (WebIdentity, 400, "InvalidIdentityTokenException", "The ID Token provided is not a valid JWT.", Trust, false),
        (WebIdentity, 403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", Trust, false),
        (AssumeRole, 403, "AccessDenied", "User: x is not authorized to perform: sts:AssumeRole on y", Denied, false),
        (Outbound, 403, "AccessDenied", "", Denied, false),
        (WebIdentity, 400, "MalformedPolicyDocument", "", Configuration, false),
        (AssumeRole, 400, "PackedPolicyTooLarge", "", Configuration, false),
        (WebIdentity, 403, "RegionDisabledException", "", Configuration, false),
        (WebIdentity, 400, "ValidationError", "1 validation error detected", Configuration, false),
        (
            AssumeRole,
            400,
            "ValidationError",
            "... exceeds the MaxSessionDuration set for this role.",
            Configuration,
            false,
        ),
        (
            AssumeRole,
            400,
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
            Configuration,
            false,
        ),
        (WebIdentity, 400, "Throttling", "Rate exceeded", Throttled, true),
        (AssumeRole, 400, "ThrottlingException", "Rate exceeded", Throttled, true),
        (WebIdentity, 500, "InternalFailure", "", Unavailable, true),
        (WebIdentity, 503, "ServiceUnavailable", "", Unavailable, true),
        (WebIdentity, 502, "SomethingNew", "", Unavailable, true),
        (WebIdentity, 429, "SomethingNew", "", Throttled, true),
        (WebIdentity, 403, "SomethingNew", "", Denied, false),
        (WebIdentity, 400, "SomethingNew", "", Other, false),
        (AssumeRole, 403, "ExpiredToken", "The security token included in the request is expired", Identity, true),
        (
            AssumeRole,
            403,
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
            Trust,
            false,
        ),
        (AssumeRole, 403, "SignatureDoesNotMatch", "The request signature we calculated does not match", Trust, false),
        (AssumeRole, 403, "SignatureDoesNotMatch", "Signature expired: 1 is now earlier than 2", Denied, true),
        (Outbound, 403, "SignatureDoesNotMatch", "Signature not yet current: 1 is still later than 2", Denied, true),
        (AssumeRole, 400, "RequestExpired", "", Denied, true),
        (AssumeRole, 403, "MissingAuthenticationToken", "", Denied, false),
        (AssumeRole, 400, "IncompleteSignature", "", Trust, false),
        (AssumeRole, 403, "OptInRequired", "", Configuration, false),
        (Outbound, 403, "OutboundWebIdentityFederationDisabledException", "", Denied, false),
        (Outbound, 403, "OutboundWebIdentityFederationDisabled", "", Denied, false),
        (Outbound, 403, "SessionDurationEscalationException", "", Configuration, false),
        (Outbound, 400, "JWTPayloadSizeExceededException", "", Configuration, false),
        (Outbound, 400, "InvalidAction", "Could not find operation GetWebIdentityToken", Configuration, false),
    ];
    for (step, status, code, message, kind, is_transient) in table {
        let error = refused(*step, *status, code, message);
        assert_eq!((error.kind(), error.is_transient()), (*kind, *is_transient), "{step:?} {code} {message}: {error}");
        assert_eq!((error.code(), error.step()), (Some(*code), Some(step.name())));
        assert_eq!(error.status().map(|status| status.as_u16()), Some(*status));
        assert!(error.said().unwrap_or_default().len() == message.len(), "{error}");
    }
}

#[test]
fn only_a_stale_identity_token_is_worth_another_one_and_only_a_refused_signer_too() {
    assert!(wants_new_identity(&refused(Step::WebIdentity, 400, "ExpiredTokenException", "")));
    assert!(wants_new_identity(&refused(Step::WebIdentity, 400, "ExpiredToken", "")));
    assert!(!wants_new_identity(&refused(Step::AssumeRole, 403, "ExpiredToken", "")));
    assert!(!wants_new_identity(&refused(Step::WebIdentity, 400, "InvalidIdentityToken", "Token expired")));
    assert!(wants_other_signer(&refused(Step::AssumeRole, 403, "ExpiredToken", "")));
    assert!(wants_other_signer(&refused(Step::Outbound, 403, "InvalidClientTokenId", "")));
    assert!(!wants_other_signer(&refused(Step::AssumeRole, 403, "AccessDenied", "")));
}

#[test]
fn an_access_key_that_was_just_made_is_given_time() {
    let unknown = || refused(Step::AssumeRole, 403, "InvalidClientTokenId", "");
    let young = judge_by_age(unknown(), Some(Duration::from_secs(20)));
    assert!(young.is_transient() && young.to_string().contains("20 s ago"), "{young}");
    assert!(!judge_by_age(unknown(), Some(YOUNG)).is_transient());
    assert!(!judge_by_age(unknown(), None).is_transient());
    let denied = refused(Step::AssumeRole, 403, "AccessDenied", "");
    assert!(!judge_by_age(denied, Some(Duration::ZERO)).is_transient());
}

#[test]
fn a_page_of_a_proxy_is_named_as_such() {
    let page = |status| {
        let status = StatusCode::from_u16(status).unwrap();
        refusal(Step::WebIdentity, &Refused { status, code: None, message: "" }, &[])
    };
    for (status, kind, is_transient) in [
        (200, Protocol, true),
        (302, Configuration, false),
        (400, Protocol, true),
        (403, Protocol, true),
        (429, Throttled, true),
        (502, Unavailable, true),
    ] {
        let error = page(status);
        assert_eq!((error.kind(), error.is_transient(), error.code()), (kind, is_transient, Some("foreign_answer")));
        assert!(error.advice().is_some(), "{error}");
    }
    assert!(page(502).to_string().contains("load balancer"));
}

#[test]
fn what_was_sent_is_masked() {
    let refused = Refused { status: StatusCode::FORBIDDEN, code: Some("AccessDenied"), message: "not you, my-token" };
    let error = refusal(Step::WebIdentity, &refused, &["my-token"]);
    assert!(!error.to_string().contains("my-token") && error.to_string().contains("not you"), "{error}");
}

#[test]
fn the_wait_asked_for_is_in_milliseconds() {
    let headers = |value: &str| HeaderMap::from_iter([("x-amz-retry-after".parse().unwrap(), value.parse().unwrap())]);
    assert_eq!(retry_after(&headers("1500")), Some(Duration::from_millis(1500)));
    for bad in ["", "soon", "-1", "1.5"] {
        assert_eq!(retry_after(&headers(bad)), None);
    }
    assert_eq!(retry_after(&HeaderMap::new()), None);
}
