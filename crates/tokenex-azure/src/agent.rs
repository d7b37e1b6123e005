//! Agent identities ([Entra Agent ID](https://learn.microsoft.com/entra/agent-id/agent-oauth-protocols)).
//!
//! A *blueprint* is the application that stands for a kind of agent, and holds the only proof: a federated credential, a
//! managed identity, a secret. An *agent identity* has no proof of its own. The chain is made of what is there anyway:
//!
//! ```text
//! identity ──► blueprint ──► exchange token for one agent ──► agent ──► access token
//!                                        └──► and the agent's own ──► agent user ──► access token
//!                                        └──► and a person's token ──► on behalf of ──► access token
//! ```
//!
//! The exchange token is an identity token like any other, so an agent is a federated client. Each agent has its own, made
//! for it by name (`fmi_path`), and with it credentials of its own: nothing is shared between two agents of one blueprint.

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
