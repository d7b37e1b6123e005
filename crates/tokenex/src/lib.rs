//! Credentials without secrets: one identity token in, any short-lived credential out, always fresh.
//!
//! A workload shows the JWT that proves who it is, and gets the short-lived credential of the system it wants to talk to.
//! tokenex makes that exchange, keeps the credential fresh in the background for as long as the program wants it, and asks
//! the target to revoke it at the end. It stores no secret, verifies no signature (the target does), and is no daemon.
//!
//! This crate only gathers the others under one name: there is no code in it. Turn on what you need.
//!
//! ```toml
//! [dependencies]
//! tokenex = { version = "0.1", features = ["vault"] }
//! tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
//! ```
#![cfg_attr(feature = "vault", doc = "```no_run")]
#![cfg_attr(not(feature = "vault"), doc = "```ignore")]
//! use std::time::Duration;
//! use tokenex::{Result, Scheduler, sources::File, vault::Vault};
//!
//! #[tokio::main]
//! async fn main() -> Result<()> {
//!     let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).start();
//!     let token = File::new("/var/run/secrets/tokens/vault"); // read anew at each login
//!     let vault = Vault::builder("https://vault.example:8200", "app", token).audience("vault").build(&scheduler)?;
//!     let db = scheduler.keep(vault.database("readonly"));
//!     db.ready(Duration::from_secs(30)).await?; // once, at the start
//!     let user = db.get().await?; // each time a connection is opened
//!     println!("{} has a password of {} bytes", user.username(), user.password().len());
//!     println!("{}", scheduler.shutdown(Duration::from_secs(5)).await);
//!     Ok(())
//! }
//! ```
//!
//! # Which feature
//!
//! | the program needs | feature | module | adapter for the SDK |
//! |---|---|---|---|
//! | AWS session credentials, or identity tokens out of AWS | `aws` | [`aws`](https://docs.rs/tokenex-aws) | `aws_sdk` |
//! | Microsoft Entra access tokens | `azure` | [`azure`](https://docs.rs/tokenex-azure) | `azure_core` |
//! | Google Cloud access and ID tokens | `gcp` | [`gcp`](https://docs.rs/tokenex-gcp) | `google_cloud_auth` |
//! | Oracle Cloud session tokens and signed requests | `oci` | [`oci`](https://docs.rs/tokenex-oci) | `reqwest` |
//! | secrets of HashiCorp Vault or OpenBao | `vault` | [`vault`](https://docs.rs/tokenex-vault) | `vaultrs` |
//! | all of them, all adapters | `full` | | |
//! | a provider of its own, over the default transport | `http` | [`core`] | |
//! | a scrape of what the credentials do | `metrics` | [`core`] | |
//!
//! No feature is on by default. One provider's feature compiles one cloud: nothing of another provider comes along. An
//! adapter brings the SDK's own crates, so it is a feature of its own. Turning a feature on adds names and changes no
//! behaviour, except that any provider's feature turns on `http`, which gives schedulers a transport.
//!
//! # This crate, or the crate of one provider
//!
//! They are the same code. Take this one for one line in `Cargo.toml` and one version. Take a provider's own crate, and
//! [`core`], where the build must be lean (a transport of your own, no TLS), or where an older compiler must do: this crate
//! asks for the newest compiler that any of them asks for. A library that hands out or takes handles, and a provider of your
//! own, name `tokenex-core` alone: its types are the ones re-exported here.
//!
//! # Where to look
//!
//! | for | see |
//! |---|---|
//! | keeping, reading, listening, closing | [`Scheduler`], [`Handle`] |
//! | where identity tokens come from | [`sources`] |
//! | what goes wrong | [`Error`] |
//! | a provider or a source of your own | [`core`], [`TokenSource`] |
//! | set-up at each provider, operations, decisions | `docs` in the repository |

#![forbid(unsafe_code)]

#[cfg(feature = "aws")]
pub use tokenex_aws as aws;
#[cfg(feature = "azure")]
pub use tokenex_azure as azure;
pub use tokenex_core as core;
pub use tokenex_core::{Error, Handle, Result, Scheduler, TokenSource, sources};
#[cfg(feature = "gcp")]
pub use tokenex_gcp as gcp;
#[cfg(feature = "oci")]
pub use tokenex_oci as oci;
#[cfg(feature = "vault")]
pub use tokenex_vault as vault;
