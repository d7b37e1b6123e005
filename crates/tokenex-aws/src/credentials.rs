//! The credentials.

use std::fmt;
use std::time::SystemTime;

use http::HeaderValue;
use tokenex_core::{Credential, Error, ErrorKind, Grant, Result, Secret};

/// AWS credentials: an access key and, where they are short-lived, a session token
/// ([temporary credentials](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp.html)).
///
/// Cloning copies no secret; all clones share one.
#[derive(Clone)]
pub struct AwsCredentials {
    access_key_id: String,
    secret_access_key: Secret,
    session_token: Option<Secret>,
    account_id: Option<String>,
    session: Option<RoleSession>,
    /// By AWS's clock.
    expires_at: Option<SystemTime>,
}

/// What is known about the role whose session the credentials are.
#[derive(Debug, Clone, Default)]
struct RoleSession {
    role_arn: Option<String>,
    assumed_role_arn: Option<String>,
}

impl AwsCredentials {
    /// Credentials that come from elsewhere, such as those of Vault's AWS engine, to sign requests of this crate with.
    ///
    /// ```no_run
    /// # use tokenex_aws::{AssumeRole, AwsCredentials};
    /// # use tokenex_core::{Credential, Handle, Result};
    /// # trait VaultSecret: Credential { fn text(&self, name: &str) -> String; }
    /// # fn demo(keys: &Handle<impl VaultSecret>) -> Result<AssumeRole> {
    /// // `keys` is the handle of a Vault secret, read from `aws/creds/app`.
    /// let base = keys.map(|keys| Ok(AwsCredentials::new(keys.text("access_key"), keys.text("secret_key"))));
    /// AssumeRole::builder("arn:aws:iam::123456789012:role/app", base).region("eu-central-1").build()
    /// # }
    /// ```
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<Secret>) -> Self {
        Self {
            access_key_id: access_key_id.into(),
            secret_access_key: secret_access_key.into(),
            session_token: None,
            account_id: None,
            session: None,
            expires_at: None,
        }
    }

    /// Adds the session token, without which short-lived credentials are of no use.
    #[must_use]
    pub fn with_session_token(mut self, token: impl Into<Secret>) -> Self {
        self.session_token = Some(token.into());
        self
    }

    pub(crate) fn with_account_id(mut self, account_id: Option<String>) -> Self {
        self.account_id = account_id;
        self
    }

    pub(crate) fn with_expires_at(mut self, at: SystemTime) -> Self {
        self.expires_at = Some(at);
        self
    }

    /// Says that they are a role's session, and what is known of the role.
    pub(crate) fn of_role(mut self, role_arn: Option<String>, assumed_role_arn: Option<String>) -> Self {
        if self.account_id.is_none() {
            self.account_id = assumed_role_arn.as_deref().or(role_arn.as_deref()).and_then(account_of);
        }
        self.session = Some(RoleSession { role_arn, assumed_role_arn });
        self
    }

    /// The access key's id, which is no secret.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The secret access key.
    pub fn secret_access_key(&self) -> &Secret {
        &self.secret_access_key
    }

    /// The session token, which short-lived credentials have.
    pub fn session_token(&self) -> Option<&Secret> {
        self.session_token.as_ref()
    }

    /// The account, 12 digits, where AWS said it.
    pub fn account_id(&self) -> Option<&str> {
        self.account_id.as_deref()
    }

    /// Whether they are a role's session. Of a role that is assumed with these, sessions last an hour at most
    /// ([role chaining](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining)).
    pub fn is_role_session(&self) -> bool {
        self.session.is_some()
    }

    /// The ARN of the role, where it is known.
    pub fn role_arn(&self) -> Option<&str> {
        self.session.as_ref()?.role_arn.as_deref()
    }

    /// The ARN of the session, `arn:aws:sts::123456789012:assumed-role/role/session`, where STS said it.
    pub fn assumed_role_arn(&self) -> Option<&str> {
        self.session.as_ref()?.assumed_role_arn.as_deref()
    }

    /// When they end, by AWS's clock.
    pub(crate) fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at
    }

    /// The name of the session, the last part of its ARN.
    pub(crate) fn session_name(&self) -> Option<&str> {
        self.assumed_role_arn()?.rsplit_once('/').map(|(_, name)| name)
    }

    /// Refuses what no request can be signed with.
    ///
    /// # Errors
    /// `kind`, naming the part.
    pub(crate) fn check(&self, kind: ErrorKind) -> Result<()> {
        let unusable = |what: &'static str| Err(Error::new(kind, what).with_code("credentials"));
        if self.access_key_id.is_empty() || !self.access_key_id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return unusable("the access key id is missing, or holds more than letters and digits");
        }
        if self.secret_access_key.expose().trim().is_empty() {
            return unusable("the secret access key is missing");
        }
        if let Some(token) = &self.session_token {
            if token.expose().trim().is_empty() {
                return unusable("the session token is empty");
            }
            if HeaderValue::from_str(token.expose()).is_err() {
                return unusable("the session token holds characters that no header can carry");
            }
        }
        Ok(())
    }

    /// What the engine gets. They cannot be revoked: AWS ends sessions by denying all of a role's at once.
    pub(crate) fn into_grant(self) -> Grant<Self> {
        let (fingerprint, expires_at) = (self.access_key_id.clone(), self.expires_at);
        let grant = Grant::new(self).fingerprint(fingerprint);
        match expires_at {
            Some(at) => grant.expires_at(at),
            None => grant,
        }
    }
}

