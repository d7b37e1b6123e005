//! Nothing is measured.

use std::time::Duration;

use super::Ended;
use crate::engine::entry::Entry;
use crate::engine::kept::Kept;
use crate::engine::slots::Slots;
use crate::engine::timeline::Timeline;
use crate::{Result, Revocation};

pub(in crate::engine) struct Meter;

#[inline]
pub(in crate::engine) fn describe() {}

#[inline]
pub(in crate::engine) fn measure(_: &mut Entry, _: &Slots, _: &Timeline) {}

#[inline]
pub(in crate::engine) fn revocation_took(_: &dyn Kept, _: impl FnOnce() -> Duration) {}

impl Meter {
    #[inline]
    pub(in crate::engine) fn new(_: &dyn Kept) -> Self {
        Self
    }

    #[inline]
    pub(in crate::engine) fn ran(&self, _: &'static str, _: Duration) {}

    #[inline]
    pub(in crate::engine) fn ended(&mut self, _: Ended, _: u64) {}

    #[inline]
    pub(in crate::engine) fn rejected(&self) {}

    #[inline]
    pub(in crate::engine) fn revoked(&self, _: &Result<Revocation>) {}
}
