//! Agent identities ([Entra Agent ID](https://learn.microsoft.com/entra/agent-id/agent-oauth-protocols)).
//!
//! The exchange token that a blueprint makes for an agent is an identity token like any other, so an agent is a federated
//! client; what is said of it to users stands at [`AgentBlueprint`].

mod blueprint;
mod identity;
mod on_behalf_of;
mod token;
mod user;

pub use blueprint::AgentBlueprint;
pub use identity::Agent;
pub use on_behalf_of::OnBehalfOf;
pub use token::AgentToken;
pub use user::{ActingUser, AgentUser};
