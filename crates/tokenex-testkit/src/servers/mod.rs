//! Real servers, started from a test and gone with it, and real clients.
//!
//! [`Postgres`], [`OpenBao`], [`Azurite`] and [`Moto`] listen on free loopback ports and
//! keep their files under the workspace's `target/servers/`. Each is stopped and
//! cleaned up when its value is dropped, and also when this process panics, is
//! interrupted or is killed: a small shell beside each server waits for the end
//! of a pipe that only this process holds open. No process is ever looked for by
//! name.
//!
//! [`PythonScript`] runs other companies' clients, unmodified: where they accept
//! a twin, the twin is faithful.
//!
//! PostgreSQL, Python and Node come from the system, all else from [`fetch_openbao`],
//! [`fetch_azurite`] and [`fetch_python_clients`], which `cargo xtask services`
//! calls; what they bring is pinned, and stands in this crate's `clients/`. What
//! is missing is an error that says what to do, never a skipped test.
//!
//! ```no_run
//! use std::time::Duration;
//! use tokenex_testkit::servers::{
//!     DatabaseConnection, DynamicRole, JwtRole, JwtTrust, OpenBao, Postgres,
//! };
//!
//! # async fn set_up(public_key: String) -> Result<(), Box<dyn std::error::Error>> {
//! let postgres = Postgres::start().await?;
//! let bao = OpenBao::start().await?;
//! let admin = bao.admin();
//! let minute = Duration::from_secs(60);
//!
//! let trust = JwtTrust::PublicKeys { pems: vec![public_key] };
//! admin.enable_jwt("jwt", &trust).await?;
//! admin.enable_database("database", &DatabaseConnection::to(&postgres)).await?;
//! admin.dynamic_role("database", &DynamicRole::new("app", minute, 2 * minute)).await?;
//! admin
//!     .policy("app", r#"path "database/creds/app" { capabilities = ["read"] }"#)
//!     .await?;
//! admin.jwt_role("jwt", &JwtRole::new("app", "vault").policies(&["app"])).await?;
//!
//! // ... the program under test logs in at `bao.address()` and reads its secret ...
//!
//! assert_eq!(bao.count_requests(|request| request.is_login("jwt"))?, 1);
//! assert!(postgres.dynamic_users().await?.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! Everything here waits in real time: do not use it on a paused tokio clock.

mod azurite;
mod error;
mod moto;
mod openbao;
mod ports;
mod postgres;
mod python;
mod random;
mod supervisor;
mod tools;
mod workspace;

pub use azurite::Azurite;
pub use error::ServerError;
pub use moto::Moto;
pub use openbao::{
    Admin, AuditedRequest, DatabaseConnection, DynamicRole, JwtRole, JwtTrust, OpenBao, Scheme, StaticRole,
};
pub use postgres::{LoginError, Postgres, Rows, Session, login};
pub use python::{PythonScript, ScriptEnd};
pub use tools::{
    OPENBAO_VARIABLE, OPENBAO_VERSION, POSTGRES_VARIABLE, fetch_azurite, fetch_openbao, fetch_python_clients,
    find_azurite, find_openbao, find_postgres, find_python_clients,
};
