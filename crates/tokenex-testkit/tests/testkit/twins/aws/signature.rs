use std::time::Duration;

use super::support::*;

#[test]
fn keys_of_a_session_and_of_a_user_prove_who_calls() {
    let world = World::new();
    let answer = world.signed(&world.session(), "GetCallerIdentity", &[]);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.element("Arn"), "arn:aws:sts::123456789012:assumed-role/deployer/ci");
    assert_eq!(answer.element("Account"), "123456789012");
    let user = world.account.user("ada");
    let keys = Keys { id: user.id().to_owned(), secret: user.secret().to_owned(), token: None };
    let answer = world.signed(&keys, "GetCallerIdentity", &[]);
    assert_eq!(answer.element("Arn"), "arn:aws:iam::123456789012:user/ada");
    assert!(!format!("{user:?}").contains(user.secret()));
}

#[test]
fn wrong_keys_are_refused_each_in_its_words() {
    let world = World::new();
    let keys = world.session();
    let call = |keys: &Keys| world.signed(keys, "GetCallerIdentity", &[]);
    let wrong_secret = Keys { secret: "x".repeat(40), ..keys.clone() };
    assert_eq!(call(&wrong_secret).refusal(), (403, "SignatureDoesNotMatch"));
    let unknown = Keys { id: "ASIAXXXXXXXXXXXXXXXX".to_owned(), ..keys.clone() };
    assert_eq!(call(&unknown).refusal(), (403, "InvalidClientTokenId"));
    for token in [None, Some("x".to_owned())] {
        assert_eq!(call(&Keys { token, ..keys.clone() }).refusal(), (403, "InvalidClientTokenId"));
    }
    assert_eq!(world.call("GetCallerIdentity", &[]).refusal(), (403, "MissingAuthenticationToken"));
    world.clock.advance(3600);
    assert_eq!(call(&keys).refusal(), (403, "ExpiredToken"));
}

#[test]
fn what_was_signed_must_be_what_was_sent() {
    let world = World::new();
    let keys = world.session();
    let signed = body("GetCallerIdentity", &[]);
    let at = |late_by| world.sign(Signing { keys: &keys, host: HOST, region: "eu-west-1", late_by }, &signed);
    assert_eq!((at(900).status, at(-900).status), (200, 200));
    assert!(at(901).message().starts_with("Signature expired: "), "{}", at(901).message());
    assert!(at(-901).message().starts_with("Signature not yet current: "));
    let elsewhere = world.sign(Signing { keys: &keys, host: HOST, region: "eu-west-2", late_by: 0 }, &signed);
    assert_eq!(elsewhere.refusal(), (403, "SignatureDoesNotMatch"));
    let loopback =
        world.sign(Signing { keys: &keys, host: "127.0.0.1:4566", region: "eu-west-2", late_by: 0 }, &signed);
    assert_eq!(loopback.status, 200, "an address of this machine is in every region: {}", loopback.body);
}

#[test]
fn keys_that_were_revoked_or_lost_their_role_are_unknown() {
    let world = World::new();
    let (one, two) = (world.session(), world.session());
    world.sts.revoke(&one.id);
    assert_eq!(world.signed(&one, "GetCallerIdentity", &[]).refusal(), (403, "InvalidClientTokenId"));
    assert_eq!(world.signed(&two, "GetCallerIdentity", &[]).status, 200);
    world.role.delete();
    assert_eq!(world.signed(&two, "GetCallerIdentity", &[]).refusal(), (403, "InvalidClientTokenId"));
}

#[test]
fn a_session_that_is_made_short_is_accepted_until_its_end_and_only_whole() {
    let world = World::new();
    world.sts.session_lifetime(Duration::from_secs(8));
    let keys = world.session();
    let accepts = |keys: &Keys| world.sts.accepts(&keys.id, &keys.secret, keys.token.as_deref());
    assert!(accepts(&keys));
    let wrong_secret = Keys { secret: "x".repeat(40), ..keys.clone() };
    assert!(!accepts(&wrong_secret) && !accepts(&Keys { token: None, ..keys.clone() }));
    world.clock.advance(7);
    assert!(accepts(&keys));
    world.clock.advance(1);
    assert!(!accepts(&keys));
    assert_eq!(world.signed(&keys, "GetCallerIdentity", &[]).refusal(), (403, "ExpiredToken"));
    world.sts.session_lifetime(None);
    let long = world.session();
    world.clock.advance(3599);
    assert!(accepts(&long));
}
