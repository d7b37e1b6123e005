//! What Vault and OpenBao answer. The first answer is that to the login.

use tokenex::core::Result;
use tokenex::vault::Vault;

use crate::exchange::{Ends, Place, exchange, held, workload};

fn vault(place: &Place) -> Result<Vault> {
    Vault::builder("https://vault.test:8200", "app", workload()).audience("vault").build(&place.scheduler)
}

pub(super) fn login(data: &[u8]) {
    held(data, data, Ends::Perhaps, |place| Ok(vault(place)?.login()));
}

pub(super) fn database(data: &[u8]) {
    exchange(data, Ends::Always, |place| Ok(vault(place)?.database("app")));
}

pub(super) fn static_database(data: &[u8]) {
    exchange(data, Ends::Perhaps, |place| Ok(vault(place)?.static_database("app")));
}

pub(super) fn kv2(data: &[u8]) {
    exchange(data, Ends::Perhaps, |place| Ok(vault(place)?.kv2("secret", "a")));
}

pub(super) fn read(data: &[u8]) {
    exchange(data, Ends::Perhaps, |place| Ok(vault(place)?.read("any/path")));
}
