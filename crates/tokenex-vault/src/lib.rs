//! HashiCorp Vault and OpenBao for tokenex: an identity token becomes live secrets.
//!
//! A workload shows the JWT that proves who it is, the server answers with a login, and the login with secrets: users
//! of databases, keys of clouds, certificates, whatever is stored. Login and secrets are kept fresh for as long as they
//! are wanted, and let go at the end. One [`Vault`] is one login and serves any number of secrets.
//!
//! # On the server
//!
//! The server must trust the issuer of the JWT, and a role must say what the workload may do:
//!
//! ```text
//! auth enable jwt
//! write auth/jwt/config oidc_discovery_url=https://issuer.example
//! write auth/jwt/role/app role_type=jwt user_claim=sub bound_audiences=vault \
//!     bound_subject=repo:org/app token_policies=app token_ttl=20m token_max_ttl=4h
//! policy write app - <<'END'
//!     path "database/creds/readonly" { capabilities = ["read"] }
//!     path "sys/leases/revoke"       { capabilities = ["update"] }
//! END
//! ```
//!
//! `sys/leases/revoke` is what the built-in `default` policy lacks: without it a closed secret lives on until its login
//! ends, and closing says so.
//!
//! # In the program
//!
//! ```no_run
//! use std::time::Duration;
//! use tokenex_core::{Result, Scheduler, TokenSource};
//! use tokenex_vault::Vault;
//!
//! # async fn demo(identity: impl TokenSource) -> Result<()> {
//! let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).start();
//! let vault = Vault::builder("https://vault.example:8200", "app", identity).audience("vault").build(&scheduler)?;
//!
//! let db = scheduler.keep(vault.database("readonly"));
//! db.ready(Duration::from_secs(30)).await?;
//!
//! let user = db.get().await?; // now, and each time a connection is opened
//! connect(user.username(), user.password().expose()).await;
//!
//! println!("{}", scheduler.shutdown(Duration::from_secs(5)).await);
//! # Ok(())
//! # }
//! # async fn connect(_: &str, _: &str) {}
//! ```
//!
//! # What dies with what
//!
//! A lease dies with the login that asked for it, whatever its own duration says. So a new login brings new secrets,
//! early enough that old and new overlap by 60 seconds or a third of their life; the old login is let go after that.
//! `Event::previous_until` says until when the predecessor works: drain pools by then, since the sessions of a dropped
//! database user begin to fail.
//!
//! # Features
//!
//! - `http` (default): core's own transport, and TLS options on [`VaultBuilder`].
//! - `vaultrs`: a client of the `vaultrs` crate whose token follows the login.
#![forbid(unsafe_code)]

mod database;
mod env;
mod errors;
mod kv;
mod lease;
mod login;
mod path;
mod redirect;
#[cfg(feature = "vaultrs")]
mod sdk;
mod secret;
mod server;
mod session;
mod static_role;
#[cfg(feature = "http")]
mod tls;
mod uses;
mod vault;
mod wire;

pub use database::{Database, DatabaseCredentials};
pub use kv::Kv;
pub use lease::Lease;
pub use login::LoginToken;
pub use path::SecretPath;
#[cfg(feature = "vaultrs")]
pub use sdk::VaultrsClients;
pub use secret::{SecretData, VaultSecret};
pub use static_role::StaticDatabase;
pub use vault::{Vault, VaultBuilder};
pub use wire::TokenKind;
