use std::time::Duration;

use tokenex_testkit::twins::aws::TrustStatement;

use super::support::*;

fn assume(world: &World, keys: &Keys, role_arn: &str, more: &[(&str, &str)]) -> Answer {
    let mut parameters = vec![("RoleArn", role_arn), ("RoleSessionName", "next")];
    parameters.extend_from_slice(more);
    world.signed(keys, "AssumeRole", &parameters)
}

#[test]
fn a_session_becomes_a_session_of_a_role_that_trusts_its_role() {
    let world = World::new();
    let keys = world.session();
    let next = world.sts.account("210987654321").role("team/auditor");
    let refused = assume(&world, &keys, next.arn(), &[]);
    assert_eq!(refused.refusal(), (403, "AccessDenied"));
    assert_eq!(
        refused.message(),
        "User: arn:aws:sts::123456789012:assumed-role/deployer/ci is not authorized to perform: sts:AssumeRole on \
         resource: arn:aws:iam::210987654321:role/team/auditor"
    );
    next.trust(TrustStatement::principal(world.role.arn()));
    let chained = assume(&world, &keys, next.arn(), &[]).keys();
    let answer = world.signed(&chained, "GetCallerIdentity", &[]);
    assert_eq!(answer.element("Arn"), "arn:aws:sts::210987654321:assumed-role/auditor/next");
    world.role.forbid("sts:AssumeRole");
    assert_eq!(assume(&world, &keys, next.arn(), &[]).refusal(), (403, "AccessDenied"));
    world.role.allow("sts:AssumeRole");
    assert_eq!(assume(&world, &keys, next.arn(), &[]).status, 200);
}

#[test]
fn the_account_a_session_or_anybody_can_be_trusted() {
    let world = World::new();
    let keys = world.session();
    for (principal, trusted) in [
        ("123456789012", true),
        ("arn:aws:iam::123456789012:root", true),
        ("arn:aws:sts::123456789012:assumed-role/deployer/ci", true),
        ("arn:aws:sts::123456789012:assumed-role/deployer/other", false),
        ("arn:aws:iam::123456789012:role/other", false),
        ("*", true),
    ] {
        let next = world.account.role("next");
        next.delete();
        let next = world.account.role("next");
        next.trust(TrustStatement::principal(principal));
        assert_eq!(assume(&world, &keys, next.arn(), &[]).status == 200, trusted, "{principal}");
    }
}

#[test]
fn a_chained_session_lasts_an_hour_at_most() {
    let world = World::new();
    let next = world.account.role("next");
    next.maximum_session(Duration::from_secs(43_200)).trust(TrustStatement::principal("123456789012"));
    let long = [("DurationSeconds", "3601")];
    let refused = assume(&world, &world.session(), next.arn(), &long);
    assert_eq!(refused.refusal(), (400, "ValidationError"));
    assert!(refused.message().contains("1 hour session limit for roles assumed by role chaining"));
    // A user's session is not chained.
    let user = world.account.user("ada");
    let keys = Keys { id: user.id().to_owned(), secret: user.secret().to_owned(), token: None };
    assert_eq!(assume(&world, &keys, next.arn(), &long).element("Expiration"), "2026-01-01T01:00:01Z");
}

#[test]
fn an_external_id_must_be_the_one() {
    let world = World::new();
    let next = world.account.role("next");
    next.trust(TrustStatement::principal("*").external_id("seven"));
    let keys = world.session();
    assert_eq!(assume(&world, &keys, next.arn(), &[]).refusal(), (403, "AccessDenied"));
    assert_eq!(assume(&world, &keys, next.arn(), &[("ExternalId", "eight")]).refusal(), (403, "AccessDenied"));
    assert_eq!(assume(&world, &keys, next.arn(), &[("ExternalId", "seven")]).status, 200);
    assert_eq!(assume(&world, &keys, next.arn(), &[("ExternalId", "7")]).refusal(), (400, "ValidationError"));
    assert_eq!(world.sts.exchanges().last().unwrap().external_id, "7");
}

#[test]
fn tags_need_trust_of_their_own() {
    let world = World::new();
    let next = world.account.role("next");
    next.trust(TrustStatement::principal("*"));
    let tags = [("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "a")];
    assert_eq!(assume(&world, &world.session(), next.arn(), &tags).refusal(), (403, "AccessDenied"));
    next.trust(TrustStatement::principal("*").tag_session());
    assert_eq!(assume(&world, &world.session(), next.arn(), &tags).status, 200);
}
