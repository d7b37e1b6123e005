//! A task and a watch channel for each credential: how programs do it by hand.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

use super::{Fleet, lead};
use crate::in_process::{Source, Token};

/// The floor of doing it by hand.
pub struct TaskEach(Vec<watch::Receiver<Option<Snapshot>>>);

struct Snapshot {
    token: Arc<Token>,
    expires_at: Instant,
}

impl Fleet for TaskEach {
    const NAME: &'static str = "a task and a watch channel each";

    fn start(source: Arc<Source>, n: usize) -> Self {
        let receivers = (0..n).map(|_| {
            let (sender, receiver) = watch::channel(None);
            tokio::spawn(keep_fresh(source.clone(), sender));
            receiver
        });
        Self(receivers.collect())
    }

    fn usable(&self, index: usize) -> bool {
        let snapshot = self.0[index].borrow();
        snapshot.as_ref().is_some_and(|snapshot| Instant::now() < snapshot.expires_at && snapshot.token.length() > 0)
    }
}

/// Until the last reader is gone.
async fn keep_fresh(source: Arc<Source>, sender: watch::Sender<Option<Snapshot>>) {
    let mut first = true;
    loop {
        let (token, lifetime) = source.issue(first);
        first = false;
        let expires_at = Instant::now() + lifetime;
        if sender.send(Some(Snapshot { token: Arc::new(token), expires_at })).is_err() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep_until(expires_at - lead(lifetime)) => {}
            () = sender.closed() => return,
        }
    }
}
