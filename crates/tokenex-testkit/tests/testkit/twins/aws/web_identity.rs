use std::time::Duration;

use serde_json::json;
use tokenex_testkit::issuer::{Algorithm, OldKey};
use tokenex_testkit::twins::aws::{IdentityProviderFailure, TrustStatement};
use tokenex_testkit::twins::{Fault, RetryAfter};

use super::support::*;

#[test]
fn a_trusted_token_becomes_a_session_of_an_hour() {
    let world = World::new();
    let answer = world.web_identity(&world.identity().algorithm(Algorithm::Rs256).sign());
    let keys = answer.keys();
    assert!(keys.id.starts_with("ASIA") && keys.id.len() == 20 && keys.secret.len() == 40, "{}", keys.id);
    assert_eq!(answer.element("Expiration"), "2026-01-01T01:00:00Z");
    assert_eq!(answer.element("Arn"), "arn:aws:sts::123456789012:assumed-role/deployer/ci");
    assert!(answer.element("AssumedRoleId").starts_with("AROA") && answer.element("AssumedRoleId").ends_with(":ci"));
    assert_eq!(answer.element("SubjectFromWebIdentityToken"), SUBJECT);
    assert_eq!((answer.element("Provider"), answer.element("Audience")), (ISSUER, AUDIENCE));
    assert_eq!(answer.headers["date"], "Thu, 01 Jan 2026 00:00:00 GMT");
    assert_eq!(answer.element("RequestId"), answer.headers["x-amzn-requestid"].to_str().unwrap());

    let [exchange] = world.sts.exchanges().try_into().unwrap();
    assert_eq!(exchange.presented, Some((ISSUER.to_owned(), SUBJECT.to_owned(), vec![AUDIENCE.to_owned()])));
    assert_eq!((exchange.outcome.as_deref(), exchange.session_name.as_str()), (Ok(keys.id.as_str()), "ci"));
    assert_eq!(world.sts.issued(), 1);
}

#[test]
fn another_subject_audience_or_issuer_is_refused() {
    let world = World::new();
    let not_authorized = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
    for subject in ["repo:acme/other", "REPO:acme/app:ref:refs/heads/main"] {
        let answer = world.web_identity(&world.identity().subject(subject).sign());
        assert_eq!((answer.refusal(), answer.message()), ((403, "AccessDenied"), not_authorized));
    }
    let answer = world.web_identity(&world.issuer.token().subject(SUBJECT).audience("other").sign());
    assert_eq!((answer.refusal(), answer.message()), ((400, "InvalidIdentityToken"), "Incorrect token audience"));
    // An audience that the account takes and the role does not.
    world.account.oidc_provider(ISSUER, "other");
    let answer = world.web_identity(&world.issuer.token().subject(SUBJECT).audience("other").sign());
    assert_eq!(answer.refusal(), (403, "AccessDenied"));
    let answer = world.web_identity(&world.identity().claim("iss", "https://elsewhere.test").sign());
    assert_eq!(answer.refusal(), (400, "InvalidIdentityToken"));
    assert_eq!(answer.message(), "No OpenIDConnect provider found in your account for https://elsewhere.test");
    assert_eq!(world.sts.issued(), 0);
}

#[test]
fn the_role_must_exist_and_trust() {
    let world = World::new();
    let jwt = world.identity().sign();
    let absent = [("RoleArn", "arn:aws:iam::123456789012:role/absent")];
    assert_eq!(world.web_identity_with(&jwt, &absent).refusal(), (403, "AccessDenied"));
    let other = world.account.role("other");
    assert_eq!(world.web_identity_with(&jwt, &[("RoleArn", other.arn())]).refusal(), (403, "AccessDenied"));
    let trust = other.trust(TrustStatement::web_identity(ISSUER).string_like("sub", "repo:acme/*"));
    assert_eq!(world.web_identity_with(&jwt, &[("RoleArn", other.arn())]).status, 200);
    trust.remove();
    assert_eq!(world.web_identity_with(&jwt, &[("RoleArn", other.arn())]).refusal(), (403, "AccessDenied"));
}

