//! What Google's services answer, and the files and programs that its documents describe.

use tokenex::core::sources::{Closure, StaticText};
use tokenex::core::{Error, Source};
use tokenex::gcp::{
    AccessToken, ExecutableSource, ExternalAccount, ImpersonatedIdToken, Impersonation, MetadataServer,
    ServiceAccountKey, WorkloadIdentity,
};

use crate::exchange::{Ends, exchange as trade, held, identity, workload};
use crate::oracle::{self, PASSWORD};
use crate::outside::with_file;

const PROVIDER: &str = "//iam.googleapis.com/projects/1234/locations/global/workloadIdentityPools/ci/providers/issuer";
const ACCOUNT: &str = "deploy@acme-prod.iam.gserviceaccount.com";

fn base() -> impl Source<AccessToken> {
    Closure::plain(|_| AccessToken::new(oracle::password()))
}

pub(super) fn exchange(data: &[u8]) {
    trade(data, Ends::Always, |_| WorkloadIdentity::builder(PROVIDER, workload()).any_audience().build());
}

pub(super) fn impersonation(data: &[u8]) {
    trade(data, Ends::Always, |_| Impersonation::builder(ACCOUNT, base()).build());
}

pub(super) fn id_token(data: &[u8]) {
    trade(data, Ends::Always, |_| ImpersonatedIdToken::builder(ACCOUNT, base()).audience("audience").build());
}

pub(super) fn metadata(data: &[u8]) {
    trade(data, Ends::Always, |_| {
        MetadataServer::new().access_token(["https://www.googleapis.com/auth/cloud-platform"])
    });
}

pub(super) fn metadata_identity(data: &[u8]) {
    identity(data, |_| Ok(MetadataServer::new()));
}

/// A file of type `external_account`. It is read and checked, and not run: it may name any program.
pub(super) fn account_file(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let account = match ExternalAccount::from_json(&text) {
        Ok(account) => account,
        Err(error) => return about_file(&error, &text),
    };
    oracle::well();
    drop(format!("{account:?}"));
    for error in [account.federated().err(), account.impersonation(base()).err()].into_iter().flatten() {
        about_file(&error, &text);
    }
}

/// The subject token of a workload on AWS, from the metadata service of EC2 where the environment holds no keys. Five answers: a
/// session, the zone, the name of the role, its keys, and what Google makes of the signed request.
pub(super) fn aws(data: &[u8]) {
    const FILE: &str = include_str!("../../corpus/gcp_account_file/aws.json");
    trade(data, Ends::Always, |_| ExternalAccount::from_json(FILE)?.federated());
}

/// What is wrong in a file is said with what stands there, but for the member that is secret.
fn about_file(error: &Error, text: &str) {
    oracle::printable(error);
    let secret = format!("\"client_secret\": \"{PASSWORD}\"");
    if text.contains(&secret) && text.matches(PASSWORD).count() == 1 {
        let said = format!("{error} {error:?}");
        assert!(!said.contains(PASSWORD), "{said}");
    }
}

/// The file of a service account's key, which then signs.
pub(super) fn key_file(data: &[u8]) {
    const GRANTED: &[u8] = b"200\n\n{\"access_token\":\"ya29.x\",\"token_type\":\"Bearer\",\"expires_in\":3599}";
    let text = String::from_utf8_lossy(data).into_owned();
    held(GRANTED, data, Ends::Always, |place| Ok(place.scheduler.keep(ServiceAccountKey::new(StaticText::new(text)))));
}

/// What a program has left in its output file. Where that holds no token, a program is run that prints none.
pub(super) fn output_file(data: &[u8]) {
    const ALLOWED: &str = "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES";
    assert!(std::env::var_os(ALLOWED).is_some_and(|value| value == "1"), "set {ALLOWED}=1, or nothing is read");
    with_file(data, |path| {
        identity(data, |_| Ok(ExecutableSource::new("/nonexistent/program")?.output_file(path)));
    });
}
