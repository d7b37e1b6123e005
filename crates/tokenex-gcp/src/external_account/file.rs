//! The members of the file.

use std::time::Duration;

use serde_json::{Map, Value};
use tokenex_core::{Result, Secret};

use super::bad_member;
use super::source::SubjectSource;
use crate::service_account::account;
use crate::universe::Universe;

pub(super) type Members = Map<String, Value>;

/// What the file says, each member checked by itself.
pub(super) struct AccountFile {
    pub(super) audience: String,
    pub(super) subject_token_type: String,
    pub(super) token_url: Option<String>,
    pub(super) source: SubjectSource,
    pub(super) impersonation: Option<ActAs>,
    /// Id and secret of a workforce pool's OAuth client.
    pub(super) client: Option<(String, Secret)>,
    pub(super) user_project: Option<String>,
    pub(super) quota_project: Option<String>,
    pub(super) universe: Option<Universe>,
}

/// The service account to act as.
pub(super) struct ActAs {
    /// Scheme and host of the API.
    pub(super) origin: String,
    pub(super) account: String,
    pub(super) lifetime: Option<Duration>,
}

/// What a lifetime in the file may be.
const LIFETIME: std::ops::RangeInclusive<u64> = 600..=43_200;

impl AccountFile {
    pub(super) fn read(text: &str) -> Result<Self> {
        // The parser's message quotes what it could not read, so it is not kept.
        let mut members: Members = serde_json::from_str(text).map_err(|why| {
            bad_member("type", format_args!("is not to be read: no JSON object, from line {} on", why.line()))
        })?;
        check_type(text_of(&members, "type")?)?;
        let audience = required(&members, "audience")?.to_owned();
        let subject_token_type = required(&members, "subject_token_type")?.to_owned();
        let impersonation = act_as(&members)?;
        let source = match members.get("credential_source") {
            Some(Value::Object(source)) => {
                let account = impersonation.as_ref().map(|act_as| act_as.account.as_str());
                SubjectSource::read(source, &audience, &subject_token_type, account)?
            }
            _ => return Err(bad_member("credential_source", "is not there, or is no object")),
        };
        let client = match (text_of(&members, "client_id")?.map(str::to_owned), text_of(&members, "client_secret")?) {
            (Some(id), Some(_)) => match members.remove("client_secret") {
                Some(Value::String(secret)) => Some((id, Secret::new(secret))),
                _ => None,
            },
            (None, None) => None,
            // A public client has no secret to show, and Google's libraries then show nothing.
            (Some(_), None) => None,
            (None, Some(_)) => return Err(bad_member("client_secret", "is there without \"client_id\"")),
        };
        let universe = text_of(&members, "universe_domain")?.map(Universe::new).transpose()?;
        Ok(Self {
            audience,
            subject_token_type,
            token_url: text_of(&members, "token_url")?.map(str::to_owned),
            source,
            impersonation,
            client,
            user_project: text_of(&members, "workforce_pool_user_project")?.map(str::to_owned),
            quota_project: text_of(&members, "quota_project_id")?.map(str::to_owned),
            universe,
        })
    }

    /// Whether the subject token is a JWT, whose times and audience can be looked at.
    pub(super) fn is_identity(&self) -> bool {
        is_identity(&self.subject_token_type)
    }
}

pub(super) fn is_identity(subject_token_type: &str) -> bool {
    matches!(subject_token_type, "urn:ietf:params:oauth:token-type:jwt" | "urn:ietf:params:oauth:token-type:id_token")
}

fn check_type(kind: Option<&str>) -> Result<()> {
    let bad = |what: &str| bad_member("type", what);
    match kind {
        Some("external_account") => Ok(()),
        Some("service_account") => Err(bad("says that this is a key of a service account")
            .with_advice("better federate without a key; a short-lived one is for ServiceAccountKey")),
        Some("authorized_user" | "external_account_authorized_user") => Err(bad("says that this is a person's login")
            .with_advice("a workload has an identity of its own: federate with that")),
        Some("impersonated_service_account") => Err(bad("says that this is an impersonation on top of another file")
            .with_advice("read the other file, and act as the account with Impersonation")),
        _ => Err(bad("is not \"external_account\"")),
    }
}