#[test]
fn signature_and_times_are_checked() {
    let world = World::new();
    let invalid = (400, "InvalidIdentityToken");
    assert_eq!(world.web_identity(&world.identity().forged().sign()).refusal(), invalid);
    assert_eq!(world.web_identity(&world.identity().unsigned().sign()).refusal(), invalid);
    assert_eq!(world.web_identity("ey.ey.ey").refusal(), invalid);
    assert_eq!(world.web_identity(&world.identity().without("iat").sign()).refusal(), invalid);
    assert_eq!(world.web_identity(&world.identity().without("sub").sign()).message(), "Missing a required claim: sub");
    assert_eq!(world.web_identity(&world.identity().claim("exp", json!(1.9e9)).sign()).refusal(), invalid);
    let later = world.clock.now() + Duration::from_secs(3600);
    assert_eq!(world.web_identity(&world.identity().not_before(later).sign()).refusal(), invalid);

    let old = world.identity().sign();
    world.issuer.rotate(Algorithm::Es256, OldKey::Dropped);
    assert!(world.web_identity(&old).message().starts_with("Couldn't retrieve verification key"));

    let expired = world.identity().expired_since(Duration::from_secs(40)).sign();
    assert_eq!(world.web_identity(&expired).refusal(), (400, "ExpiredTokenException"));
    world.sts.token_leeway(Duration::from_secs(60));
    assert_eq!(world.web_identity(&expired).status, 200);
}

#[test]
fn parameters_out_of_bounds_are_told_all_at_once() {
    let world = World::new();
    let jwt = world.identity().sign();
    for (name, value, rule) in [
        ("RoleSessionName", "a", "greater than or equal to 2"),
        ("RoleSessionName", "with blank", "regular expression"),
        ("DurationSeconds", "899", "greater than or equal to 900"),
        ("DurationSeconds", "43201", "less than or equal to 43200"),
        ("RoleArn", "short", "greater than or equal to 20"),
        ("RoleArn", "arn:aws:iam::123456789012:user/deployer", "Request ARN is invalid"),
        ("WebIdentityToken", "abc", "greater than or equal to 4"),
        ("WebIdentityToken", "", "must not be null"),
        ("DurationSeconds", "3601", "exceeds the MaxSessionDuration"),
    ] {
        let answer = world.web_identity_with(&jwt, &[(name, value)]);
        assert_eq!(answer.refusal(), (400, "ValidationError"), "{name} {value}");
        assert!(answer.message().contains(rule), "{}", answer.message());
    }
    let answer = world.web_identity_with(&jwt, &[("RoleSessionName", "a"), ("DurationSeconds", "1")]);
    assert!(answer.message().starts_with("2 validation errors detected: "), "{}", answer.message());
    let secret = "x".repeat(20_001);
    assert!(!world.web_identity(&secret).body.contains("xxx"), "a token is repeated");
    assert_eq!(world.web_identity_with(&jwt, &[("Policy", "{")]).refusal(), (400, "MalformedPolicyDocument"));
    let policy = json!({"Statement": [], "Id": "x".repeat(2048)}).to_string();
    assert_eq!(world.web_identity_with(&jwt, &[("Policy", &policy)]).refusal(), (400, "PackedPolicyTooLarge"));
    let policy = json!({"Version": "2012-10-17", "Statement": []}).to_string();
    assert_eq!(world.web_identity_with(&jwt, &[("Policy", &policy)]).element("PackedPolicySize"), "2");

    world.role.maximum_session(Duration::from_secs(43_200));
    let answer = world.web_identity_with(&jwt, &[("DurationSeconds", "43200")]);
    assert_eq!(answer.element("Expiration"), "2026-01-01T12:00:00Z");
}

