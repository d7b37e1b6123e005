//! KV engines of both versions.
//!
//! Source: openbao.org/api-docs/secret/kv; OpenBao 2.7.2 at work.

use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

use http::StatusCode;
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::{Call, Operation, seconds};
use super::jwt_role::SYSTEM_TTL;
use super::refusal::{self, Refusal};
use super::server::VaultTwin;
use super::state::Engine;
use crate::twins::text::rfc3339;

/// Secrets of version 1, by path.
pub(super) type Pairs = BTreeMap<String, Value>;

/// Secrets of version 2, by path; the newest version is the last one.
pub(super) type Versions = BTreeMap<String, Vec<Version>>;

pub(super) struct Version {
    /// Null when it is destroyed.
    data: Value,
    created_at: SystemTime,
    deleted_at: Option<SystemTime>,
}

impl Version {
    fn metadata(&self, number: usize) -> Value {
        json!({
            "created_time": rfc3339(self.created_at),
            "custom_metadata": null,
            "deletion_time": self.deleted_at.map(rfc3339).unwrap_or_default(),
            "destroyed": self.data.is_null(),
            "version": number,
        })
    }
}

/// A KV engine of version 1. Clones are the same engine.
#[derive(Clone)]
pub struct Kv1 {
    twin: VaultTwin,
    mount: String,
}

impl Kv1 {
    pub(super) fn new(twin: VaultTwin, mount: &str) -> Self {
        twin.state().engines.entry(mount.to_owned()).or_insert_with(|| Engine::Kv1(Pairs::new()));
        Self { twin, mount: mount.to_owned() }
    }

    /// Writes a secret: a JSON object. A pair named `ttl` is how soon readers should look again.
    pub fn put(&self, path: &str, data: Value) -> &Self {
        self.edit(|pairs| {
            pairs.insert(path.to_owned(), data);
        })
    }

    /// Deletes a secret.
    pub fn delete(&self, path: &str) -> &Self {
        self.edit(|pairs| {
            pairs.remove(path);
        })
    }

    fn edit(&self, change: impl FnOnce(&mut Pairs)) -> &Self {
        if let Some(Engine::Kv1(pairs)) = self.twin.state().engines.get_mut(&self.mount) {
            change(pairs);
        }
        self
    }
}

impl fmt::Debug for Kv1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kv1({})", self.mount)
    }
}

/// A KV engine of version 2. Clones are the same engine.
#[derive(Clone)]
pub struct Kv2 {
    twin: VaultTwin,
    mount: String,
}

impl Kv2 {
    pub(super) fn new(twin: VaultTwin, mount: &str) -> Self {
        twin.state().engines.entry(mount.to_owned()).or_insert_with(|| Engine::Kv2(Versions::new()));
        Self { twin, mount: mount.to_owned() }
    }

    /// Writes a new version of a secret: a JSON object. The path is without `data/`.
    pub fn put(&self, path: &str, data: Value) -> &Self {
        let now = self.twin.now();
        self.edit(|versions| {
            add(versions, path, data, now);
        })
    }

    /// Deletes the newest version. It could be undeleted.
    pub fn delete(&self, path: &str) -> &Self {
        let now = self.twin.now();
        self.edit(|versions| delete(versions, path, now))
    }

    /// Destroys the newest version for good.
    pub fn destroy(&self, path: &str) -> &Self {
        self.edit(|versions| {
            if let Some(newest) = versions.get_mut(path).and_then(|versions| versions.last_mut()) {
                newest.data = Value::Null;
            }
        })
    }

    fn edit(&self, change: impl FnOnce(&mut Versions)) -> &Self {
        if let Some(Engine::Kv2(versions)) = self.twin.state().engines.get_mut(&self.mount) {
            change(versions);
        }
        self
    }
}

impl fmt::Debug for Kv2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kv2({})", self.mount)
    }
}

/// Judges a request below a mount of version 1.
pub(super) fn judge_1(pairs: &mut Pairs, path: &str, call: &Call) -> Result<Answer, Refusal> {
    match call.operation() {
        Operation::Read => {
            let data = pairs.get(path).ok_or_else(refusal::not_found)?;
            // A hint, no lease: nothing ends then.
            let hint = data["ttl"].as_str().and_then(seconds).or(data["ttl"].as_u64());
            let hint = hint.unwrap_or(SYSTEM_TTL.as_secs());
            Ok(Answer::whole(json!({ "data": data, "lease_duration": hint })))
        }
        Operation::Write => {
            if call.body.as_object().is_none_or(serde_json::Map::is_empty) {
                return Err(refusal::bad("missing data fields"));
            }
            pairs.insert(path.to_owned(), call.body.clone());
            Ok(Answer::nothing())
        }
        Operation::Delete => {
            pairs.remove(path);
            Ok(Answer::nothing())
        }
        Operation::Other => Err(refusal::unsupported_operation()),
    }
}

/// Judges a request below a mount of version 2.
pub(super) fn judge_2(versions: &mut Versions, path: &str, call: &Call, now: SystemTime) -> Result<Answer, Refusal> {
    let Some(path) = path.strip_prefix("data/") else {
        // What meets those who take it for version 1. It has no "errors".
        let text = "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints \
                    to use.";
        return Ok(Answer::whole(json!({ "warnings": [text] })).with_status(StatusCode::NOT_FOUND));
    };
    match call.operation() {
        Operation::Read => read(versions, path, call),
        Operation::Write => match &call.body["data"] {
            Value::Object(data) => Ok(Answer::data(add(versions, path, Value::Object(data.clone()), now))),
            _ => Err(refusal::bad("no data provided")),
        },
        Operation::Delete => {
            delete(versions, path, now);
            Ok(Answer::nothing())
        }
        Operation::Other => Err(refusal::unsupported_operation()),
    }
}

fn read(versions: &Versions, path: &str, call: &Call) -> Result<Answer, Refusal> {
    let versions = versions.get(path).ok_or_else(refusal::not_found)?;
    let number = match call.query.get("version").map(str::parse::<usize>) {
        None | Some(Ok(0)) => versions.len(),
        Some(Ok(number)) => number,
        Some(Err(_)) => {
            let why = "'' cannot parse value as 'int': strconv.ParseInt: invalid syntax";
            return Err(refusal::field_not_valid("version", why));
        }
    };
    let version = versions.get(number - 1).ok_or_else(refusal::not_found)?;
    let there = version.deleted_at.is_none() && !version.data.is_null();
    let data = if there { version.data.clone() } else { Value::Null };
    let answer = Answer::data(json!({ "data": data, "metadata": version.metadata(number) }));
    Ok(if there { answer } else { answer.with_status(StatusCode::NOT_FOUND) })
}

/// The metadata of the new version.
fn add(versions: &mut Versions, path: &str, data: Value, now: SystemTime) -> Value {
    let versions = versions.entry(path.to_owned()).or_default();
    versions.push(Version { data, created_at: now, deleted_at: None });
    versions[versions.len() - 1].metadata(versions.len())
}

fn delete(versions: &mut Versions, path: &str, now: SystemTime) {
    if let Some(newest) = versions.get_mut(path).and_then(|versions| versions.last_mut()) {
        newest.deleted_at.get_or_insert(now);
    }
}
