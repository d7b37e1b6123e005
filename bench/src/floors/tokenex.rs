//! tokenex itself, in the same harness.

use std::sync::Arc;

use tokenex_core::{Handle, Scheduler, Target};

use super::Fleet;
use crate::in_process::{InProcess, Source, Token};

/// One scheduler and a handle for each credential, with all defaults.
pub struct TokenexFleet {
    handles: Vec<Handle<Token>>,
    _scheduler: Scheduler,
}

impl Fleet for TokenexFleet {
    const NAME: &'static str = "tokenex";

    fn start(source: Arc<Source>, n: usize) -> Self {
        let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).start();
        let target = Target::new("memory");
        let handles = (0..n).map(|_| scheduler.keep(InProcess::new(source.clone(), target.clone()))).collect();
        Self { handles, _scheduler: scheduler }
    }

    fn usable(&self, index: usize) -> bool {
        self.handles[index].peek().is_some_and(|token| token.length() > 0)
    }
}