#[test]
fn tags_and_source_identity_of_the_token_need_trust_of_their_own() {
    let world = World::new();
    let tags = json!({"principal_tags": {"team": ["a"]}, "transitive_tag_keys": ["team"]});
    let tagged = world.identity().claim("https://aws.amazon.com/tags", tags);
    let tagged = tagged.claim("https://aws.amazon.com/source_identity", "ada").sign();
    assert_eq!(world.web_identity(&tagged).refusal(), (403, "AccessDenied"));
    world.role.trust(TrustStatement::web_identity(ISSUER).tag_session().set_source_identity());
    assert_eq!(world.web_identity(&tagged).element("SourceIdentity"), "ada");
}

#[test]
fn new_trust_spreads_slowly() {
    let world = World::new();
    let jwt = world.identity().lifetime(Duration::from_secs(3600)).sign();
    let role = world.account.role("new");
    let trust = role.trust_subject(ISSUER, SUBJECT, AUDIENCE);
    let call = || world.web_identity_with(&jwt, &[("RoleArn", role.arn())]).status;
    trust.seen_by([false, true, false]);
    assert_eq!([call(), call(), call(), call()], [403, 200, 403, 200]);
    role.unseen_for(1);
    assert_eq!([call(), call()], [403, 200]);
    trust.seen_from(world.clock.now() + Duration::from_secs(30));
    assert_eq!(call(), 403);
    world.clock.advance(30);
    assert_eq!(call(), 200);
    let provider = world.account.oidc_provider(ISSUER, "more");
    provider.unseen_for(1);
    assert_eq!([call(), call()], [400, 200]);
}

#[test]
fn bad_days_are_told_in_the_words_of_sts() {
    let world = World::new();
    let jwt = world.identity().sign();
    world.sts.fault(1, Fault::Throttled(RetryAfter::Seconds(3)));
    let answer = world.web_identity(&jwt);
    assert_eq!((answer.refusal(), answer.message()), ((400, "Throttling"), "Rate exceeded"));
    assert_eq!(
        (answer.headers.get("retry-after"), &answer.headers["x-amz-retry-after"]),
        (None, &"3000".parse().unwrap())
    );
    world.sts.fault(1, Fault::OutOfOrder(503, RetryAfter::Absent));
    assert_eq!(world.web_identity(&jwt).refusal(), (503, "ServiceUnavailable"));
    world.sts.fault(1, Fault::OutOfOrder(500, RetryAfter::Absent));
    assert_eq!(world.web_identity(&jwt).refusal(), (500, "InternalFailure"));
    world.sts.fault(1, Fault::HalfBody);
    let answer = world.web_identity(&jwt);
    assert!(answer.status == 200 && !answer.body.contains("</AssumeRoleWithWebIdentityResponse>"));
    world.sts.identity_provider_fails(1, IdentityProviderFailure::Unreachable);
    assert_eq!(world.web_identity(&jwt).refusal(), (400, "IDPCommunicationError"));
    world.sts.identity_provider_fails(1, IdentityProviderFailure::RejectedClaim);
    assert_eq!(world.web_identity(&jwt).refusal(), (403, "IDPRejectedClaim"));
    world.sts.issuer_down(ISSUER);
    assert!(world.web_identity(&jwt).message().starts_with("Couldn't retrieve verification key"));
    world.sts.issuer_up(ISSUER);
    world.sts.disable_region("eu-west-1");
    assert_eq!(world.web_identity(&jwt).refusal(), (403, "RegionDisabledException"));
}

#[test]
fn unknown_actions_and_versions_are_refused() {
    let world = World::new();
    assert_eq!(world.call("GetSessionToken", &[]).refusal(), (400, "InvalidAction"));
    let other_version = "Action=GetCallerIdentity&Version=2010-01-01".to_owned();
    assert_eq!(world.send(post(HOST), other_version).refusal(), (400, "InvalidAction"));
    assert_eq!(world.send(post(HOST), String::new()).refusal(), (400, "MissingAction"));
}
