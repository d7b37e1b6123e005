//! The changes of several credentials in one stream.

use tokio::sync::mpsc;

use crate::catalog::{Change, Managed};

/// A change, and of which credential.
#[derive(Debug)]
pub(crate) struct News {
    /// The credential's name in the file.
    pub(crate) name: String,
    pub(crate) change: Change,
}

/// Listens to these. The stream ends after the last change of the last of them.
///
/// There is place for one, so that nothing piles up: a reader that is slow sees the newest state of each.
pub(crate) fn listen<'a>(credentials: impl Iterator<Item = &'a Managed>) -> mpsc::Receiver<News> {
    let (sender, receiver) = mpsc::channel(1);
    for managed in credentials {
        let (name, mut changes, sender) = (managed.name().to_owned(), managed.listen(), sender.clone());
        tokio::spawn(async move {
            while let Some(change) = changes.next().await {
                if sender.send(News { name: name.clone(), change }).await.is_err() {
                    break;
                }
            }
        });
    }
    receiver
}
