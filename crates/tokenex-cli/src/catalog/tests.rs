//! The catalog on a network in memory.
