//! Paths of engines that the twin does not know: they answer what the test says.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::answer::Answer;
use super::call::{Call, Operation};
use super::leases::Terms;
use super::logins::LoginState;
use super::refusal::{self, Refusal};
use super::server::VaultTwin;
use super::state::State;

/// Makes the data of one answer from the body of the request.
type Make = Box<dyn Fn(&Value) -> Value + Send + Sync>;

#[derive(Default)]
pub(super) struct Custom {
    read: Option<Make>,
    write: Option<Make>,
    terms: Option<Terms>,
}

/// A path of any engine, to be told what it answers. Clones are the same path.
///
/// ```
/// # use std::time::Duration;
/// # use serde_json::json;
/// # let vault = tokenex_testkit::twins::vault::VaultTwin::new();
/// let path = vault.path("kubernetes/creds/deploy");
/// path.on_write(|body| json!({"service_account_namespace": body["kubernetes_namespace"], "service_account_token": "t"}))
///     .lease(Duration::from_secs(600), Duration::from_secs(600))
///     .renewable(false);
/// ```
#[derive(Clone)]
pub struct CustomPath {
    twin: VaultTwin,
    path: String,
}

impl CustomPath {
    pub(super) fn new(twin: VaultTwin, path: &str) -> Self {
        twin.state().custom.entry(path.to_owned()).or_default();
        Self { twin, path: path.to_owned() }
    }

    /// Reading it brings this data; null is an answer without a body. The closure must not use the twin.
    pub fn on_read(&self, data: impl Fn() -> Value + Send + Sync + 'static) -> &Self {
        self.edit(|custom| custom.read = Some(Box::new(move |_| data())))
    }

    /// Writing to it brings this data, made from the body. The closure must not use the twin.
    pub fn on_write(&self, data: impl Fn(&Value) -> Value + Send + Sync + 'static) -> &Self {
        self.edit(|custom| custom.write = Some(Box::new(data)))
    }

    /// From now on each answer has a lease: so long, and so long at most with renewals.
    pub fn lease(&self, ttl: Duration, max_ttl: Duration) -> &Self {
        self.edit(|custom| custom.terms = Some(Terms { ttl, max_ttl, renewable: true }))
    }

    /// Whether leases from now on can be renewed. They can unless told.
    pub fn renewable(&self, renewable: bool) -> &Self {
        self.edit(|custom| {
            if let Some(terms) = &mut custom.terms {
                terms.renewable = renewable;
            }
        })
    }

    fn edit(&self, change: impl FnOnce(&mut Custom)) -> &Self {
        change(self.twin.state().custom.entry(self.path.clone()).or_default());
        self
    }
}

impl fmt::Debug for CustomPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CustomPath({})", self.path)
    }
}

/// Judges a request to such a path.
pub(super) fn judge(state: &mut State, login: &LoginState, call: &Call, now: SystemTime) -> Result<Answer, Refusal> {
    let custom = state.custom.get(&call.path).ok_or_else(refusal::not_found)?;
    let make = match call.operation() {
        Operation::Read => &custom.read,
        Operation::Write => &custom.write,
        Operation::Delete | Operation::Other => &None,
    };
    let data = make.as_ref().ok_or_else(refusal::unsupported_operation)?(&call.body);
    if data.is_null() {
        return Ok(Answer::nothing());
    }
    let Some(terms) = custom.terms else { return Ok(Answer::data(data)) };
    let id = state.lease(&call.path, terms, login, now);
    Ok(state.leases.told(&id, &data, now).issuing(&id))
}
