//! The refresh engine.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dependent;
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EntryKey;
