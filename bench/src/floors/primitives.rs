//! What a read is made of.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwapOption;

use crate::subjects::Held;

/// A token and its end.
#[derive(Debug)]
pub struct Snapshot {
    token: Box<[u8]>,
    expires_at: SystemTime,
}

impl Snapshot {
    fn new() -> Self {
        Self { token: vec![7; 900].into(), expires_at: SystemTime::now() + Duration::from_secs(3600) }
    }
}

/// One number.
#[derive(Default)]
pub struct AtomicLoad(AtomicUsize);

/// A guard, and no look at the end.
pub struct Guard(ArcSwapOption<Snapshot>);

/// A guard and a look at the clock: the least that a reader of a shared credential with an end can do.
pub struct GuardAndClock(ArcSwapOption<Snapshot>);

/// A share of one's own, and no look at the end.
pub struct LoadFull(ArcSwapOption<Snapshot>);

/// A share of one's own and a look at the clock.
pub struct LoadFullAndClock(ArcSwapOption<Snapshot>);

/// One more share of what is shared already.
pub struct CloneOfArc(Arc<Snapshot>);

macro_rules! warm {
    ($($name:ident)*) => {
        $(impl Default for $name {
            fn default() -> Self {
                Self(ArcSwapOption::from_pointee(Snapshot::new()))
            }
        })*
    };
}

warm!(Guard GuardAndClock LoadFull LoadFullAndClock);

impl Default for CloneOfArc {
    fn default() -> Self {
        Self(Arc::new(Snapshot::new()))
    }
}

fn ended() -> String {
    "it lives for an hour".to_owned()
}

impl Held for AtomicLoad {
    #[inline]
    async fn read(&self) -> Result<usize, String> {
        Ok(self.0.load(Ordering::Acquire))
    }
}

impl Held for Guard {
    #[inline]
    async fn read(&self) -> Result<usize, String> {
        self.0.load().as_ref().map(|snapshot| snapshot.token.len()).ok_or_else(ended)
    }
}

impl Held for GuardAndClock {
    #[inline]
    async fn read(&self) -> Result<usize, String> {
        match &*self.0.load() {
            Some(snapshot) if SystemTime::now() < snapshot.expires_at => Ok(snapshot.token.len()),
            _ => Err(ended()),
        }
    }
}

impl Held for LoadFull {
    #[inline]
    async fn read(&self) -> Result<usize, String> {
        black_box(self.0.load_full()).map(|snapshot| snapshot.token.len()).ok_or_else(ended)
    }
}

impl Held for LoadFullAndClock {
    #[inline]
    async fn read(&self) -> Result<usize, String> {
        let usable = self.0.load_full().filter(|snapshot| SystemTime::now() < snapshot.expires_at);
        black_box(usable).map(|snapshot| snapshot.token.len()).ok_or_else(ended)
    }
}

impl Held for CloneOfArc {
    #[inline]
    async fn read(&self) -> Result<usize, String> {
        Ok(black_box(self.0.clone()).token.len())
    }
}
