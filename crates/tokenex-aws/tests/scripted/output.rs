//! The forms for other programs, of credentials that STS has issued.

use serde_json::{Value, json};
use tokenex_aws::output::{container_json, credential_process_json};
use tokenex_aws::{AssumeRole, AwsCredentials};
use tokenex_core::{Attempt, Credential as _, ErrorKind, Grant, Outcome, Provider, Result, Target};

use crate::world::{ACCOUNT, World};

#[tokio::test(start_paused = true)]
async fn both_forms_hold_what_their_readers_need() {
    let world = World::new();
    let issued = world.web_identity().get().await.unwrap();
    let text = credential_process_json(&issued).unwrap();
    let read: Value = serde_json::from_str(text.expose()).unwrap();
    let token = issued.session_token().unwrap().expose();
    assert_eq!(
        read,
        json!({"Version": 1, "AccessKeyId": issued.access_key_id(), "SecretAccessKey": issued.secret_access_key().expose(),
            "SessionToken": token, "Expiration": "2026-01-01T01:00:00Z", "AccountId": ACCOUNT})
    );
    let text = container_json(&issued).unwrap();
    let read: Value = serde_json::from_str(text.expose()).unwrap();
    assert_eq!(
        read,
        json!({"AccessKeyId": issued.access_key_id(), "SecretAccessKey": issued.secret_access_key().expose(), "Token": token,
            "Expiration": "2026-01-01T01:00:00Z", "AccountId": ACCOUNT, "RoleArn": world.role.arn()})
    );
    assert!(!format!("{text:?}").contains(token));
}

/// Hands out keys that do not end.
struct Lasting;

impl Provider for Lasting {
    type Credential = AwsCredentials;

    fn name(&self) -> &'static str {
        "lasting"
    }

    fn target(&self) -> Target {
        Target::new("lasting")
    }

    async fn issue(&self, _: &Attempt) -> Result<Outcome<AwsCredentials>> {
        Ok(Grant::new(AwsCredentials::new("AKIAEXAMPLE", "se\"cret")).into())
    }
}

#[tokio::test(start_paused = true)]
async fn keys_that_do_not_end_have_one_form_only() {
    let world = World::new();
    let issued = world.keep(Lasting).get().await.unwrap();
    assert!(issued.same_as(&AwsCredentials::new("AKIAEXAMPLE", "se\"cret")));
    let read: Value = serde_json::from_str(credential_process_json(&issued).unwrap().expose()).unwrap();
    assert_eq!(read, json!({"Version": 1, "AccessKeyId": "AKIAEXAMPLE", "SecretAccessKey": "se\"cret"}));
    let error = container_json(&issued).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Configuration, Some("no_end")));
    assert!(AssumeRole::builder(world.role.arn(), world.keep(Lasting)).region("eu-central-1").build().is_ok());
}
