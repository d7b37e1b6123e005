//! Which types of other crates our public APIs may show.
//!
//! Each of them ties our major version to the other crate's. Core shows only what its traits cannot do without; a
//! provider shows what its adapter must; nobody shows the parts that can be exchanged (an HTTP client, a cell, a JWT crate).

use std::collections::BTreeSet;
use std::fs;

use crate::{Failure, workspace::Workspace};

/// Per crate, the types that its API may show: by path, as `public-api.txt` writes them, or by crate where it ends in `::`.
const ALLOWED: [(&str, &[&str]); 8] = [
    (
        "tokenex-core",
        &[
            // A request and its answer, as `Transport` takes and gives them.
            "bytes::bytes::Bytes",
            "http::header::map::HeaderMap",
            // A token as the header that carries it.
            "http::header::value::HeaderValue",
            "http::header::value::InvalidHeaderValue",
            "http::request::Request",
            "http::response::Response",
            "http::status::StatusCode",
            // Where a request goes.
            "http::uri::Uri",
            // `Secret` can be read from a configuration, and written to none.
            "serde_core::de::Deserialize",
            "serde_core::de::Deserializer",
            // docs/decisions/0006-tokio-is-in-the-api.md
            "tokio::runtime::handle::Handle",
        ],
    ),
    // Its modules are the other crates, whole.
    ("tokenex", &[]),
    ("tokenex-aws", &["aws_credential_types::", "aws_types::sdk_config::SdkConfig"]),
    ("tokenex-azure", &["azure_core::", "http::header::value::HeaderValue", "typespec::error::Result"]),
    (
        "tokenex-gcp",
        &[
            "google_cloud_auth::credentials::",
            "google_cloud_gax::error::",
            "http::extensions::Extensions",
            "http::header::",
        ],
    ),
    ("tokenex-oci", &["http::", "reqwest::"]),
    (
        "tokenex-vault",
        &[
            "reqwest::async_impl::client::Client",
            "serde_core::de::DeserializeOwned",
            "serde_json::value::Value",
            "vaultrs::client::VaultClient",
        ],
    ),
    (
        "tokenex-testkit",
        &[
            "bytes::bytes::Bytes",
            "http::",
            "rustls::",
            "serde_json::value::Value",
            "tokio::time::instant::Instant",
            "tokio_postgres::error::Error",
        ],
    ),
];

/// Everybody's API shows these.
const OURS: [&str; 3] = ["alloc::", "core::", "std::"];

/// Fails if a published crate shows a type that is not on its list, or if the list has one that is not shown. Reads the
/// checked-in API; another stage proves that it is the present one.
pub(super) fn check(workspace: &Workspace) -> Result<(), Failure> {
    let mut wrong = Vec::new();
    for member in workspace.libraries() {
        let api = fs::read_to_string(member.directory.join("public-api.txt"))?;
        let shown = foreign(&api);
        let allowed = ALLOWED.iter().find(|(name, _)| *name == member.name).map_or(&[][..], |(_, allowed)| allowed);
        for path in shown.iter().filter(|path| !allowed.iter().any(|allowed| covers(allowed, path))) {
            wrong.push(format!("{} shows {path}, which is not on its list", member.name));
        }
        for allowed in allowed.iter().filter(|allowed| !shown.iter().any(|path| covers(allowed, path))) {
            wrong.push(format!("{} may show {allowed} and does not: take it off the list", member.name));
        }
        println!("{}: {} foreign type(s)", member.name, shown.len());
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

fn covers(allowed: &str, path: &str) -> bool {
    if allowed.ends_with("::") { path.starts_with(allowed) } else { path == allowed }
}

/// The paths in the text that begin neither with the standard library nor with a crate of ours.
fn foreign(api: &str) -> BTreeSet<&str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let paths = api.split(|c| !is_word(c)).map(|path| path.trim_matches(':')).filter(|path| path.contains("::"));
    paths
        .filter(|path| !path.starts_with("tokenex") && !OURS.iter().any(|ours| path.starts_with(ours)))
        .filter(|path| path.starts_with(char::is_lowercase))
        .collect()
}
