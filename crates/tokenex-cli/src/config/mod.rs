//! `tokenex.toml`: from text to what it means, with all problems at once.
//!
//! | file | role |
//! |---|---|
//! | `keys.rs` | every key there is: the one source of parser, advice and schema |
//! | `file.rs` | finding and reading the file |
//! | `parse.rs` | the text as a whole |
//! | `read.rs`, `data.rs`, `fields.rs` | one table, by its table of keys |
//! | `servers.rs`, `trusted.rs` | the values that need more care: where credentials go, and what is believed |
//! | `build.rs`, `together.rs`, `vault_path.rs` | what a table means |
//! | `references.rs` | names that tables give each other: unknown ones, misfits, cycles |
//! | `warnings.rs` | what works and is unwise |
//! | `model.rs`, `secret_ref.rs` | the outcome |
//! | `problems.rs`, `source_text.rs` | problems with their lines, and what of a line may be shown |
//! | `duration.rs`, `expand.rs`, `address.rs`, `nearest.rs`, `permissions.rs` | single values |
//! | `schema.rs` | the JSON Schema |

mod address;
mod build;
mod data;
pub(crate) mod duration;
mod expand;
mod fields;
mod file;
mod keys;
mod model;
mod names;
pub(crate) mod nearest;
mod parse;
mod permissions;
mod problems;
mod read;
mod references;
mod schema;
mod secret_ref;
mod servers;
mod source_text;
#[cfg(test)]
mod tests;
mod together;
mod trusted;
mod vault_path;
mod warnings;

use std::io::IsTerminal as _;
use std::path::Path;

pub(crate) use address::Address;
pub(crate) use file::load_text;
pub(crate) use model::{
    Acting, Aws, AwsAssumeRole, AzureAgent, CommandFormat, Config, CredentialSpec, Engine, EntraClient, EntraProof,
    Gcp, GcpProof, HttpSpec, IdentitySpec, Oci, Origin, Outbound, Proof, Provider, ProxySpec, Role, ServiceAccount,
    Vault, VaultLogin, WhichManagedIdentity,
};
#[cfg(test)]
use parse::Parsed;
pub(crate) use parse::{Place, parse};
pub(crate) use problems::{Problem, report};
pub(crate) use schema::schema;
pub(crate) use secret_ref::SecretRef;
pub(crate) use source_text::SourceText;

use crate::failure::Failure;

/// The file that is named, else that of `TOKENEX_CONFIG`, else `tokenex.toml`.
///
/// # Errors
/// When it cannot be read, or with all of its problems at once.
pub(crate) fn load(path: Option<&Path>) -> Result<Config, Failure> {
    let (text, folder) = load_text(path)?;
    let parsed = parse(&text, &Place::here(&folder));
    match parsed.config {
        Some(config) if !parsed.problems.iter().any(Problem::is_error) => Ok(config),
        _ => Err(failure(&parsed.problems, &text)),
    }
}

/// Whether reports are in colour: for people at a terminal who have not asked for none (<https://no-color.org>).
pub(crate) fn colours() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The failure that shows all problems.
pub(crate) fn failure(problems: &[Problem], text: &SourceText) -> Failure {
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    let what = match errors {
        1 => "has a problem".to_owned(),
        many => format!("has {many} problems"),
    };
    Failure::usage(format!("{} {what}", text.name())).with_report(report(problems, text, colours()))
}
