use std::{fs, path::Path};

use serde_json::Value;

use crate::servers::ServerError;

/// One request as the server saw it.
///
/// The log holds hashes in place of secrets, so no secret gets here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditedRequest {
    /// `read`, `update` (a POST or PUT), `create`, `delete` or `list`.
    pub operation: String,
    /// The path without `/v1/`, such as `auth/jwt/login`.
    pub path: String,
    /// The error with which the server answered, if it did.
    pub error: Option<String>,
}

impl AuditedRequest {
    /// Whether the path starts like this and the operation is the one named.
    #[must_use]
    pub fn is(&self, operation: &str, path_prefix: &str) -> bool {
        self.operation == operation && self.path.starts_with(path_prefix)
    }

    /// Whether this is a login at the mount, refused ones included.
    #[must_use]
    pub fn is_login(&self, mount: &str) -> bool {
        self.operation != "read" && self.path == format!("auth/{mount}/login")
    }
}

/// Reads the JSON lines of a file audit device. Each request has one line when
/// it comes in and one when it is answered; only the second tells the outcome,
/// and only the first is written before the request has any effect. The answer
/// leaves the server after the second, so a caller who has its answer finds it.
pub(super) fn read(log: &Path) -> Result<Vec<AuditedRequest>, ServerError> {
    let text = fs::read_to_string(log).map_err(|e| ServerError::io("read the audit log", log, &e))?;
    // The last line may be half written: it is then not valid JSON and belongs
    // to a request that nobody has an answer to.
    let entries: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let requests = entries.iter().filter(|entry| entry["type"] == "response");
    Ok(requests.map(audited).collect())
}

fn audited(entry: &Value) -> AuditedRequest {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    AuditedRequest {
        operation: text(&entry["request"]["operation"]).unwrap_or_default(),
        path: text(&entry["request"]["path"]).unwrap_or_default(),
        error: text(&entry["error"]).or_else(|| text(&entry["response"]["data"]["error"])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_tells_operation_path_and_error() {
        let line = r#"{"type":"response","error":"permission denied",
            "request":{"operation":"update","path":"auth/jwt/login"}}"#;
        let request = audited(&serde_json::from_str(line).expect("valid JSON"));
        assert!(request.is_login("jwt"));
        assert!(request.is("update", "auth/"));
        assert!(!request.is("read", "auth/"));
        assert_eq!(request.error.as_deref(), Some("permission denied"));
    }
}
