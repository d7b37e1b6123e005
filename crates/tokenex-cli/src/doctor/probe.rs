//! The request after the exchange: whether the credential opens what it is for.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Uri};
use tokenex::Error;
use tokenex::core::{ErrorKind, Transport as _};

use super::explain;
use super::finding::{Finding, Step, Verdict, what_and_advice};
use super::refusal::refusal;
use crate::catalog::{Managed, OneByOne};
use crate::config::CredentialSpec;
use crate::failure::Failure;

/// A slower service is broken for most of its callers.
const LIMIT: Duration = Duration::from_secs(15);

/// Calls the address with the credential, and reads nothing of a good answer.
pub(super) async fn call(parts: &OneByOne<'_>, spec: &CredentialSpec, managed: &Managed) -> Finding {
    let Some(address) = &spec.probe else {
        return Finding::skipped(Step::Probe, "the file has no `probe` for it");
    };
    // What stands behind `?` may be anybody's.
    let shown = address.split(['?', '#']).next().unwrap_or_default();
    let finding = match try_it(parts, spec, managed, address).await {
        Ok((status, _)) if status.is_success() => {
            Finding::ok(Step::Probe, format!("the credential opens it (HTTP {})", status.as_u16()))
        }
        Ok((_, Some(refused))) => {
            let help = explain::probe(spec);
            let meaning = help.notes.iter().fold(what_and_advice(&refused), |all, note| format!("{all}; {note}"));
            let exit = Failure::from(&refused).exit();
            Finding::new(Step::Probe, Verdict::Failed(exit), meaning).said(&refused).fixes(help.fix)
        }
        Ok((status, None)) => Finding::warning(
            Step::Probe,
            format!("HTTP {}: neither allowed nor refused; is it an address that answers to GET?", status.as_u16()),
        ),
        Err(error) => {
            let exit = Failure::from(&error).exit();
            Finding::new(Step::Probe, Verdict::Failed(exit), what_and_advice(&error)).said(&error)
        }
    };
    finding.found("address", shown)
}

/// The status, and what it is when it is a refusal.
async fn try_it(
    parts: &OneByOne<'_>,
    spec: &CredentialSpec,
    managed: &Managed,
    address: &str,
) -> Result<(StatusCode, Option<Error>), Error> {
    let uri: Uri = address.parse().map_err(|_| Error::new(ErrorKind::Configuration, "`probe` is no address"))?;
    let request = parts.request(spec, managed, &uri).await?;
    let secrets = shown_in(&request);
    let response = parts.transport().send(request, LIMIT).await?;
    let refused = refusal(&response, &secrets.iter().map(String::as_str).collect::<Vec<_>>());
    Ok((response.status(), refused))
}

/// What must not come back in what the service says.
fn shown_in(request: &Request<Bytes>) -> Vec<String> {
    let sensitive = request.headers().values().filter(|value| value.is_sensitive());
    let words =
        sensitive.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split([' ', '"', '$', ',', '=']));
    words.filter(|word| word.len() >= 12).map(str::to_owned).collect()
}
