//! What Oracle Cloud answers, and the tokens and keys that it hands out.

use std::cell::RefCell;
use std::sync::OnceLock;

use tokenex::core::sources::StaticText;
use tokenex::core::{Error, Secret};
use tokenex::oci::{
    Domain, InstancePrincipal, OkeWorkload, ResourcePrincipal, SessionKey, SessionToken, TokenExchange,
};
use tokenex_testkit::twins::oci::OciTwin;

use crate::exchange::{Ends, Route, exchange as trade, held, password, workload};
use crate::oracle;

/// A key that a failed attempt has made is used by the next one: so one exchange serves all inputs of a thread.
pub(super) fn exchange(data: &[u8]) {
    thread_local!(static EXCHANGE: RefCell<Option<TokenExchange>> = const { RefCell::new(None) });
    trade(data, Ends::AlwaysWithKey, |_| {
        EXCHANGE.with_borrow_mut(|kept| match kept {
            Some(exchange) => Ok(exchange.clone()),
            None => {
                let domain = Domain::builder("https://idcs-1.identity.oraclecloud.com", workload())
                    .client("client", password())
                    .build()?;
                Ok(kept.insert(domain.user_token()).clone())
            }
        })
    });
}

pub(super) fn oke(data: &[u8]) {
    thread_local!(static POD: RefCell<Option<OkeWorkload>> = const { RefCell::new(None) });
    trade(data, Ends::AlwaysWithKey, |_| {
        POD.with_borrow_mut(|kept| match kept {
            Some(pod) => Ok(pod.clone()),
            None => {
                let pod = OkeWorkload::builder("10.96.0.1").identity(workload()).transport(Route);
                Ok(kept.insert(pod.build()?).clone())
            }
        })
    });
}

/// Five answers: certificate, key and intermediate of the instance, its region, and its token.
pub(super) fn instance(data: &[u8]) {
    trade(data, Ends::AlwaysWithKey, |_| Ok(InstancePrincipal::new()));
}

/// The token and the key of a resource principal, with the line between them that stands between answers.
pub(super) fn resource_principal(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let (token, key) = text.split_once("\n====\n").unwrap_or((&text, ""));
    let (token, key) = (StaticText::new(token), StaticText::new(key));
    held(b"200", data, Ends::AlwaysWithKey, |place| Ok(place.scheduler.keep(ResourcePrincipal::new(token, key))));
}

pub(super) fn session_token(data: &[u8]) {
    static KEY: OnceLock<SessionKey> = OnceLock::new();
    let key = KEY.get_or_init(|| {
        let session = OciTwin::new().resource_principal("fnfunc").session(std::time::Duration::from_secs(900));
        SessionKey::from_pem(&Secret::new(session.private_pem()), None).expect("the twin's keys are keys")
    });
    match SessionToken::new(String::from_utf8_lossy(data).into_owned(), key.clone()) {
        Ok(token) => {
            oracle::well();
            drop(format!("{token:?} {:?} {:?}", token.tenancy(), token.claims()));
        }
        Err(error) => about_text(&error, data),
    }
}

/// A private key, with a pass phrase and without.
pub(super) fn pem(data: &[u8]) {
    let text = Secret::new(String::from_utf8_lossy(data).into_owned());
    for passphrase in [None, Some(Secret::new(oracle::PASSWORD))] {
        match SessionKey::from_pem(&text, passphrase.as_ref()) {
            Ok(key) => {
                oracle::well();
                oracle::said_of_success("key", &format!("{key:?}"), data);
            }
            Err(error) => about_text(&error, data),
        }
    }
}

/// No line of a text that is secret as a whole may be in an error about it.
fn about_text(error: &Error, data: &[u8]) {
    oracle::error(error);
    let said = format!("{error:?} {error}");
    for line in String::from_utf8_lossy(data).lines().filter(|line| line.len() >= 48 && !line.contains("-----")) {
        assert!(!said.contains(line), "{said}");
    }
}
