use std::{fmt, net::SocketAddr, time::Duration};

use serde_json::json;

use super::{Admin, jwt::seconds};
use crate::servers::{LoginError, Postgres, ServerError};

/// How the server reaches a database as its administrator.
#[derive(Clone)]
pub struct DatabaseConnection {
    address: SocketAddr,
    database: String,
    user: String,
    password: String,
}

impl DatabaseConnection {
    /// As the superuser of this server.
    #[must_use]
    pub fn to(postgres: &Postgres) -> Self {
        Self {
            address: postgres.address(),
            database: postgres.database().to_owned(),
            user: postgres.superuser().to_owned(),
            password: postgres.password().to_owned(),
        }
    }

    /// The same, but connected through a proxy in between.
    #[must_use]
    pub fn through(mut self, proxy: SocketAddr) -> Self {
        self.address = proxy;
        self
    }
}

impl fmt::Debug for DatabaseConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseConnection")
            .field("address", &self.address)
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

/// A role that makes a new user at each read of `MOUNT/creds/NAME`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DynamicRole {
    /// Its name.
    pub name: String,
    /// The lease of a new user.
    pub ttl: Duration,
    /// After how long renewals end.
    pub max_ttl: Duration,
    /// The SQL that makes the user.
    pub creation_statements: String,
}

impl DynamicRole {
    /// A role whose users may log in and nothing else.
    #[must_use]
    pub fn new(name: &str, ttl: Duration, max_ttl: Duration) -> Self {
        Self {
            name: name.to_owned(),
            ttl,
            max_ttl,
            creation_statements: "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' \
                                  VALID UNTIL '{{expiration}}'"
                .to_owned(),
        }
    }
}

/// A role that changes the password of one existing user, read at
/// `MOUNT/static-creds/NAME`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StaticRole {
    /// Its name, and that of the database user.
    pub name: String,
    /// How long a password lasts: 5 s at least. The server's clock for it ticks
    /// every 5 s, so other multiples than of 5 s are rounded up.
    pub rotation_period: Duration,
}

impl StaticRole {
    /// A role for the user of the same name.
    #[must_use]
    pub fn new(name: &str, rotation_period: Duration) -> Self {
        Self { name: name.to_owned(), rotation_period }
    }
}

impl Admin {
    /// Mounts the database engine at a path such as `database`, connected to one
    /// PostgreSQL server, for any role.
    ///
    /// # Errors
    /// If the server refuses; it logs in to the database at once.
    pub async fn enable_database(&self, mount: &str, connection: &DatabaseConnection) -> Result<(), ServerError> {
        self.mount(mount, "database", json!({})).await?;
        let url = format!(
            "postgresql://{{{{username}}}}:{{{{password}}}}@{}/{}?sslmode=disable",
            connection.address, connection.database
        );
        let body = json!({
            "plugin_name": "postgresql-database-plugin",
            "allowed_roles": "*",
            "connection_url": url,
            "username": connection.user,
            "password": connection.password,
        });
        self.write(&format!("{mount}/config/{CONNECTION}"), &body).await.map(drop)
    }

    /// Writes a dynamic role.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn dynamic_role(&self, mount: &str, role: &DynamicRole) -> Result<(), ServerError> {
        let body = json!({
            "db_name": CONNECTION,
            "creation_statements": [role.creation_statements],
            "default_ttl": seconds(role.ttl),
            "max_ttl": seconds(role.max_ttl),
        });
        self.write(&format!("{mount}/roles/{}", role.name), &body).await.map(drop)
    }

    /// Creates the database user of a static role, and the role: the first
    /// rotation happens at once.
    ///
    /// # Errors
    /// If the database or the server refuses.
    pub async fn static_role(&self, mount: &str, role: &StaticRole, postgres: &Postgres) -> Result<(), ServerError> {
        let name = &role.name;
        postgres
            .query(&format!("CREATE ROLE \"{name}\" WITH LOGIN"))
            .await
            .map_err(|e: LoginError| ServerError::new(format!("cannot create a user: {e}")))?;
        let body = json!({
            "db_name": CONNECTION,
            "username": name,
            "rotation_period": seconds(role.rotation_period),
            "rotation_statements": ["ALTER ROLE \"{{name}}\" WITH PASSWORD '{{password}}'"],
        });
        self.write(&format!("{mount}/static-roles/{name}"), &body).await.map(drop)
    }
}

/// The engine's name for its one database connection.
const CONNECTION: &str = "postgres";
