//! A login at a server, and the secrets that come from it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokenex_core::{
    AnyTokenSource, AnyTransport, Error, ErrorKind, Handle, Keep, Result, Scheduler, TokenSource, Transport, WeakHandle,
};

use crate::database::Database;
use crate::kv::Kv;
use crate::login::{Login, LoginToken};
use crate::path::SecretPath;
use crate::server::{PlainHttp, Server, SharedServer};
use crate::session::{Hopes, Session};
use crate::static_role::StaticDatabase;
use crate::wire::Path;

/// One login at a Vault or OpenBao server. Cheap to clone; all clones are one login.
///
/// The login begins with the first secret that is made from it and is revoked when the last one is closed; a secret made
/// later logs in anew. In between it is renewed while the server allows, and logged in anew in good time before.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    login: Login,
    scheduler: Scheduler,
    /// Weak, so that only secrets keep the login alive.
    current: Mutex<Option<WeakHandle<LoginToken>>>,
    hopes: Arc<Hopes>,
}

impl Vault {
    /// Sets up a login at `address` (`https://host:port`) as `role` of a JWT auth mount, with identity tokens from
    /// `identity`.
    pub fn builder(address: impl Into<String>, role: impl Into<String>, identity: impl TokenSource) -> VaultBuilder {
        VaultBuilder {
            address: address.into(),
            role: role.into(),
            identity: AnyTokenSource::new(identity),
            mount: "jwt".to_owned(),
            namespace: None,
            audience: None,
            redirect_hosts: Vec::new(),
            plain_http: PlainHttp::LoopbackOnly,
            transport: None,
            #[cfg(feature = "http")]
            tls: crate::tls::TlsOptions::default(),
        }
    }

    /// A dynamic database user of this role, at the engine mounted at `database`: made for us, extended while its lease
    /// can be, replaced in good time, dropped at the end.
    pub fn database(&self, role: &str) -> Database {
        Database::new(self.session(), role)
    }

    /// The user of this static role, at the engine mounted at `database`: it stays, and its password is rotated.
    pub fn static_database(&self, role: &str) -> StaticDatabase {
        StaticDatabase::new(self.session(), role)
    }

    /// A secret stored in a KV engine of version 1.
    pub fn kv1(&self, mount: &str, path: &str) -> Kv {
        Kv::one(self.session(), mount, path)
    }

    /// The newest version of a secret stored in a KV engine of version 2. The path is that of the command line, without
    /// `data`.
    pub fn kv2(&self, mount: &str, path: &str) -> Kv {
        Kv::two(self.session(), mount, path)
    }

    /// Whatever reading this path hands out: `aws/creds/deploy`.
    pub fn read(&self, path: &str) -> SecretPath {
        SecretPath::read(self.session(), path)
    }

    /// Whatever writing `data`, a JSON object, to this path hands out: `pki/issue/web`, `kubernetes/creds/deploy`.
    pub fn write(&self, path: &str, data: serde_json::Value) -> SecretPath {
        SecretPath::write(self.session(), path, &data)
    }

    /// The login itself, for what else speaks to the server. While the handle lives, so does the login.
    pub fn login(&self) -> Handle<LoginToken> {
        let mut current = self.0.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(login) = current.as_ref().and_then(WeakHandle::upgrade) {
            return login;
        }
        let name = format!("vault login {}", self.0.login.role);
        let login = self.0.scheduler.keep(Keep::new(self.0.login.clone()).name(name));
        *current = Some(login.downgrade());
        login
    }

    fn session(&self) -> Session {
        Session::new(self.0.login.server.clone(), self.login(), self.0.hopes.clone())
    }

    #[cfg(feature = "vaultrs")]
    pub(crate) fn server(&self) -> &SharedServer {
        &self.0.login.server
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("server", &self.0.login.server).field("role", &self.0.login.role).finish()
    }
}

/// The choices of a [`Vault`].
#[must_use = "a login begins with `build`"]
pub struct VaultBuilder {
    address: String,
    role: String,
    identity: AnyTokenSource,
    mount: String,
    namespace: Option<String>,
    audience: Option<String>,
    redirect_hosts: Vec<String>,
    plain_http: PlainHttp,
    transport: Option<AnyTransport>,
    #[cfg(feature = "http")]
    tls: crate::tls::TlsOptions,
}

impl VaultBuilder {
    /// Where the auth method is mounted, without `auth/`. Default `jwt`. A Kubernetes auth mount takes the same login.
    pub fn mount(mut self, mount: impl Into<String>) -> Self {
        self.mount = mount.into();
        self
    }

    /// The namespace that login and secrets are in (Vault Enterprise, HCP, OpenBao).
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// The audience to ask the token source for, as the role's `bound_audiences` names it. Without it the source hands
    /// out what it has.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Other servers of the cluster, as `host` or `host:port`, to which a standby may redirect. The token goes along.
    pub fn redirect_hosts<S: Into<String>>(mut self, hosts: impl IntoIterator<Item = S>) -> Self {
        self.redirect_hosts.extend(hosts.into_iter().map(Into::into));
        self
    }

    /// Another way to the network than the scheduler's.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(AnyTransport::new(transport));
        self
    }

    /// Takes an `http` address beyond this machine: the identity token and all secrets travel in the clear.
    pub fn dangerous_allow_http(mut self) -> Self {
        self.plain_http = PlainHttp::Anywhere;
        self
    }

    /// Trusts this CA for the server, and no other. PEM, one or several certificates.
    #[cfg(feature = "http")]
    pub fn ca_pem(mut self, pem: impl Into<String>) -> Self {
        self.tls.ca = Some(pem.into());
        self
    }

    /// Shows this certificate to the server, for servers that ask for one: its chain and its key, both PEM.
    #[cfg(feature = "http")]
    pub fn client_identity_pem(
        mut self,
        certificates: impl Into<String>,
        key: impl Into<tokenex_core::Secret>,
    ) -> Self {
        self.tls.identity = Some((certificates.into(), key.into()));
        self
    }

    /// The name to expect in the server's certificate, where it is not that of the address.
    #[cfg(feature = "http")]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.tls.server_name = Some(name.into());
        self
    }

    /// Checks the choices. Nothing is sent before the first secret.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`], naming the option.
    pub fn build(self, scheduler: &Scheduler) -> Result<Vault> {
        let named = |error: Error| error.with_provider("vault");
        if self.role.trim().is_empty() {
            return Err(named(
                Error::new(ErrorKind::Configuration, "the role is empty")
                    .with_advice("name a role of the auth mount; see `list auth/<mount>/role`"),
            ));
        }
        let transport = match self.transport {
            Some(transport) => Some(transport),
            #[cfg(feature = "http")]
            None => self.tls.transport(self.plain_http).map_err(named)?,
            #[cfg(not(feature = "http"))]
            None => None,
        };
        let mut server = Server::new(&self.address, self.plain_http)?
            .with_redirect_hosts(self.redirect_hosts)
            .with_transport(transport);
        if let Some(namespace) = self.namespace.filter(|namespace| !namespace.trim_matches('/').is_empty()) {
            server = server.with_namespace(&namespace).map_err(named)?;
        }
        let login = Login {
            server: SharedServer::new(server),
            mount: Path::new(&self.mount).map_err(named)?,
            role: self.role,
            audience: self.audience,
            identity: self.identity,
        };
        Ok(Vault(Arc::new(Inner {
            login,
            scheduler: scheduler.clone(),
            current: Mutex::new(None),
            hopes: Arc::default(),
        })))
    }
}

impl fmt::Debug for VaultBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VaultBuilder").field("role", &self.role).field("mount", &self.mount).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
