//! Programs that print one of the known JSON forms.

use serde_json::json;
use tokenex_core::sources::{Command, CommandFormat};

use crate::support::{FIRST, assert_unusable, offline, secret, token};

/// Prints the variable `ANSWER`, if `condition` holds.
fn printing(answer: &serde_json::Value, format: CommandFormat, condition: &str) -> Command {
    let script = format!("{condition} && printf '%s\\n' \"$ANSWER\"");
    Command::new("sh").args(["-c", &script]).env("ANSWER", answer.to_string()).format(format)
}

fn google() -> serde_json::Value {
    json!({"version": 1, "success": true, "token_type": "urn:ietf:params:oauth:token-type:id_token", "id_token": FIRST})
}

#[tokio::test]
async fn an_executable_for_google_learns_the_audience_and_its_token_is_taken() {
    let told = "test \"$GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE\" = https://vault.test \
        -a \"$GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE\" = urn:ietf:params:oauth:token-type:jwt \
        -a \"$GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE\" = 0";
    let source = printing(&google(), CommandFormat::GoogleExecutable, told);
    assert_eq!(token(&source, "https://vault.test", &offline()).await.unwrap(), FIRST);
}

#[tokio::test]
async fn a_variable_of_ones_own_goes_before_that_of_the_format() {
    let told = "test \"$GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE\" = mine";
    let source = printing(&google(), CommandFormat::GoogleExecutable, told);
    let source = source.env("GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE", "mine");
    assert_eq!(token(&source, "https://vault.test", &offline()).await.unwrap(), FIRST);
}

#[tokio::test]
async fn an_executable_may_say_why_it_failed_with_and_without_an_exit_code() {
    let answer = json!({"version": 1, "success": false, "code": "401", "message": "log in first"});
    for exit in ["true", "trap 'exit 3' EXIT"] {
        let source = printing(&answer, CommandFormat::GoogleExecutable, exit);
        let error = assert_unusable(secret(&source, &offline()).await, "401");
        assert_eq!(error.said(), Some("log in first"), "{error}");
        assert!(error.to_string().contains("the command \"sh\" says that it failed"), "{error}");
    }
}

#[tokio::test]
async fn a_token_of_a_program_that_exits_with_an_error_is_not_taken() {
    let source = printing(&google(), CommandFormat::GoogleExecutable, "trap 'exit 3' EXIT");
    let error = assert_unusable(secret(&source, &offline()).await, "exit");
    assert!(error.to_string().contains("exit code 3"), "{error}");
}

#[tokio::test]
async fn a_plugin_of_kubectl_learns_its_version_and_its_token_is_taken() {
    let answer = json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": FIRST, "expirationTimestamp": "9999-12-31T23:59:59Z"},
    });
    let told = "case \"$KUBERNETES_EXEC_INFO\" in *client.authentication.k8s.io/v1*) true;; *) false;; esac";
    let source = printing(&answer, CommandFormat::ExecCredential, told);
    assert_eq!(token(&source, "any", &offline()).await.unwrap(), FIRST);
}

#[tokio::test]
async fn another_form_than_the_one_asked_for_is_refused_without_repeating_it() {
    let plain = Command::new("echo").arg("hunter2");
    for format in [CommandFormat::GoogleExecutable, CommandFormat::ExecCredential] {
        let error = assert_unusable(secret(&plain.clone().format(format), &offline()).await, "not_json");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
    let source = printing(&google(), CommandFormat::ExecCredential, "true");
    assert_unusable(secret(&source, &offline()).await, "missing");
}

#[tokio::test]
async fn a_token_that_has_ended_by_its_programs_own_word_is_refused() {
    let mut answer = google();
    answer["expiration_time"] = json!(1_700_000_000);
    let source = printing(&answer, CommandFormat::GoogleExecutable, "true");
    assert_unusable(secret(&source, &offline()).await, "expired");
}
