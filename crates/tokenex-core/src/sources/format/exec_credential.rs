//! Plugins of kubectl
//! ([client.authentication.k8s.io/v1](https://kubernetes.io/docs/reference/config-api/client-authentication.v1/)).

use std::time::SystemTime;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

use super::{Found, Misprint, filled, object, unusable};

const GROUP: &str = "client.authentication.k8s.io/";

/// Nobody sits in front of it, and there is no cluster to speak of.
pub(super) fn variables() -> Vec<(&'static str, String)> {
    let info = json!({
        "apiVersion": format!("{GROUP}v1"),
        "kind": "ExecCredential",
        "spec": { "interactive": false },
    });
    vec![("KUBERNETES_EXEC_INFO", info.to_string())]
}

pub(super) fn read(printed: &[u8]) -> Result<Found, Misprint> {
    let mut members = object(printed)?;
    // v1beta1 has the same status.
    let version = members.get("apiVersion").and_then(Value::as_str).and_then(|name| name.strip_prefix(GROUP));
    if !matches!(version, Some("v1" | "v1beta1"))
        || members.get("kind").and_then(Value::as_str) != Some("ExecCredential")
    {
        return Err(unusable(format!("did not print an ExecCredential of {GROUP}v1"), "missing"));
    }
    let Some(Value::Object(status)) = members.get_mut("status") else {
        return Err(unusable("printed an ExecCredential without \"status\"", "missing"));
    };
    let Some(text) = filled(status.get_mut("token")) else {
        let what = match status.contains_key("clientCertificateData") {
            true => "printed a client certificate, and no \"status.token\"",
            false => "printed an ExecCredential without \"status.token\"",
        };
        return Err(unusable(what, "missing"));
    };
    let ends_at = match status.get("expirationTimestamp") {
        None | Some(Value::Null) => None,
        Some(value) => match value.as_str().and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok()) {
            Some(at) => Some(SystemTime::from(at)),
            None => return Err(unusable("printed a \"status.expirationTimestamp\" that is no time", "missing")),
        },
    };
    Ok(Found { text: Zeroizing::new(text.into_bytes()), ends_at })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use proptest::prelude::*;

    use super::*;
    use crate::sources::CommandFormat;

    /// 2026-01-01T00:00:00Z
    const NOW: u64 = 1_767_225_600;

    fn text(answer: &Value) -> Result<String, crate::Error> {
        let printed = Zeroizing::new(answer.to_string().into_bytes());
        match CommandFormat::ExecCredential.text(printed, UNIX_EPOCH + Duration::from_secs(NOW)) {
            Ok(text) => Ok(String::from_utf8(text.to_vec()).unwrap()),
            Err(misprint) => Err(misprint.about("the command")),
        }
    }

    fn with(status: Value) -> Value {
        json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status})
    }

    fn ending(at: &str) -> Value {
        with(json!({"token": "hunter22", "expirationTimestamp": at}))
    }

    #[test]
    fn the_token_is_read_with_and_without_an_end() {
        for good in [
            with(json!({"token": "hunter22"})),
            with(json!({"token": "hunter22", "expirationTimestamp": null, "clientCertificateData": "x"})),
            ending("2026-01-01T00:00:01Z"),
            ending("2025-12-31T23:55:00.5Z"),
            ending("2025-12-31T16:00:01-08:00"),
        ] {
            assert_eq!(text(&good).unwrap(), "hunter22", "{good}");
        }
        let mut beta = with(json!({"token": "hunter22"}));
        beta["apiVersion"] = json!("client.authentication.k8s.io/v1beta1");
        assert_eq!(text(&beta).unwrap(), "hunter22");
    }

    #[test]
    fn what_is_not_as_documented_is_named_without_the_token() {
        let mut other_version = ending("2027-01-01T00:00:00Z");
        other_version["apiVersion"] = json!("client.authentication.k8s.io/v2");
        for (answer, word, code) in [
            (other_version, "ExecCredential", "missing"),
            (json!({"kind": "hunter22"}), "ExecCredential", "missing"),
            (with(Value::Null), "\"status\"", "missing"),
            (with(json!({"token": ""})), "status.token", "missing"),
            (with(json!({"token": ["hunter22"]})), "status.token", "missing"),
            (with(json!({"clientCertificateData": "hunter22"})), "client certificate", "missing"),
            (ending("hunter22"), "expirationTimestamp", "missing"),
            (ending("2025-12-31T23:54:59Z"), "ended 301 s ago", "expired"),
            (json!(["hunter22"]), "JSON object", "not_json"),
        ] {
            let error = text(&answer).unwrap_err();
            assert_eq!((error.kind(), error.code()), (crate::ErrorKind::Identity, Some(code)), "{error}");
            assert!(error.to_string().contains(word) && !format!("{error:?}").contains("hunter22"), "{error}");
        }
    }

    #[test]
    fn the_plugin_is_told_what_kubectl_would_tell_it() {
        let [(name, value)] = &variables()[..] else { panic!("one variable") };
        let info: Value = serde_json::from_str(value).unwrap();
        assert_eq!(
            (*name, &info["kind"], &info["spec"]["interactive"]),
            ("KUBERNETES_EXEC_INFO", &json!("ExecCredential"), &json!(false))
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(printed in "\\PC{0,80}", at in "\\PC{0,30}") {
            let _ = read(printed.as_bytes());
            let _ = text(&ending(&at));
        }
    }
}
