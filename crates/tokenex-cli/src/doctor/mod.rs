//! `tokenex doctor`: from an identity to a credential, step by step, and where trust breaks on the way.
//!
//! Nothing here decides anything: the targets do. What can be seen from here (keys, signatures, clocks) explains what
//! they say.
//!
//! | file | role |
//! |---|---|
//! | `walk.rs` | one credential after the other, each after what it is made from |
//! | `finding.rs` | what is found at a step |
//! | `report.rs`, `text.rs` | all of it: the exit code, JSON, words for people |
//! | `seen.rs` | an identity token as it went to a provider |
//! | `token.rs`, `clock.rs` | the steps about the token itself |
//! | `issuer/` | discovery, keys and signature, as they look from here |
//! | `exchange.rs` | what the target made of it |
//! | `explain/` | what a refusal means at each target, and the commands that would help |
//! | `commands.rs` | command lines for people to paste |
//! | `probe.rs` | the request after the exchange |
//! | `refusal.rs` | what a service means by its answer to it |

mod clock;
mod commands;
mod exchange;
mod explain;
mod finding;
mod issuer;
mod probe;
mod refusal;
mod report;
mod seen;
mod text;
mod token;
mod walk;

pub(crate) use report::Report;
pub(crate) use text::Writer;
pub(crate) use walk::Walk;
