//! A local OIDC issuer: discovery, keys, tokens with any claims, and its bad days.
//!
//! ```
//! use std::time::Duration;
//! use tokenex_testkit::issuer::{Algorithm, Issuer, OldKey};
//! use tokenex_testkit::web::Reply;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let issuer = Issuer::start().await?;
//! let jwt = issuer
//!     .token()
//!     .subject("system:serviceaccount:app:default")
//!     .audience("vault")
//!     .lifetime(Duration::from_secs(600))
//!     .sign();
//!
//! issuer.rotate(Algorithm::Es256, OldKey::Dropped);
//! assert!(issuer.keys().verify(&jwt).is_err());
//!
//! issuer.jwks_answers(Reply::status(500)); // a bad day ...
//! issuer.heal(); // ... and its end
//! # Ok(())
//! # }
//! ```

mod files;
mod jwks;
mod key;
mod keys;
mod token;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

#[cfg(unix)]
pub use files::ProjectedVolume;
pub use files::write_token_file;
pub use jwks::verify_with_jwks;
pub use key::{Algorithm, InvalidKey, KeyMaker, PooledKeys, SigningKey};
pub use keys::{IssuerKeys, OldKey, VerifyError};
pub use token::TokenBuilder;

use crate::tls::Certificates;
use crate::web::{Reply, Script, WebServer};

/// Where the discovery document lies (OpenID Connect Discovery 1.0 section 4).
const DISCOVERY: &str = "/.well-known/openid-configuration";
const JWKS: &str = "/jwks";

/// [`IssuerKeys`] on a free loopback port. The port is free again when it is dropped.
pub struct Issuer {
    keys: IssuerKeys,
    server: WebServer,
    ca_pem: Option<String>,
}

impl Issuer {
    /// Starts an issuer at an `http` address. Must be called on a tokio runtime.
    ///
    /// # Errors
    /// When there is no free loopback port.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Starts an issuer at an `https` address with certificates of its own; [`ca_pem`](Self::ca_pem) is what its
    /// clients must trust.
    ///
    /// # Errors
    /// When there is no free loopback port.
    pub async fn start_tls() -> io::Result<Self> {
        Self::builder().tls(&Certificates::for_loopback()).start().await
    }

    /// Everything that can be chosen.
    pub fn builder() -> IssuerBuilder {
        IssuerBuilder { tls: None, maker: Box::new(PooledKeys), now: Box::new(SystemTime::now) }
    }

    /// The issuer's name and address, without a final slash: the `iss` claim, and the discovery URL for those who
    /// append the well-known path themselves.
    pub fn url(&self) -> &str {
        self.keys.issuer()
    }

    /// Where its keys are.
    pub fn jwks_url(&self) -> String {
        format!("{}{JWKS}", self.url())
    }

    /// The certificate of the CA that its clients must trust, PEM; `None` at an `http` address.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// Begins a token.
    pub fn token(&self) -> TokenBuilder {
        self.keys.token()
    }

    /// The signing half, which works without the network.
    pub fn keys(&self) -> &IssuerKeys {
        &self.keys
    }

    /// The public key that verifies tokens signed now, PEM.
    pub fn public_key_pem(&self, algorithm: Algorithm) -> String {
        self.keys.public_key_pem(algorithm)
    }

    /// From now on another key signs. Returns its `kid`.
    pub fn rotate(&self, algorithm: Algorithm, old: OldKey) -> String {
        self.keys.rotate(algorithm, old)
    }

    /// Answers the discovery request so, until [`heal`](Self::heal).
    pub fn discovery_answers(&self, script: impl Into<Script>) {
        self.server.on(DISCOVERY, script);
    }

    /// Answers the request for the keys so, until [`heal`](Self::heal).
    pub fn jwks_answers(&self, script: impl Into<Script>) {
        self.server.on(JWKS, script);
    }

    /// Answers truly again.
    pub fn heal(&self) {
        let (discovery, jwks) = (self.keys.clone(), self.keys.clone());
        self.server.on(DISCOVERY, move |_: &_| Reply::json(200, &discovery.discovery()));
        self.server.on(JWKS, move |_: &_| Reply::json(200, &jwks.jwks()));
    }

    /// The server underneath: for what it was asked, or to script more paths.
    pub fn server(&self) -> &WebServer {
        &self.server
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Issuer({})", self.url())
    }
}

/// The choices of an [`Issuer`].
#[must_use = "an issuer begins with `start`"]
pub struct IssuerBuilder {
    tls: Option<(Arc<rustls::ServerConfig>, String)>,
    maker: Box<dyn KeyMaker>,
    now: Box<dyn Fn() -> SystemTime + Send + Sync>,
}

impl IssuerBuilder {
    /// Listens at an `https` address and shows this certificate.
    pub fn tls(mut self, certificates: &Certificates) -> Self {
        self.tls = Some((certificates.server_config(), certificates.ca_pem().to_owned()));
        self
    }

    /// Makes keys this way: for keys made beforehand.
    pub fn keys(mut self, maker: impl KeyMaker) -> Self {
        self.maker = Box::new(maker);
        self
    }

    /// Reads the times for the tokens from here.
    pub fn time(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.now = Box::new(now);
        self
    }

    /// Starts it. Must be called on a tokio runtime.
    ///
    /// # Errors
    /// When there is no free loopback port.
    pub async fn start(self) -> io::Result<Issuer> {
        let (server, ca_pem) = match self.tls {
            Some((config, ca_pem)) => (WebServer::start_with_tls_config(config).await?, Some(ca_pem)),
            None => (WebServer::start().await?, None),
        };
        let (maker, now) = (self.maker, self.now);
        let keys = IssuerKeys::with(server.url(), move |algorithm| maker.make(algorithm), now);
        let issuer = Issuer { keys, server, ca_pem };
        issuer.heal();
        Ok(issuer)
    }
}

impl fmt::Debug for IssuerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IssuerBuilder")
    }
}
