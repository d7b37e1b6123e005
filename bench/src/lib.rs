//! What tokenex costs, beside the primitives that it stands on and the libraries that people use today.
//!
//! `cargo xtask bench` builds this package and runs its rows, each as a process of its own. Within a row, the subject, its
//! floor and its peers take turns in the same process, before the same server, so that their ratios hold on any machine.
//!
//! | module | role |
//! |---|---|
//! | [`subjects`] | tokenex and its peers behind one trait: hold a credential, read it |
//! | [`floors`] | the least that could do the same |
//! | [`server`] | the local server that answers them all, in a process of its own |
//! | [`in_process`] | a source without a network |
//! | [`rows`] | one file for each row of the report |
//! | [`measure`] | rounds, medians, processor time, memory |
//! | [`report`] | tables, verdicts, drawings |

pub mod floors;
pub mod in_process;
pub mod measure;
pub mod report;
pub mod rows;
pub mod server;
pub mod subjects;
