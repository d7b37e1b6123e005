//! What each test stands on: servers of its own, and a scheduler that talks to them.

use std::future::Future;
use std::time::{Duration, Instant};

use serde_json::json;
use tokenex_core::http::HttpTransport;
use tokenex_core::sources::Closure;
use tokenex_core::{Handle, Policy, Scheduler, TokenSource};
use tokenex_testkit::issuer::{Algorithm, Issuer};
use tokenex_testkit::servers::{DatabaseConnection, DynamicRole, JwtRole, JwtTrust, LoginError, OpenBao, Postgres};
use tokenex_vault::{DatabaseCredentials, Vault};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// Long enough for a busy machine, short enough for a person.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What the role's policy allows unless a test says otherwise.
pub(crate) const POLICY: &str = r#"
    path "database/creds/*"        { capabilities = ["read"] }
    path "database/static-creds/*" { capabilities = ["read"] }
    path "secret/data/*"           { capabilities = ["read"] }
    path "kv1/*"                   { capabilities = ["read"] }
    path "sys/leases/revoke"       { capabilities = ["update"] }
"#;

pub(crate) struct World {
    pub(crate) postgres: Postgres,
    pub(crate) bao: OpenBao,
    pub(crate) issuer: Issuer,
    pub(crate) scheduler: Scheduler,
    _turn: Turn,
}

/// Tests that measure time run alone; all others side by side.
static TURNS: RwLock<()> = RwLock::const_new(());

enum Turn {
    Shared { _guard: RwLockReadGuard<'static, ()> },
    Alone { _guard: RwLockWriteGuard<'static, ()> },
}

impl World {
    /// A login of a minute that can be renewed for ten.
    pub(crate) async fn new() -> Self {
        Self::with_login(login_role().token_ttl(MINUTE).token_max_ttl(10 * MINUTE)).await
    }

    /// A login role `app` as given.
    pub(crate) async fn with_login(role: JwtRole) -> Self {
        Self::with_policy(role, Policy::default()).await
    }

    /// Other numbers for the scheduler.
    pub(crate) async fn with_policy(role: JwtRole, policy: Policy) -> Self {
        Self::start(role, policy, Turn::Shared { _guard: TURNS.read().await }).await
    }

    /// No other test runs meanwhile.
    pub(crate) async fn alone(role: JwtRole) -> Self {
        Self::start(role, Policy::default(), Turn::Alone { _guard: TURNS.write().await }).await
    }

    /// Servers with a database role `app` (lease 60 s).
    async fn start(role: JwtRole, policy: Policy, turn: Turn) -> Self {
        let (postgres, bao) = tokio::try_join!(Postgres::start(), OpenBao::start()).unwrap();
        let issuer = Issuer::start().await.unwrap();
        let admin = bao.admin();
        let trust = JwtTrust::PublicKeys { pems: vec![issuer.public_key_pem(Algorithm::Es256)] };
        admin.enable_jwt("jwt", &trust).await.unwrap();
        admin.policy("app", POLICY).await.unwrap();
        admin.jwt_role("jwt", &role.policies(&["app"])).await.unwrap();
        admin.enable_database("database", &DatabaseConnection::to(&postgres)).await.unwrap();
        admin.dynamic_role("database", &DynamicRole::new("app", MINUTE, 10 * MINUTE)).await.unwrap();
        let scheduler = scheduler(policy);
        Self { postgres, bao, issuer, scheduler, _turn: turn }
    }

    pub(crate) fn identity(&self) -> impl TokenSource {
        let token = self.issuer.token().subject("ci").audience("vault").lifetime(10 * MINUTE);
        Closure::plain(move |_| Ok(token.sign()))
    }

    pub(crate) fn vault(&self) -> Vault {
        Vault::builder(self.bao.address(), "app", self.identity()).audience("vault").build(&self.scheduler).unwrap()
    }

    /// Logs in to PostgreSQL with what the handle holds now.
    pub(crate) async fn try_login(&self, credentials: &DatabaseCredentials) -> Result<(), LoginError> {
        self.postgres.login(credentials.username(), credentials.password().expose()).await
    }

    pub(crate) fn logins(&self) -> usize {
        self.bao.count_requests(|request| request.is_login("jwt")).unwrap()
    }

    pub(crate) fn mints(&self) -> usize {
        self.bao.count_requests(|request| request.is("read", "database/creds/")).unwrap()
    }

    /// Ends everything and demands that nothing is left at the servers.
    pub(crate) async fn shut_down(self) {
        let report = self.scheduler.shutdown(Duration::from_secs(5)).await;
        assert!(report.left.is_empty(), "{report}");
        // The server drops users from a queue, and tries one that the database refused again after 10 seconds and more.
        let began = Instant::now();
        loop {
            let users = self.postgres.dynamic_users().await.unwrap();
            let tokens = self.bao.live_token_accessors().await.unwrap();
            if users.is_empty() && tokens.is_empty() {
                return;
            }
            assert!(began.elapsed() < 3 * PATIENCE, "left after {report}: users {users:?}, logins {tokens:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

pub(crate) fn scheduler(policy: Policy) -> Scheduler {
    Scheduler::builder(tokio::runtime::Handle::current())
        .transport(HttpTransport::new().unwrap())
        .policy(policy)
        .start()
}

pub(crate) fn login_role() -> JwtRole {
    JwtRole::new("app", "vault").subject("ci")
}

/// Waits until it holds.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < PATIENCE, "it does not come about that {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until the handle has a generation beyond `generation`.
pub(crate) async fn next_generation(handle: &Handle<DatabaseCredentials>, generation: u64) -> u64 {
    let began = Instant::now();
    loop {
        if let Ok(issued) = handle.get().await
            && issued.generation() > generation
        {
            return issued.generation();
        }
        assert!(began.elapsed() < 2 * PATIENCE, "no generation after {generation}: {}", handle.status());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Writes a secret of KV version 2.
pub(crate) async fn put(world: &World, path: &str, value: &str) {
    let body = json!({"data": {"value": value}});
    world.bao.admin().write(&format!("secret/data/{path}"), &body).await.unwrap();
}
