//! Twins of Oracle Cloud: identity domains, a little of its API, and the endpoints that hand out tokens inside it.
//!
//! [`OciTwin`] is one tenancy: Object Storage, in which each request must be signed with the key that its token is bound
//! to, and the federation endpoint for instances. On it are made [identity domains](IdentityDomain), which exchange
//! identity tokens for session tokens; [instances](InstanceTwin) with their metadata service; [clusters](ClusterTwin) that
//! hand tokens to pods; and [resource principals](ResourcePrincipal), whose tokens a platform puts into variables and
//! files.
//!
//! Oracle publishes no list of the token endpoint's refusals, so their texts are ours and their codes are OAuth's.
//! What the twins do not model: SCIM, groups, the language of policies (closures on the token's claims instead), other types
//! of trust than JWT, claim validations, user tokens in other forms than the exchange, multipart uploads, and the whole API
//! beyond a few calls to Object Storage.

mod answer;
mod api;
mod app;
mod book;
mod bucket;
mod certificate;
mod client;
mod cloud;
mod cluster;
mod domain;
mod federation;
mod instance;
mod keys;
mod public_key;
mod refusal;
mod resource_principal;
mod rule;
mod signature;
mod state;
mod subject;
mod token_exchange;
mod tokens;
mod trust;
mod user;

pub use app::ConfidentialApp;
pub use book::{Call, Exchange};
pub use bucket::Bucket;
pub use cloud::OciTwin;
pub use cluster::ClusterTwin;
pub use domain::IdentityDomain;
pub use instance::InstanceTwin;
pub use resource_principal::{ResourcePrincipal, ResourceSession};
pub use trust::Trust;
pub use user::User;
