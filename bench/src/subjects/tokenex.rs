//! tokenex: `tokenex-azure` over its own transport.

use tokenex_azure::{AccessToken, Cloud, Entra, EntraToken};
use tokenex_core::http::HttpTransport;
use tokenex_core::sources::StaticText;
use tokenex_core::{Handle, Scheduler};

use super::{CLIENT, Held, IDENTITY, Library, SCOPE, TENANT};
use crate::server::Endpoint;

/// One scheduler, one transport and one identity for all credentials.
pub struct Tokenex {
    scheduler: Scheduler,
    transport: HttpTransport,
    identity: StaticText,
}

impl Library for Tokenex {
    const NAME: &'static str = "tokenex";
    type Held = Owned;

    fn new() -> Self {
        let transport = HttpTransport::new().expect("a transport");
        Self { scheduler: scheduler(&transport), transport, identity: StaticText::new(IDENTITY) }
    }

    fn hold(&self, endpoint: &Endpoint) -> Owned {
        Owned { handle: self.scheduler.keep(provider(endpoint, self.identity.clone())), _scheduler: None }
    }

    fn first(&self, endpoint: &Endpoint) -> Owned {
        let scheduler = scheduler(&self.transport);
        Owned { handle: scheduler.keep(provider(endpoint, StaticText::new(IDENTITY))), _scheduler: Some(scheduler) }
    }
}

fn scheduler(transport: &HttpTransport) -> Scheduler {
    Scheduler::builder(tokio::runtime::Handle::current()).transport(transport.clone()).start()
}

fn provider(endpoint: &Endpoint, identity: StaticText) -> EntraToken {
    Entra::federated(TENANT, CLIENT, identity)
        .cloud(Cloud::at(&endpoint.url()).expect("an address"))
        .build()
        .and_then(|client| client.token(SCOPE))
        .expect("a provider")
}

/// Read with `get`: an `Arc` of its own for each reader.
///
/// The row of reads has [`Got`] and [`Borrowed`] instead: what one loop alone calls is compiled into it, as the floors are
/// and as a program's own `get().await` is; what all rows call is not, and a call is what a tenth of a read is made of.
pub struct Owned {
    handle: Handle<AccessToken>,
    _scheduler: Option<Scheduler>,
}

impl Owned {
    /// The same credential, read with `get` in one loop alone.
    pub fn got(&self) -> Got {
        Got(self.handle.clone())
    }

    /// The same credential, read with `peek`.
    pub fn borrowed(&self) -> Borrowed {
        Borrowed(self.handle.clone())
    }
}

impl Held for Owned {
    #[inline]
    async fn read(&self) -> Result<usize, String> {
        match self.handle.get().await {
            Ok(token) => Ok(token.secret().expose().len()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Read with `get`.
#[derive(Clone)]
pub struct Got(Handle<AccessToken>);

impl Held for Got {
    #[inline]
    async fn read(&self) -> Result<usize, String> {
        match self.0.get().await {
            Ok(token) => Ok(token.secret().expose().len()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Read with `peek`.
#[derive(Clone)]
pub struct Borrowed(Handle<AccessToken>);

impl Held for Borrowed {
    #[inline]
    async fn read(&self) -> Result<usize, String> {
        self.0.peek().map(|token| token.secret().expose().len()).ok_or_else(|| "nothing usable".to_owned())
    }
}
