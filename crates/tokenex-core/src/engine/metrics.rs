//! What the engine measures: it goes to the recorder of the `metrics` facade with the feature of that name, and nowhere, at no
//! cost, without it.
//!
//! The driver measures, never a reader. `docs/operations.md` says what each number means.

#[cfg(feature = "metrics")]
mod group;
#[cfg(feature = "metrics")]
mod names;
#[cfg(not(feature = "metrics"))]
mod off;
#[cfg(feature = "metrics")]
mod on;

#[cfg(not(feature = "metrics"))]
pub(in crate::engine) use off::{Meter, describe, measure, revocation_took};
#[cfg(feature = "metrics")]
pub(in crate::engine) use on::{Meter, describe, measure, revocation_took};

use super::kept::Done;
use crate::ErrorKind;

/// How an attempt at issuing or renewing ended.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(feature = "metrics"), expect(dead_code, reason = "nobody looks at it then"))]
pub(super) enum Ended {
    Issued { same: bool },
    Renewed,
    NotRenewable,
    Withdrawn,
    Failed(ErrorKind),
}

impl Ended {
    /// What it brought, whatever becomes of that.
    pub(super) fn of(done: &Done) -> Self {
        match done {
            Done::Issued(arrived) => Self::Issued { same: arrived.same },
            Done::Renewed { .. } => Self::Renewed,
            Done::NotRenewable => Self::NotRenewable,
            Done::Withdrawn => Self::Withdrawn,
            Done::Failed(error) => Self::Failed(error.kind()),
        }
    }
}