/// The fifth field of an ARN.
fn account_of(arn: &str) -> Option<String> {
    let account = arn.split(':').nth(4)?;
    (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())).then(|| account.to_owned())
}

impl Credential for AwsCredentials {
    fn same_as(&self, other: &Self) -> bool {
        let same_token = match (&self.session_token, &other.session_token) {
            (Some(one), Some(other)) => one.same_as(other),
            (None, None) => true,
            _ => false,
        };
        self.access_key_id == other.access_key_id
            && self.secret_access_key.same_as(&other.secret_access_key)
            && same_token
    }
}

impl fmt::Debug for AwsCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("AwsCredentials");
        shown.field("access_key_id", &self.access_key_id);
        if let Some(session) = &self.session {
            shown.field("session", session);
        }
        shown.finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/app/tokenex";

    #[test]
    fn what_aws_says_about_the_session_can_be_asked_for() {
        let keys = AwsCredentials::new("AKIAEXAMPLE", "secret");
        assert!(!keys.is_role_session() && keys.account_id().is_none() && keys.session_name().is_none());
        let role = "arn:aws:iam::123456789012:role/path/app".to_owned();
        let session = keys.clone().of_role(Some(role.clone()), Some(SESSION.to_owned()));
        assert_eq!((session.role_arn(), session.assumed_role_arn()), (Some(role.as_str()), Some(SESSION)));
        assert_eq!((session.account_id(), session.session_name()), (Some("123456789012"), Some("tokenex")));
        let unknown = keys.of_role(None, Some("not an ARN".to_owned()));
        assert!(unknown.is_role_session() && unknown.account_id().is_none());
    }

    #[test]
    fn nothing_secret_is_shown_and_all_parts_are_compared() {
        let one = AwsCredentials::new("AKIAEXAMPLE", "hunter22").with_session_token("correct horse");
        assert!(!format!("{one:?}").contains("hunter22") && !format!("{one:?}").contains("horse"));
        assert!(one.same_as(&AwsCredentials::new("AKIAEXAMPLE", "hunter22").with_session_token("correct horse")));
        for other in [
            AwsCredentials::new("AKIAEXAMPLE", "hunter22"),
            AwsCredentials::new("AKIAEXAMPLE", "hunter22").with_session_token("wrong horse"),
            AwsCredentials::new("AKIAEXAMPLE", "hunter23").with_session_token("correct horse"),
            AwsCredentials::new("AKIAANOTHER", "hunter22").with_session_token("correct horse"),
        ] {
            assert!(!one.same_as(&other) && !other.same_as(&one));
        }
    }

    #[test]
    fn what_nothing_can_be_signed_with_is_refused_without_repeating_it() {
        let good = || AwsCredentials::new("AKIAEXAMPLE", "hunter22");
        assert!(good().check(ErrorKind::Identity).is_ok());
        assert!(good().with_session_token("Fwo+/=").check(ErrorKind::Identity).is_ok());
        for bad in [
            AwsCredentials::new("", "hunter22"),
            AwsCredentials::new("AKIA EXAMPLE", "hunter22"),
            AwsCredentials::new("AKIA/EXAMPLE", "hunter22"),
            AwsCredentials::new("AKIAEXAMPLE", " "),
            good().with_session_token(""),
            good().with_session_token("hunter22\n"),
        ] {
            let error = bad.check(ErrorKind::Identity).unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::Identity, Some("credentials")));
            assert!(!format!("{error:?}").contains("hunter22"));
        }
    }
}
