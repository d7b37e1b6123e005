//! A service account that is acted as, and the API that lets one do so.

use std::fmt;

use tokenex_core::{AnySource, AnyTransport, Attempt, Error, ErrorKind, Result, Source};

use crate::endpoint::{Answer, Endpoint, named};
use crate::errors::{Step, bad_option};
use crate::token::AccessToken;
use crate::universe::Universe;

/// How many links a chain of delegates has at most; Google publishes no bound, and nobody has a use for more.
const DELEGATES_MAX: usize = 10;

/// Names the account on the wire; `-` stands for its project.
const RESOURCE: &str = "projects/-/serviceAccounts/";

/// One service account, seen from somebody who may act as it: one method of the
/// [IAM Credentials API](https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts).
pub(crate) struct ServiceAccount {
    name: String,
    base: AnySource<AccessToken>,
    delegates: Vec<String>,
    universe: Universe,
    endpoint: Endpoint,
}

impl ServiceAccount {
    pub(crate) fn universe(&self) -> &Universe {
        &self.universe
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(crate) fn delegates(&self) -> &[String] {
        &self.delegates
    }

    /// Sends one request with the base token of this moment, and once more when Google no longer knows that token and its
    /// handle has another. A refusal is an error.
    ///
    /// What comes of it is bound to nothing: it lives on when the base token has ended.
    pub(crate) async fn ask(&self, cx: &Attempt, step: Step, body: &str) -> Result<Answer> {
        let base = self.base(cx, step).await?;
        let answer = self.endpoint.json(cx, step, body, base.authorization()).await?;
        if answer.is_success() {
            return Ok(answer);
        }
        let refusal = self.explain(answer.refusal(cx, &[base.secret()]));
        if refusal.kind() != ErrorKind::Identity || !base.replaced(cx).await {
            return Err(refusal);
        }
        let base = self.base(cx, step).await?;
        let answer = self.endpoint.json(cx, step, body, base.authorization()).await?;
        if answer.is_success() { Ok(answer) } else { Err(self.explain(answer.refusal(cx, &[base.secret()]))) }
    }

    async fn base(&self, cx: &Attempt, step: Step) -> Result<AccessToken> {
        Ok(self.base.fetch(cx).await.map_err(|error| named(error, step))?.into_value())
    }

    /// Names the account in the advice: which of several is meant is the first question.
    fn explain(&self, refusal: Error) -> Error {
        match refusal.advice().map(str::to_owned) {
            Some(advice) => refusal.with_advice(format!("the account is {}; {advice}", self.name)),
            None => refusal.with_advice(format!("the account is {}", self.name)),
        }
    }
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The choices of a [`ServiceAccount`].
pub(crate) struct ServiceAccountBuilder {
    pub(crate) name: String,
    base: AnySource<AccessToken>,
    pub(crate) delegates: Vec<String>,
    pub(crate) universe: Option<String>,
    pub(crate) endpoint: Option<String>,
    pub(crate) transport: Option<AnyTransport>,
}

impl ServiceAccountBuilder {
    pub(crate) fn new(name: String, base: impl Source<AccessToken>) -> Self {
        let base = AnySource::new(base);
        Self { name, base, delegates: Vec::new(), universe: None, endpoint: None, transport: None }
    }

    /// # Errors
    /// [`ErrorKind::Configuration`](tokenex_core::ErrorKind::Configuration), naming the option.
    pub(crate) fn build(self, method: &str) -> Result<ServiceAccount> {
        let universe = self.universe.as_deref().map_or_else(|| Ok(Universe::public()), Universe::new)?;
        let name = account(&self.name)?.to_owned();
        if self.delegates.len() > DELEGATES_MAX {
            return Err(bad_option("delegates", format!("there are more than {DELEGATES_MAX} delegates")).with_advice(
                "each link of the chain may act as the next: name the links between the base and the account",
            ));
        }
        let delegates =
            self.delegates.iter().map(|name| Ok(format!("{RESOURCE}{}", account(name)?))).collect::<Result<_>>()?;
        let origin = self.endpoint.unwrap_or_else(|| universe.origin("iamcredentials"));
        let url = format!("{}/v1/{RESOURCE}{name}:{method}", origin.trim_end_matches('/'));
        let endpoint = Endpoint::new("endpoint", &url, self.transport)?;
        Ok(ServiceAccount { name, base: self.base, delegates, universe, endpoint })
    }
}

/// An account's e-mail address or unique id, which becomes one segment of a path and must not be read as anything else.
pub(crate) fn account(name: &str) -> Result<&str> {
    const LENGTH_MAX: usize = 250;
    let bad = |what: &'static str| {
        bad_option("service_account", what).with_advice(
            "give its e-mail address, such as app@my-project.iam.gserviceaccount.com; `gcloud iam service-accounts list` prints it",
        )
    };
    if name.trim().is_empty() {
        return Err(bad("the name of the service account is empty"));
    }
    if name.trim() != name {
        return Err(bad("there are blanks around the name of the service account"));
    }
    // As principals in policies and resources in the API are written.
    let name = name.strip_prefix("serviceAccount:").unwrap_or(name);
    let name = name.rsplit_once("/serviceAccounts/").map_or(name, |(_, name)| name);
    let is_id = name.bytes().all(|b| b.is_ascii_digit());
    let is_address = name.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'));
    let characters = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'@'));
    if name.is_empty() || name.len() > LENGTH_MAX || !characters || !(is_id || is_address) {
        return Err(bad("the name of the service account is neither an e-mail address nor a unique id"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_an_address_or_an_id() {
        const ADDRESS: &str = "app@my-project.iam.gserviceaccount.com";
        for name in [
            ADDRESS.to_owned(),
            format!("serviceAccount:{ADDRESS}"),
            format!("projects/-/serviceAccounts/{ADDRESS}"),
            format!("projects/my-project/serviceAccounts/{ADDRESS}"),
        ] {
            assert_eq!(account(&name).unwrap(), ADDRESS, "{name}");
        }
        assert_eq!(account("103456789012345678901").unwrap(), "103456789012345678901");
    }

    #[test]
    fn nothing_in_a_name_changes_the_address() {
        for bad in [
            "",
            " ",
            " app@p.example",
            "app",
            "app@",
            "@p.example",
            "a@p",
            "a@p.example/../x",
            "a@p.example:b",
            "a@p.example?x",
            "a b@p.example",
            "a%2f@p.example",
            "ä@p.example",
        ] {
            assert_eq!(account(bad).unwrap_err().code(), Some("service_account"), "{bad}");
        }
    }
}
