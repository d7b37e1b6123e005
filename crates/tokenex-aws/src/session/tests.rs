//! What is taken and what is refused.

use proptest::prelude::*;

use super::*;

const ROLE: &str = "arn:aws:iam::123456789012:role/app";

fn check(change: impl FnOnce(&mut SessionOptions)) -> Result<Session> {
    let mut options = SessionOptions::new(ROLE.to_owned());
    change(&mut options);
    options.check()
}

fn refused(code: &str, word: &str, change: impl FnOnce(&mut SessionOptions)) {
    let error = check(change).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some(code)), "{error}");
    assert!(error.to_string().contains(word) && error.advice().is_some(), "{error}");
}

#[test]
fn the_arn_is_that_of_a_role_in_any_partition() {
    for arn in [
        ROLE,
        "arn:aws:iam::123456789012:role/path/to/app",
        "arn:aws-cn:iam::123456789012:role/app",
        "arn:aws-us-gov:iam::123456789012:role/app",
        "arn:aws-eusc:iam::123456789012:role/app",
        "arn:aws-iso-b:iam::123456789012:role/a+b=c,d.e@f-g_h",
    ] {
        assert!(check(|options| options.role_arn = arn.to_owned()).is_ok(), "{arn}");
    }
    for (arn, word) in [
        ("", "20 to 2048"),
        ("app", "20 to 2048"),
        ("the role of the application", "not an ARN"),
        (" arn:aws:iam::123456789012:role/app", "blanks"),
        ("arn:aws:iam::123456789012:role/app\n", "blanks"),
        ("arn:gcp:iam::123456789012:role/app", "not an ARN"),
        ("arn:aws:iam::123456789012:role/a b", "not an ARN"),
        ("arn:aws:iam::1234:role/application", "12 digits"),
        ("arn:aws:iam::12345678901x:role/app", "12 digits"),
        ("arn:aws:iam:eu-central-1:123456789012:role/app", "not one of IAM"),
        ("arn:aws:s3:::bucket-of-the-application", "not one of IAM"),
        ("arn:aws:sts::123456789012:assumed-role/app/session", "session"),
        ("arn:aws:iam::123456789012:assumed-role/app/session", "session"),
        ("arn:aws:iam::123456789012:user/app", "something else"),
        ("arn:aws:iam::123456789012:role/", "name"),
        ("arn:aws:iam::123456789012:role/path/", "name"),
    ] {
        refused("role_arn", word, |options| options.role_arn = arn.to_owned());
    }
    refused("role_arn", "20 to 2048", |options| options.role_arn = format!("{ROLE}{}", "a".repeat(2048)));
}

#[test]
fn a_session_name_has_2_to_64_of_the_allowed_characters() {
    for name in ["ab", "a_b+c=d,e.f@g-h", &"a".repeat(64)] {
        assert!(check(|options| options.name = Some(name.to_owned())).is_ok(), "{name}");
    }
    for (name, word) in [("", "2 to 64"), ("a", "2 to 64"), (&"a".repeat(65), "2 to 64")] {
        refused("session_name", word, |options| options.name = Some(name.to_owned()));
    }
    for name in ["a b", "a:b", "a/b", "ab\n", "äb", "a\u{0}"] {
        refused("session_name", "holds the character", |options| options.name = Some(name.to_owned()));
    }
}

#[test]
fn a_duration_is_15_minutes_to_12_hours() {
    assert_eq!(check(|_| ()).unwrap().seconds, None);
    for seconds in [900, 3600, 43_200] {
        let session = check(|options| options.duration = Some(Duration::from_secs(seconds))).unwrap();
        assert_eq!(session.seconds, Some(seconds as i32));
    }
    for duration in [Duration::ZERO, Duration::from_millis(899_999), Duration::from_millis(43_200_001), Duration::MAX] {
        refused("duration", "900 to 43200 s", |options| options.duration = Some(duration));
    }
}

#[test]
fn policies_are_json_and_policies_and_short_enough_together() {
    let managed = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let session = check(|options| {
        options.policy = Some(r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned());
        options.policy_arns = vec![managed.to_owned(), "arn:aws:iam::123456789012:policy/team/own".to_owned()];
    });
    assert!(session.is_ok());
    for policy in ["", "{", "[]", "\"text\"", "{\"a\":\"\u{1f600}\"}", "{}\u{0}"] {
        refused("policy", "session policy", |options| options.policy = Some(policy.to_owned()));
    }
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(2041));
    refused("policy", "2049", |options| options.policy = Some(long));
    let almost = format!("{{\"a\":\"{}\"}}", "x".repeat(2048 - 8 - managed.len()));
    assert_eq!(almost.len() + managed.len(), 2048);
    assert!(
        check(|options| {
            options.policy = Some(almost.clone());
            options.policy_arns = vec![managed.to_owned()];
        })
        .is_ok()
    );
    refused("policy", "2049", |options| {
        options.policy = Some(format!("{almost} "));
        options.policy_arns = vec![managed.to_owned()];
    });
    for arn in
        ["ReadOnlyAccess", "arn:aws:iam::123456789012:role/app", "arn:aws:iam::aws:policy/", "arn:aws:iam::x:policy/a"]
    {
        refused("policy_arn", "policy", |options| options.policy_arns = vec![arn.to_owned()]);
    }
    refused("policy_arn", "11", |options| options.policy_arns = vec![managed.to_owned(); 11]);
}

#[test]
fn a_name_is_made_of_who_asks_and_stays_the_same() {
    let session = check(|_| ()).unwrap();
    for (who, name) in [
        (None, "tokenex"),
        (Some(""), "tokenex"),
        (Some(":::"), "tokenex"),
        (Some("system:serviceaccount:prod:api"), "tokenex-system-serviceaccount-prod-api"),
        (Some("repo:org/app:ref:refs/heads/main"), "tokenex-repo-org-app-ref-refs-heads-main"),
        (Some("-a"), "tokenex--a"),
        (Some("ä/b c"), "tokenex-b-c"),
    ] {
        assert_eq!(session.name_for(who), name);
    }
    assert_eq!(session.name_for(Some(&"x".repeat(100))).len(), 64);
    let chosen = check(|options| options.name = Some("chosen".to_owned())).unwrap();
    assert_eq!(chosen.name_for(Some("system:serviceaccount:prod:api")), "chosen");
}

proptest! {
    #[test]
    fn a_name_made_of_anything_is_one(who in ".{0,200}") {
        let name = name_of(&who);
        prop_assert!(check_name(&name, "session_name", "session name").is_ok(), "{name}");
    }

    #[test]
    fn any_text_is_an_arn_or_refused_without_a_panic(text in ".{0,100}", tail in "(:[a-z0-9/-]{0,20}){0,8}") {
        let _ = check(|options| options.role_arn = text.clone());
        let _ = check(|options| options.role_arn = format!("arn:aws{tail}"));
        let _ = check(|options| options.policy_arns = vec![text]);
    }
}
