//! What works and is unwise.

use super::{file, is_sound, told};

#[test]
fn an_identity_that_nothing_uses_is_told() {
    let text = file(
        "[credential.a]\nprovider = \"passthrough\"\nidentity = \"b\"\n[identity.b]\nsource = \"env\"\nvar = \"B\"",
    );
    let report = told(&text);
    assert!(report.contains("warning: no credential uses the identity \"job\"") && is_sound(&text), "{report}");
    assert_eq!(report.matches("warning: ").count(), 1);
}

#[test]
fn a_life_far_over_the_task_is_told() {
    let aws = |duration: &str| {
        told(&file(&format!(
            "[credential.a]\nprovider = \"aws\"\nidentity = \"job\"\nrole_arn = \"r\"\nregion = \"e\"\nduration = \"{duration}\""
        )))
    };
    assert_eq!(aws("1h"), "");
    let report = aws("12h");
    assert!(
        report.contains("warning: `duration` is far over the task") && report.contains("duration = \"12h\""),
        "{report}"
    );
    let outbound = |duration: &str| {
        told(&file(&format!(
            "[credential.a]\nprovider = \"aws\"\nidentity = \"job\"\nrole_arn = \"r\"\nregion = \"e\"
[identity.o]\nsource = \"aws-outbound\"\nfrom = \"a\"\nregion = \"e\"\nduration = \"{duration}\"
[credential.p]\nprovider = \"passthrough\"\nidentity = \"o\""
        )))
    };
    assert_eq!(outbound("15m"), "");
    assert!(outbound("1h").contains("fetched anew for each exchange"));
}

#[test]
fn a_file_that_does_nothing_is_told() {
    assert!(told("version = 1").contains("warning: there are no credentials"));
}

#[test]
fn with_errors_there_are_no_warnings() {
    assert!(!told(&file("x = 1")).contains("warning"));
}
