//! Oracle Cloud: its identity domain, and keys that are there before the first day.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use bytes::Bytes;
use http::Request;
use tokenex_core::sources::StaticText;
use tokenex_core::{Attempt, Input, Issued, Result, Source};
use tokenex_oci::{Domain, KeySize, SessionKey, SessionToken, TokenExchange};
use tokenex_testkit::issuer::IssuerKeys;
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::oci::{IdentityDomain, OciTwin, Trust};

use crate::clouds::{ISSUER, Levers};
use crate::token_file::{Mint, SUBJECT};
use crate::truth::Time;

pub(crate) const HOST: &str = "idcs-1.identity.oraclecloud.com";
const API: &str = "https://objectstorage.eu-frankfurt-1.oraclecloud.com/n";
const CLIENT: &str = "exchanger";
const SECRET: &str = "idcscs-0123456789abcdef0123456789abcdef";

/// More than there are tokens at the same time: the newest, one in its grace, one that a listener still holds.
const KEYS: usize = 4;

/// Makes the keys, if that has not been done in this process. They are made on real threads: not while time is virtual.
pub(crate) fn make_keys() {
    pool();
}

fn pool() -> &'static [SessionKey] {
    static POOL: OnceLock<Vec<SessionKey>> = OnceLock::new();
    POOL.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.expect("a runtime without I/O needs nothing");
        let key = || runtime.block_on(SessionKey::generate(KeySize::Rsa2048)).expect("the system has randomness");
        std::iter::repeat_with(key).take(KEYS).collect()
    })
}

/// One after the other of the pool.
struct Keys(AtomicUsize);

impl Source<SessionKey> for Keys {
    async fn fetch(&self, _: &Attempt) -> Result<Input<SessionKey>> {
        let next = self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Input::new(pool()[next % KEYS].clone()))
    }
}

/// A tenancy with one domain, which trusts the workload.
#[derive(Clone)]
pub(crate) struct Oracle {
    twin: OciTwin,
    pub(crate) domain: IdentityDomain,
    trust: Trust,
}

impl Oracle {
    pub(crate) fn new(twin: OciTwin, issuer: &IssuerKeys) -> Self {
        twin.reach(issuer);
        let domain = twin.domain(HOST);
        let (app, user) = (domain.app_with(CLIENT, SECRET), domain.user("deployer"));
        let trust = domain.trust("workloads", ISSUER);
        trust.oauth_client(&app).audience(CLIENT).impersonate(&format!("sub eq {SUBJECT}"), &user).active(true);
        Self { twin, domain, trust }
    }

    pub(crate) fn levers(&self) -> Levers {
        let (trust, issuers, domain) = (self.trust.clone(), self.twin.clone(), self.domain.clone());
        Levers {
            trust: Box::new(move |trusts| {
                trust.active(trusts);
            }),
            issuer: Box::new(move |up| if up { issuers.issuer_up(ISSUER) } else { issuers.issuer_down(ISSUER) }),
            heal: Box::new(move || domain.heal()),
        }
    }

    /// The provider of the service user's token.
    pub(crate) fn provider(&self, issuer: &IssuerKeys) -> TokenExchange {
        let domain =
            Domain::builder(format!("https://{HOST}"), Mint(issuer.clone())).client(CLIENT, StaticText::new(SECRET));
        let domain = domain.session_keys(Keys(AtomicUsize::new(0))).build().expect("an address and a client");
        domain.user_token()
    }

    /// A session token works until its end, and with its own key only: the API is asked once for each.
    pub(crate) fn works(&self, time: &Time) -> impl Fn(&Issued<SessionToken>) -> bool + Send + Sync + use<> {
        let (twin, time, last) = (self.twin.clone(), time.clone(), Arc::new(Mutex::new(None)));
        move |token| {
            let mut last = last.lock().expect("nobody panics in between");
            let generation = Some(token.generation());
            if *last != generation {
                let request = Request::get(API).body(Bytes::new()).expect("a request");
                let signed = token.signer().at(time.wall()).sign(request).expect("a request that can be signed");
                if !twin.answer(&signed).status().is_success() {
                    return false;
                }
                *last = generation;
            }
            twin.claims(token.secret().expose()).is_some()
        }
    }
}
