//! `tokenex demo`: one identity, five credentials, two outages; in half a minute, on this machine alone.
//!
//! The targets are the test kit's twins, on loopback ports over https; everything else is what programs run: the umbrella
//! crate, its default transport, its default policy but for one number. Nothing is written to disk.
//!
//! | file | role |
//! |---|---|
//! | `plan.rs` | how long everything takes |
//! | `targets.rs` | the issuer and the five targets, and how they are broken and mended |
//! | `credentials.rs` | the program's side: an identity, and what is made of it |
//! | `watching.rs` | readers and listeners of one credential |
//! | `outage.rs` | when the outages begin and end |
//! | `stage.rs` | all of these together, from the first reading to the last |
//! | `show.rs` | what people see: a table, or lines |
//! | `tally.rs` | what was counted, and whether it proves what it should |
//! | `run.rs` | the run from beginning to end |

mod credentials;
mod outage;
mod plan;
mod run;
mod show;
mod stage;
mod tally;
mod targets;
mod watching;

pub(crate) use plan::Plan;
pub(crate) use run::run;
