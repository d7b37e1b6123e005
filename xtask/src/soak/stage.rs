//! The servers, what lies between them and the program, and the database as the program's users see it.

use std::{
    future::Future,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use tokenex_core::{Issued, TokenSource, sources::Closure};
use tokenex_testkit::{
    issuer::Issuer,
    proxy::Proxy,
    servers::{
        self, DatabaseConnection, DynamicRole, JwtRole, JwtTrust, LoginError, OpenBao, Postgres, ServerError,
        StaticRole,
    },
};
use tokenex_vault::DatabaseCredentials;

use crate::Failure;

pub(super) const LOGIN_ROLE: &str = "soak";
pub(super) const DYNAMIC_ROLE: &str = "soak-dynamic";
pub(super) const STATIC_ROLE: &str = "soak-static";
pub(super) const AUDIENCE: &str = "vault";
const SUBJECT: &str = "soak";

const LOGIN_TTL: Duration = Duration::from_secs(12);
const LOGIN_MAX_TTL: Duration = Duration::from_secs(20);
const LEASE_TTL: Duration = Duration::from_secs(10);
const LEASE_MAX_TTL: Duration = Duration::from_secs(60);
const ROTATION: Duration = Duration::from_secs(10);

pub(super) struct Stage {
    pub(super) bao: OpenBao,
    pub(super) postgres: Postgres,
    /// Between the program and OpenBao.
    pub(super) proxy: Proxy,
    pub(super) database: Database,
    issuer: Issuer,
    /// Whether anything is wrong.
    trouble: AtomicBool,
}

impl Stage {
    pub(super) async fn start() -> Result<Self, Failure> {
        let (postgres, bao) = tokio::try_join!(Postgres::start(), OpenBao::start())?;
        let issuer = Issuer::start().await?;
        let proxy = Proxy::start(([127, 0, 0, 1], bao.port()).into()).await?;
        let database =
            Database { address: postgres.address(), name: postgres.database(), changes: Arc::new(AtomicU64::new(0)) };
        let stage = Self { bao, postgres, proxy, database, issuer, trouble: AtomicBool::new(false) };
        stage.set_up().await?;
        Ok(stage)
    }

    async fn set_up(&self) -> Result<(), ServerError> {
        let admin = self.bao.admin();
        let trust = JwtTrust::Discovery { url: self.issuer.url().to_owned(), ca_pem: None };
        admin.enable_jwt("jwt", &trust).await?;
        admin.enable_database("database", &DatabaseConnection::to(&self.postgres)).await?;
        admin.dynamic_role("database", &DynamicRole::new(DYNAMIC_ROLE, LEASE_TTL, LEASE_MAX_TTL)).await?;
        admin.static_role("database", &StaticRole::new(STATIC_ROLE, ROTATION), &self.postgres).await?;
        let policy = "path \"database/*\" { capabilities = [\"read\"] }\n\
                      path \"sys/leases/revoke\" { capabilities = [\"update\"] }\n";
        admin.policy(LOGIN_ROLE, policy).await?;
        let role = JwtRole::new(LOGIN_ROLE, AUDIENCE).subject(SUBJECT).policies(&[LOGIN_ROLE]);
        admin.jwt_role("jwt", &role.token_ttl(LOGIN_TTL).token_max_ttl(LOGIN_MAX_TTL)).await
    }

    pub(super) fn identity(&self) -> impl TokenSource + use<> {
        let token = self.issuer.token().subject(SUBJECT).audience(AUDIENCE).lifetime(Duration::from_secs(60));
        Closure::plain(move |_| Ok(token.sign()))
    }

    /// Notes that something is wrong from here on, or that it is over.
    pub(super) fn set_trouble(&self, trouble: bool) {
        self.trouble.store(trouble, Ordering::SeqCst);
    }

    pub(super) fn in_trouble(&self) -> bool {
        self.trouble.load(Ordering::SeqCst)
    }

    /// Ends whatever is wrong, also where nothing is.
    pub(super) async fn mend(&self) -> Result<(), Failure> {
        self.proxy.heal()?;
        self.bao.resume().await?;
        self.bao.unseal().await?;
        self.database_up().await
    }

    pub(super) async fn database_down(&self) -> Result<(), Failure> {
        if self.database.is_up() {
            self.database.changes.fetch_add(1, Ordering::SeqCst);
            self.postgres.stop().await?;
        }
        Ok(())
    }

    pub(super) async fn database_up(&self) -> Result<(), Failure> {
        if !self.database.is_up() {
            self.postgres.start_again().await?;
            self.database.changes.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }

    /// What the server was asked for, by its own log.
    pub(super) fn asked(&self) -> Result<String, Failure> {
        let logins = self.bao.count_requests(|request| request.is_login("jwt"))?;
        let users = self.bao.count_requests(|request| request.is("read", "database/creds/"))?;
        let renewals = self.bao.count_requests(|request| request.path == "sys/leases/renew")?;
        Ok(format!("{logins} logins, {users} reads of a new user, {renewals} renewals of its lease"))
    }

    /// Dynamic users in the database, and logins at the server.
    pub(super) async fn left(&self) -> Result<(usize, usize), Failure> {
        Ok((self.postgres.dynamic_users().await?.len(), self.bao.live_token_accessors().await?.len()))
    }

    pub(super) async fn release(self) -> Result<(), Failure> {
        self.bao.release().await?;
        Ok(self.postgres.release().await?)
    }
}

/// Where the users log in.
#[derive(Clone)]
pub(super) struct Database {
    address: SocketAddr,
    name: &'static str,
    /// How often it went down or came up: odd while it is down.
    changes: Arc<AtomicU64>,
}

/// One login, and what was true meanwhile.
pub(super) struct Tried {
    pub(super) outcome: Result<(), LoginError>,
    /// Whether the credential was valid by its own word until the answer was there.
    pub(super) valid: bool,
    /// Whether the database was up all the time.
    pub(super) database_up: bool,
    pub(super) generation: u64,
}

impl Database {
    fn is_up(&self) -> bool {
        self.changes.load(Ordering::SeqCst).is_multiple_of(2)
    }

    pub(super) fn try_login(
        &self,
        user: Arc<Issued<DatabaseCredentials>>,
    ) -> impl Future<Output = Tried> + Send + 'static {
        let database = self.clone();
        async move {
            let (was_up, changes) = (database.is_up(), database.changes.load(Ordering::SeqCst));
            let password = user.password().expose();
            let outcome = servers::login(database.address, database.name, user.username(), password).await;
            Tried {
                outcome,
                valid: user.expires_at().is_none_or(|end| SystemTime::now() < end),
                database_up: was_up && database.changes.load(Ordering::SeqCst) == changes,
                generation: user.generation(),
            }
        }
    }
}
