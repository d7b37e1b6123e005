//! Clients of the [`vaultrs`] crate whose token follows the login.

use std::fmt;

use reqwest::Url;
use rustify::clients::reqwest::Client as HttpClient;
use tokenex_core::{Error, ErrorKind, Handle, Result};
use vaultrs::api::EndpointMiddleware;
use vaultrs::client::{VaultClient, VaultClientSettings};

use crate::login::LoginToken;
use crate::vault::Vault;

/// Makes [`vaultrs`] clients with the current login; from [`Vault::vaultrs`].
///
/// Take a client for each piece of work and let it go again: its token is the one that was current when it was made.
/// While this lives, so does the login.
pub struct VaultrsClients {
    login: Handle<LoginToken>,
    address: Url,
    namespace: Option<String>,
    http: reqwest::Client,
}

impl Vault {
    /// Makes [`vaultrs`] clients that speak through `http`.
    ///
    /// Give `http` a time limit and no redirects (`redirect::Policy::none()`): `vaultrs` itself sets neither, and a
    /// redirect that is followed takes the token along to whatever host it names.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] when the address of the server is none for `vaultrs`.
    pub fn vaultrs(&self, http: reqwest::Client) -> Result<VaultrsClients> {
        let address = Url::parse(&self.server().address()).map_err(|error| {
            Error::new(ErrorKind::Configuration, "the server's address is none for vaultrs")
                .with_provider("vault")
                .with_source(error)
        })?;
        let namespace = self.server().namespace().map(str::to_owned);
        Ok(VaultrsClients { login: self.login(), address, namespace, http })
    }
}

impl VaultrsClients {
    /// A client with the current login. Do not print it or its settings: `vaultrs` shows the token in `Debug`.
    ///
    /// # Errors
    /// Those of [`Handle::get`]: there is no login now. [`ErrorKind::Configuration`] when the role sets `token_num_uses`.
    ///
    /// Cancel safe.
    pub async fn client(&self) -> Result<VaultClient> {
        let login = self.login.get().await?;
        if login.uses().are_limited() {
            return Err(Error::new(
                ErrorKind::Configuration,
                "the login may be used a limited number of times, and nobody counts what vaultrs spends",
            )
            .with_provider("vault")
            .with_advice("set token_num_uses of the role to 0, or log in with another role for this"));
        }
        let token = login.secret().expose().to_owned();
        Ok(VaultClient {
            // Slashes at the end would be doubled.
            http: HttpClient::new(self.address.as_str().trim_end_matches('/'), self.http.clone()),
            middle: EndpointMiddleware {
                token: token.clone(),
                version: "v1".to_owned(),
                wrap: None,
                namespace: self.namespace.clone(),
            },
            // Written out, since the builder would take what is missing from the environment.
            settings: VaultClientSettings {
                address: self.address.clone(),
                ca_certs: Vec::new(),
                identity: None,
                timeout: None,
                token,
                verify: true,
                version: 1,
                wrapping: false,
                namespace: self.namespace.clone(),
                proxy: None,
            },
        })
    }
}

impl fmt::Debug for VaultrsClients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VaultrsClients({})", self.address)
    }
}
