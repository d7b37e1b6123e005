//! An identity domain, to be filled, and its token endpoint.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::json;

use super::app::ConfidentialApp;
use super::book::{Book, Exchange};
use super::cloud::{OciTwin, ocid};
use super::refusal::{self, Refusal};
use super::state::{AppState, DomainState, TrustState};
use super::trust::Trust;
use super::user::User;
use super::{answer, token_exchange};
use crate::twins::faults::Faults;
use crate::twins::form::Form;
use crate::twins::issuers::unverified;
use crate::twins::spreading::Spreading;
use crate::twins::text::{random, secret};
use crate::twins::{Fault, Twin};

/// An identity domain. As a [`Twin`] it is the domain's own host. Clones are the same domain.
#[derive(Clone)]
pub struct IdentityDomain {
    oci: OciTwin,
    host: String,
    faults: Arc<Faults>,
}

impl IdentityDomain {
    pub(super) fn new(oci: OciTwin, host: &str) -> Self {
        let mut state = oci.state();
        let known = state.domains.iter().find(|domain| domain.host == host).map(|domain| Arc::clone(&domain.faults));
        let faults = known.clone().unwrap_or_default();
        if known.is_none() {
            state.domains.push(DomainState {
                host: host.to_owned(),
                ocid: ocid("domain"),
                users: Vec::new(),
                apps: Vec::new(),
                trusts: Vec::new(),
                instances: Vec::new(),
                longest: Duration::from_secs(3600),
                exchanges: Book::default(),
                issued: 0,
                faults: Arc::clone(&faults),
            });
        }
        drop(state);
        Self { oci, host: host.to_owned(), faults }
    }

    /// The host that it was made with.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The domain URL at that host, as the console shows it.
    pub fn url(&self) -> String {
        format!("https://{}:443", self.host)
    }

    /// A new confidential application, active and with the grant `client_credentials`. Client id and secret are random.
    pub fn app(&self, name: &str) -> ConfidentialApp {
        let secret = secret("client secret", format!("idcscs-{}", random(32, "abcdef0123456789")));
        self.app_with(&format!("{name}-{}", random(32, "abcdef0123456789")), &secret)
    }

    /// As [`app`](Self::app), with a client id and a secret of your own.
    pub fn app_with(&self, client_id: &str, secret: &str) -> ConfidentialApp {
        let app = AppState {
            client_id: client_id.to_owned(),
            secret: secret.to_owned(),
            active: true,
            client_credentials: true,
            spreading: Spreading::default(),
        };
        self.oci.state().domain_mut(&self.host).apps.push(app);
        ConfidentialApp::new(self.oci.clone(), &self.host, client_id)
    }

    /// The user of this name, who is made when new.
    pub fn user(&self, name: &str) -> User {
        let mut state = self.oci.state();
        let domain = state.domain_mut(&self.host);
        if let Some(known) = domain.users.iter().find(|user| user.name == name) {
            return known.clone();
        }
        let user = User { name: name.to_owned(), ocid: ocid("user") };
        domain.users.push(user.clone());
        user
    }

    /// The identity propagation trust of this name, which is made when it is new, for tokens of this issuer. A new one is
    /// not active, names no application and checks no audience. The twin must also be able to read the issuer's keys:
    /// [`OciTwin::reach`].
    ///
    /// # Panics
    /// When another trust of the domain has this issuer, which Oracle refuses.
    pub fn trust(&self, name: &str, issuer: &str) -> Trust {
        let mut state = self.oci.state();
        let domain = state.domain_mut(&self.host);
        let known = domain.trusts.iter().find(|trust| trust.issuer == issuer).map(|trust| trust.name == name);
        assert!(known != Some(false), "an issuer has one trust in a domain");
        if known.is_none() {
            domain.trusts.push(TrustState {
                name: name.to_owned(),
                issuer: issuer.to_owned(),
                active: false,
                client_claim: None,
                oauth_clients: Vec::new(),
                clock_skew: Duration::ZERO,
                subject_claim: "sub".to_owned(),
                allow_impersonation: false,
                rules: Vec::new(),
                resource: None,
                propagated: Vec::new(),
                spreading: Spreading::default(),
            });
        }
        drop(state);
        Trust::new(self.oci.clone(), &self.host, name)
    }

    /// Session tokens of users live no longer than this from now on. 60 minutes unless told, which is Oracle's limit.
    pub fn longest_life(&self, longest: Duration) {
        self.oci.state().domain_mut(&self.host).longest = longest;
    }

    /// What happens to the next requests to the token endpoint, so many; after those that were told before.
    pub fn fault(&self, times: usize, fault: Fault) {
        self.faults.next(times, &fault);
    }

    /// Forgets the faults to come.
    pub fn heal(&self) {
        self.faults.heal();
    }

    /// The last 10,000 requests to the token endpoint that were judged, in their order: those that a fault answered are not
    /// among them.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.oci.state().domain(&self.host).exchanges.entries()
    }

    /// How many session tokens it has issued.
    pub fn issued(&self) -> u64 {
        self.oci.state().domain(&self.host).issued
    }

    pub(super) fn edit(&self, change: impl FnOnce(&mut DomainState)) -> &Self {
        change(self.oci.state().domain_mut(&self.host));
        self
    }

    fn token(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let now = self.oci.now();
        let form = Form::of_body(request);
        let text = |name: &str| form.get(name).unwrap_or_default().to_owned();
        let claims = unverified(form.get("subject_token").unwrap_or_default()).map(|(_, claims)| claims);
        let mut exchange = Exchange {
            at: now,
            client: String::new(),
            subject: claims.unwrap_or_default()["sub"].as_str().unwrap_or_default().to_owned(),
            requested: text("requested_token_type"),
            public_key: text("public_key"),
            outcome: Ok(()),
        };
        let mut state = self.oci.state();
        let judged = token_exchange::judge(&mut state, &self.host, request, &form, &mut exchange.client, now);
        exchange.outcome = judged.as_ref().map(drop).map_err(|refusal| refusal.code);
        let domain = state.domain_mut(&self.host);
        domain.issued += u64::from(judged.is_ok());
        domain.exchanges.write(exchange);
        drop(state);
        match judged {
            Ok(token) => answer::json(StatusCode::OK, &json!({ "token": token }), now),
            Err(refusal) => self.refused(&refusal),
        }
    }

    fn refused(&self, refusal: &Refusal) -> Response<Bytes> {
        answer::json(refusal.status, &refusal.oauth_body(), self.oci.now())
    }
}

impl Twin for IdentityDomain {
    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let answer = match (request.method(), request.uri().path()) {
            (&Method::POST, "/oauth2/v1/token") => {
                self.faults.answer(|| self.token(request), |status| self.refused(&refusal::oauth_of_status(status)))
            }
            _ => self.refused(&refusal::no_such_path()),
        };
        answer::named(answer, &answer::request_id(request))
    }
}

impl fmt::Debug for IdentityDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentityDomain({})", self.host)
    }
}
