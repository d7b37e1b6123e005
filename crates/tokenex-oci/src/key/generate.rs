//! Making a key, one at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rsa::RsaPrivateKey;
use rsa::pkcs8::EncodePrivateKey as _;
use rsa::rand_core::OsRng;
use tokenex_core::{Error, ErrorKind, Result};
use tokio::runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::{KeySize, SessionKey};

/// One key at a time in the process. It is taken on a thread for blocking work.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// One such thread at a time in each runtime, whose tasks queue here without a thread each.
static TURNS: Mutex<Option<HashMap<runtime::Id, Weak<Semaphore>>>> = Mutex::new(None);

pub(super) async fn generate(size: KeySize) -> Result<SessionKey> {
    let runtime = runtime::Handle::try_current().map_err(|_| {
        Error::new(ErrorKind::Configuration, "a session key is made on a tokio runtime, and this code runs on none")
            .with_advice("call it from a task, or inside Runtime::block_on")
    })?;
    let turn = turn(runtime.id()).acquire_owned().await.map_err(|_| ended())?;
    let made = runtime.spawn_blocking(move || {
        // Until the key is there, even if nobody waits for it any more.
        let _turn = turn;
        make(size)
    });
    let mut made = Dropped(made);
    match (&mut made.0).await {
        Ok(key) => key,
        Err(error) if error.is_cancelled() => Err(ended()),
        Err(_) => Err(Error::new(ErrorKind::Other, "making a session key ended in a panic")),
    }
}

fn make(size: KeySize) -> Result<SessionKey> {
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let failed = |what: &'static str| Error::new(ErrorKind::Other, what);
    let key = RsaPrivateKey::new(&mut OsRng, size.bits()).map_err(|_| failed("no session key could be made"))?;
    SessionKey::from_pkcs8(key.to_pkcs8_der().map_err(|_| failed("a new session key could not be encoded"))?)
}

/// Where the tasks of this runtime queue.
fn turn(runtime: runtime::Id) -> Arc<Semaphore> {
    let mut turns = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
    let turns = turns.get_or_insert_default();
    if let Some(turn) = turns.get(&runtime).and_then(Weak::upgrade) {
        return turn;
    }
    turns.retain(|_, turn| turn.strong_count() > 0);
    let turn = Arc::new(Semaphore::new(1));
    turns.insert(runtime, Arc::downgrade(&turn));
    turn
}

fn ended() -> Error {
    Error::new(ErrorKind::Shutdown, "the runtime ended while a session key was made")
}

/// Work that nobody waits for is not begun.
struct Dropped<T>(JoinHandle<T>);

impl<T> Drop for Dropped<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
