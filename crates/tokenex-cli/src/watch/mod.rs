//! The ways in which `watch` shows what happens.
//!
//! | file | role |
//! |---|---|
//! | `show.rs` | which of them it is |
//! | `board.rs` | a table that is drawn anew, on a terminal |
//! | `lines.rs` | a line for people for each event, elsewhere |

mod board;
mod lines;
pub(crate) mod show;
