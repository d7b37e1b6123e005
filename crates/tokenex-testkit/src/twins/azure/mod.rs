//! Twins of Microsoft Entra and what belongs to it.
//!
//! [`EntraTwin`] is `login.microsoftonline.com`: tenants are made on it, clients in the tenants, trust and secrets on the
//! clients, and its book says what was asked. What Azure spreads slowly, and what it refuses, can be switched while the
//! program under test runs. [`PlatformTwin`] is the endpoint that gives a workload on Azure its managed identity, and
//! [`ArmTwin`] an API to use a token at.
//!
//! What they do not model: flexible federated credentials, certificates of applications, Conditional Access (but
//! [`EntraTwin::refuse`] answers with any code), sign-in in a browser, and the exchange audiences of national clouds in
//! tokens of managed identities.

mod agents;
mod app;
mod arm;
mod assertion;
mod book;
mod claims;
mod directory;
mod discovery;
mod endpoints;
mod entra;
mod federation;
mod issuers;
mod managed_identity;
mod refusal;
mod resource;
mod secrets;
mod state;
mod tenant;
mod text;
mod token_endpoint;
mod users;

pub use app::App;
pub use arm::{ArmTwin, ResourceGroup, Subscription};
pub use book::Exchange;
pub use entra::EntraTwin;
pub use federation::{Federation, FederationRefused};
pub use managed_identity::{Asked, ExpiryForm, PlatformTwin};
pub use resource::{EXCHANGE_AUDIENCE, EXCHANGE_AUDIENCE_ID, TokenVersion};
pub use secrets::SecretKey;
pub use tenant::Tenant;
pub use users::UserAccount;
