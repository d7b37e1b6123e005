//! Access keys: those of users, which last, and those of role sessions, which end.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime};

use super::iam::{RoleState, unique_id};
use crate::twins::text::{random, secret};

/// The characters of base64.
const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// How long the keys of a session that ended are remembered: their refusal says that they expired.
const REMEMBERED: Duration = Duration::from_secs(86_400);

/// Who owns access keys.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) account: String,
    /// `arn:aws:sts::123456789012:assumed-role/deployer/session`, or the ARN of the user.
    pub(super) arn: String,
    /// Unique id of the role with the session's name, or of the user.
    pub(super) user_id: String,
    /// The session, where it is one.
    pub(super) session: Option<Session>,
}

/// What a role session carries on.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) role_arn: String,
    pub(super) role_id: String,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) transitive: Vec<String>,
    pub(super) source_identity: Option<String>,
    /// The issuer that the session began with.
    pub(super) issuer: Option<String>,
    pub(super) ends_at: SystemTime,
}

impl Caller {
    /// A new session of a role.
    pub(super) fn session(role: &RoleState, name: &str, session: Session) -> Self {
        let short = role.name.rsplit('/').next().unwrap_or_default();
        Self {
            account: role.account.clone(),
            arn: format!("arn:aws:sts::{}:assumed-role/{short}/{name}", role.account),
            user_id: format!("{}:{name}", role.id),
            session: Some(session),
        }
    }

    /// A user with keys that last.
    pub(super) fn user(account: &str, name: &str) -> Self {
        Self {
            account: account.to_owned(),
            arn: format!("arn:aws:iam::{account}:user/{name}"),
            user_id: unique_id("AIDA"),
            session: None,
        }
    }

    /// All names by which a trust policy can mean it.
    pub(super) fn names(&self) -> Vec<String> {
        let account = &self.account;
        let mut names = vec![self.arn.clone(), account.clone(), format!("arn:aws:iam::{account}:root")];
        names.extend(self.session.as_ref().map(|session| session.role_arn.clone()));
        names
    }

    /// What `aws:PrincipalArn` holds: of a session, the role.
    pub(super) fn principal_arn(&self) -> &str {
        self.session.as_ref().map_or(&self.arn, |session| &session.role_arn)
    }
}

/// Access keys with all that is secret about them.
#[derive(Clone)]
pub(super) struct Keys {
    pub(super) access_key_id: String,
    pub(super) secret: String,
    pub(super) token: Option<String>,
    pub(super) ends_at: Option<SystemTime>,
}

pub(super) struct Known {
    pub(super) keys: Keys,
    pub(super) caller: Caller,
}

/// All access keys by their id.
#[derive(Default)]
pub(super) struct Sessions(HashMap<String, Known>);

impl Sessions {
    /// New keys for this caller.
    pub(super) fn begin(&mut self, caller: Caller, now: SystemTime) -> Keys {
        // A simulated month begins more sessions than a test has memory for.
        if self.0.len() % 1024 == 1023 {
            self.0.retain(|_, known| known.keys.ends_at.is_none_or(|end| end + REMEMBERED > now));
        }
        let ends_at = caller.session.as_ref().map(|session| session.ends_at);
        let keys = Keys {
            access_key_id: unique_id(if ends_at.is_some() { "ASIA" } else { "AKIA" }),
            secret: secret("secret access key", random(40, BASE64)),
            token: ends_at.map(|_| secret("session token", format!("IQoJb3JpZ2luX2Vj{}==", random(430, BASE64)))),
            ends_at,
        };
        self.0.insert(keys.access_key_id.clone(), Known { keys: keys.clone(), caller });
        keys
    }

    pub(super) fn get(&self, access_key_id: &str) -> Option<&Known> {
        self.0.get(access_key_id)
    }

    /// Keys that are unknown from now on.
    pub(super) fn end(&mut self, access_key_id: &str) {
        self.0.remove(access_key_id);
    }

    /// Ends all sessions of a role, as its deletion does.
    pub(super) fn end_of_role(&mut self, role_id: &str) {
        self.0.retain(|_, known| known.caller.session.as_ref().is_none_or(|session| session.role_id != role_id));
    }
}