/// A member that may be absent, and must otherwise be a text that is not empty.
pub(super) fn text_of<'a>(members: &'a Members, name: &str) -> Result<Option<&'a str>> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text)),
        Some(_) => Err(bad_member(name, "is empty, or no text")),
    }
}

pub(super) fn required<'a>(members: &'a Members, name: &str) -> Result<&'a str> {
    text_of(members, name)?.ok_or_else(|| bad_member(name, "is not there"))
}

/// Takes the account out of the full URL of `generateAccessToken`.
fn act_as(members: &Members) -> Result<Option<ActAs>> {
    const MEMBER: &str = "service_account_impersonation_url";
    let Some(url) = text_of(members, MEMBER)? else { return Ok(None) };
    let parts = url.split_once("/v1/projects/-/serviceAccounts/");
    let parts = parts.and_then(|(origin, rest)| Some((origin, rest.strip_suffix(":generateAccessToken")?)));
    let Some((origin, name)) = parts else {
        return Err(bad_member(
            MEMBER,
            "is not https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/ACCOUNT:generateAccessToken",
        ));
    };
    let account = account(name).map_err(|_| bad_member(MEMBER, "names no service account"))?.to_owned();
    Ok(Some(ActAs { origin: origin.to_owned(), account, lifetime: lifetime(members)? }))
}

fn lifetime(members: &Members) -> Result<Option<Duration>> {
    const MEMBER: &str = "service_account_impersonation.token_lifetime_seconds";
    let value = members.get("service_account_impersonation").and_then(|options| options.get("token_lifetime_seconds"));
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64().filter(|seconds| LIFETIME.contains(seconds)) {
            Some(seconds) => Ok(Some(Duration::from_secs(seconds))),
            None => Err(bad_member(MEMBER, "is not between 600 and 43200")),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn file() -> Value {
        json!({
            "type": "external_account",
            "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": "https://sts.googleapis.com/v1/token",
            "service_account_impersonation_url":
                "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/app@p.iam.gserviceaccount.com:generateAccessToken",
            "service_account_impersonation": {"token_lifetime_seconds": 7200},
            "credential_source": {"file": "/var/run/token"},
            "quota_project_id": "billed",
        })
    }

    fn with(name: &str, value: Value) -> String {
        let mut file = file();
        file[name] = value;
        file.to_string()
    }

    #[test]
    fn all_members_are_read() {
        let read = AccountFile::read(&file().to_string()).unwrap();
        let act_as = read.impersonation.as_ref().unwrap();
        assert_eq!(act_as.origin, "https://iamcredentials.googleapis.com");
        assert_eq!(
            (act_as.account.as_str(), act_as.lifetime),
            ("app@p.iam.gserviceaccount.com", Some(Duration::from_secs(7200)))
        );
        assert_eq!((read.quota_project.as_deref(), read.is_identity()), (Some("billed"), true));
    }

    #[test]
    fn a_wrong_member_is_named() {
        for (text, word) in [
            (String::new(), "no JSON"),
            ("[]".to_owned(), "no JSON"),
            (with("type", json!("service_account")), "key of a service account"),
            (with("type", json!("authorized_user")), "person's login"),
            (with("type", json!("impersonated_service_account")), "on top of another file"),
            (with("type", Value::Null), "\"type\""),
            (with("audience", json!("")), "\"audience\""),
            (with("audience", json!(7)), "\"audience\""),
            (with("subject_token_type", Value::Null), "\"subject_token_type\""),
            (with("token_url", json!(7)), "\"token_url\""),
            (with("credential_source", json!("hunter22")), "\"credential_source\""),
            (
                with("service_account_impersonation_url", json!("https://iamcredentials.googleapis.com/hunter22")),
                "generateAccessToken",
            ),
            (with("service_account_impersonation", json!({"token_lifetime_seconds": 599})), "600"),
            (with("service_account_impersonation", json!({"token_lifetime_seconds": "7200"})), "600"),
            (with("client_secret", json!("hunter22")), "client_id"),
            (with("universe_domain", json!("hunter22")), "domain"),
        ] {
            let error = AccountFile::read(&text).err().unwrap();
            let printed = format!("{error:?}");
            assert!(printed.contains(word) && !printed.contains("hunter22"), "{printed}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "\\PC{0,80}", member in "[a-z_]{0,40}") {
            let _ = AccountFile::read(&text);
            let _ = AccountFile::read(&with(&member, json!(text)));
        }
    }
}
