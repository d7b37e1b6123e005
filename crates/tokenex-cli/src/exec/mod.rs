//! A command that runs with credentials.
//!
//! | file | role |
//! |---|---|
//! | `wanted.rs` | what the arguments ask for |
//! | `values.rs` | the values as they are now, each with its end |
//! | `environment.rs` | which variables are not handed on |
//! | `files.rs` | files that are replaced whole and removed at the end |
//! | `signals.rs` | what is forwarded, and what the terminal does by itself |
//! | `child.rs` | the command's process |
//! | `supervisor.rs` | one loop over the process, the signals and the changes |

pub(crate) mod child;
pub(crate) mod environment;
pub(crate) mod files;
pub(crate) mod signals;
pub(crate) mod supervisor;
pub(crate) mod values;
pub(crate) mod wanted;
