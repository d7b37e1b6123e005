//! The forms in which credentials are printed, as pure functions.
//!
//! | form | fits |
//! |---|---|
//! | `json`, `value`, `env` | every credential |
//! | `credential-process` | keys of AWS |
//! | `exec-credential` | access tokens and JWTs |
//! | `google-executable` | JWTs, and access tokens of Google |

mod credential_process;
mod env;
mod exec_credential;
pub(crate) mod google_executable;
pub(crate) mod jsonl;
mod value;

use serde::Serialize;
use tokenex::core::Secret;

use crate::args::Format;
use crate::catalog::{Kind, Managed, Snapshot};
use crate::failure::Failure;

/// Refuses a form that does not fit the credential, before anything is asked for.
///
/// # Errors
/// One that lists the forms that fit, or the fields of which one must be named.
pub(crate) fn check(format: Format, field: Option<&str>, managed: &Managed) -> Result<(), Failure> {
    let (kind, google) = (managed.kind(), managed.provider() == "gcp");
    if format == Format::Value {
        return value::check(managed.name(), field, kind);
    }
    if fits(format, kind, google) {
        return Ok(());
    }
    let fitting = ALL.into_iter().filter(|(format, _)| fits(*format, kind, google)).map(|(_, name)| name);
    let wanted = ALL.into_iter().find(|(one, _)| *one == format).map_or("this", |(_, name)| name);
    Err(Failure::usage(format!("the form {wanted} does not fit {:?}, which is {}", managed.name(), described(kind)))
        .with_help(format!("what fits: {}", fitting.collect::<Vec<_>>().join(", "))))
}

/// Writes the credential in one of the forms, a line feed at its end.
///
/// # Errors
/// When the credential lacks what the form asks for.
pub(crate) fn render(
    format: Format,
    field: Option<&str>,
    managed: &Managed,
    snapshot: &Snapshot,
) -> Result<Secret, Failure> {
    match format {
        Format::Json => Ok(jsonl::current(managed.name(), snapshot)),
        Format::Value => value::render(managed.name(), field, snapshot),
        Format::Env => env::render(managed.name(), snapshot),
        Format::CredentialProcess => credential_process::render(managed),
        Format::ExecCredential => exec_credential::render(snapshot),
        Format::GoogleExecutable => google_executable::render(managed, snapshot),
    }
}

/// The token of a credential that is one.
fn access_token(snapshot: &Snapshot) -> Result<Secret, Failure> {
    snapshot.value.field("access_token").ok_or_else(|| Failure::usage("the credential is no token"))
}

/// A field that is not there.
pub(crate) fn no_such_field(name: &str, field: &str, fields: &[String]) -> Failure {
    Failure::usage(format!("{name:?} has no field {field:?}")).with_help(format!("its fields: {}", fields.join(", ")))
}

/// A document of texts and whole numbers on a line of its own: nothing in it can fail to be written.
fn line(document: &impl Serialize) -> Secret {
    let mut text = serde_json::to_string(document).unwrap_or_default();
    text.push('\n');
    Secret::new(text)
}

const ALL: [(Format, &str); 6] = [
    (Format::Json, "json"),
    (Format::Value, "value"),
    (Format::Env, "env"),
    (Format::CredentialProcess, "credential-process"),
    (Format::ExecCredential, "exec-credential"),
    (Format::GoogleExecutable, "google-executable"),
];

/// Whether a token of Azure is a JWT shows only when it is there, so the kind lets it pass.
fn fits(format: Format, kind: Kind, google: bool) -> bool {
    match format {
        Format::Json | Format::Value | Format::Env => true,
        Format::CredentialProcess => kind == Kind::AwsKeys,
        Format::ExecCredential => matches!(kind, Kind::Bearer | Kind::Jwt),
        Format::GoogleExecutable => kind == Kind::Jwt || (kind == Kind::Bearer && google),
    }
}

fn described(kind: Kind) -> &'static str {
    match kind {
        Kind::Bearer => "an access token",
        Kind::Jwt => "an identity token",
        Kind::AwsKeys => "keys of AWS",
        Kind::VaultSecret => "a secret of Vault",
        Kind::OciSession => "a session of Oracle Cloud",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_fits_what_the_table_says() {
        let fitting = |kind, google| {
            ALL.into_iter().filter(|(format, _)| fits(*format, kind, google)).map(|(_, name)| name).collect::<Vec<_>>()
        };
        assert_eq!(fitting(Kind::VaultSecret, false), ["json", "value", "env"]);
        assert_eq!(fitting(Kind::AwsKeys, false), ["json", "value", "env", "credential-process"]);
        assert_eq!(fitting(Kind::Bearer, false), ["json", "value", "env", "exec-credential"]);
        assert_eq!(fitting(Kind::Bearer, true), ["json", "value", "env", "exec-credential", "google-executable"]);
        assert_eq!(fitting(Kind::Jwt, false), ["json", "value", "env", "exec-credential", "google-executable"]);
    }
}
