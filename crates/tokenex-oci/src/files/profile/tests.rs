//! Configuration files, before and after.

use proptest::prelude::*;

use super::*;

const VALUES: &[(&str, Option<&str>)] =
    &[("key_file", Some("/k2")), ("security_token_file", Some("/t2")), ("region", None)];

fn written(text: &str) -> String {
    Profile::find(text, "app").unwrap().with(VALUES).unwrap()
}

#[test]
fn a_profile_that_is_not_there_is_added_at_the_end() {
    let added = "[app]\nkey_file=/k2\nsecurity_token_file=/t2\n";
    assert_eq!(written(""), added);
    assert_eq!(written("[DEFAULT]\nuser=a"), format!("[DEFAULT]\nuser=a\n\n{added}"));
    assert_eq!(written("# mine\n"), format!("# mine\n\n{added}"));
}

#[test]
fn of_a_profile_that_is_there_only_our_values_change() {
    let before = "; top\n[DEFAULT]\nuser = a\nkey_file=/mine\n\n[app]\n# note\nregion=eu-frankfurt-1\nkey_file = /k1\n  goes on\n\
                  security_token_file : /t1\npass_phrase=old\nother=stays\n\n[app2]\nkey_file=/theirs\n";
    let after = "; top\n[DEFAULT]\nuser = a\nkey_file=/mine\n\n[app]\nkey_file=/k2\nsecurity_token_file=/t2\n# note\n\
                 region=eu-frankfurt-1\nother=stays\n\n[app2]\nkey_file=/theirs\n";
    assert_eq!(written(before), after);
    assert_eq!(written(after), after);
    let profile = Profile::find(before, "app").unwrap();
    assert!(profile.names("t1") && !profile.names("t2") && !profile.names("theirs"));
    assert_eq!(profile.without(), "; top\n[DEFAULT]\nuser = a\nkey_file=/mine\n\n[app2]\nkey_file=/theirs\n");
}

#[test]
fn lines_without_an_end_and_with_those_of_windows_are_kept_apart() {
    assert_eq!(written("[app]\r\nsecurity_token_file=/t1"), "[app]\r\nkey_file=/k2\nsecurity_token_file=/t2\n");
    assert_eq!(written("[app]\nsecurity_token_file=/t1\nx=y"), "[app]\nkey_file=/k2\nsecurity_token_file=/t2\nx=y");
}

#[test]
fn somebody_elses_profile_is_an_error() {
    let error = Profile::find("[app]\nuser=a\nkey_file=/mine\n", "app").err().unwrap();
    assert!(error.to_string().contains("not touched") && !error.to_string().contains("/mine"), "{error}");
}

#[test]
fn what_would_be_several_lines_is_an_error() {
    let profile = Profile::find("", "app").unwrap();
    for bad in ["a\nb", "a\r", " a", "\u{0}"] {
        assert!(profile.with(&[("region", Some(bad))]).is_err());
    }
}

proptest! {
    #[test]
    fn whatever_the_file_holds_the_rest_of_it_stays(
        before in "([a-z #;=]{0,9}\n){0,4}", after in "(\\[[b-z]{1,4}\\]\n([a-z #;=]{0,9}\n){0,4}){0,2}"
    ) {
        prop_assume!(!before.contains('['));
        let text = format!("{before}[app]\nsecurity_token_file=/t1\nmine=1\n{after}");
        prop_assert_eq!(written(&text), format!("{before}[app]\nkey_file=/k2\nsecurity_token_file=/t2\nmine=1\n{after}"));
        prop_assert_eq!(Profile::find(&text, "app").unwrap().without(), format!("{before}{after}"));
    }

    #[test]
    fn any_text_is_written_to_and_found_again(text in "(\\[|\\]|app|key_file|security_token_file|=| |\n|#){0,24}") {
        if let Ok(profile) = Profile::find(&text, "app") {
            let once = profile.with(VALUES).unwrap();
            let again = Profile::find(&once, "app").unwrap();
            prop_assert!(again.names("/t2"));
            prop_assert_eq!(again.with(VALUES).unwrap(), once);
        }
    }
}
