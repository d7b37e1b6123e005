//! The twin of HashiCorp Vault and OpenBao.
//!
//! [`VaultTwin`] is one server: JWT auth mounts and their roles are made on it, KV engines, database engines and paths of
//! any other kind, and its book says what was asked. Logins end as the real ones do, and take their leases along. Words and
//! statuses are those of OpenBao, and a test asks both.
//!
//! What it does not model: namespaces, response wrapping, second factors, periodic logins, database users whose
//! password is rotated, and policies beyond a list of paths for each role.

mod answer;
mod book;
mod call;
mod claims;
mod custom;
mod database;
mod database_role;
mod jwt_auth;
mod jwt_role;
mod kv;
mod leases;
mod login;
mod logins;
mod refusal;
mod route;
mod server;
mod state;
mod token;
mod users;

pub use book::Exchange;
pub use custom::CustomPath;
pub use database::Database;
pub use database_role::DatabaseRole;
pub use jwt_auth::JwtAuth;
pub use jwt_role::JwtRole;
pub use kv::{Kv1, Kv2};
pub use logins::Login;
pub use server::VaultTwin;
pub use users::DatabaseUser;
