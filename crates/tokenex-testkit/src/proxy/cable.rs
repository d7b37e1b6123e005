//! The way of the bytes: what happens on each connection.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Most bytes that are forwarded at once.
const PIECE: usize = 16 * 1024;

/// With a bandwidth, so many pieces make a second: slow connections trickle instead of bursting.
const PIECES_PER_SECOND: u32 = 20;

/// Where it leads, and what is wrong with it.
pub(super) struct Cable {
    upstream: SocketAddr,
    faults: watch::Sender<Faults>,
    connections: AtomicU64,
}

/// The default is a healthy cable.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Faults {
    pub(super) black_hole: bool,
    pub(super) delay: Duration,
    /// Bytes per second and direction.
    pub(super) bandwidth: Option<u32>,
    /// Bytes of answers per connection, counted from its beginning.
    pub(super) cut_after: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Requests,
    Answers,
}

impl Cable {
    pub(super) fn new(upstream: SocketAddr) -> Self {
        Self { upstream, faults: watch::Sender::default(), connections: AtomicU64::new(0) }
    }

    pub(super) fn edit(&self, change: impl FnOnce(&mut Faults)) {
        self.faults.send_modify(change);
    }

    pub(super) fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Accepts until stopped. When it returns, the port refuses and all connections are gone.
    pub(super) async fn accept(self: Arc<Self>, listener: TcpListener, mut stopped: oneshot::Receiver<()>) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                _ = &mut stopped => break,
                Some(_) = connections.join_next() => {}
                accepted = listener.accept() => {
                    // A client that has gone between connect and accept is its own business.
                    let Ok((client, _)) = accepted else { continue };
                    self.connections.fetch_add(1, Ordering::Relaxed);
                    connections.spawn(Arc::clone(&self).connect(client));
                }
            }
        }
        drop(listener);
        connections.shutdown().await;
    }

    /// One connection, to its end. An error is a side that went away: dropping both streams tells the other.
    async fn connect(self: Arc<Self>, mut client: TcpStream) -> io::Result<()> {
        // Dropping the stream before both sides have said goodbye is then a reset, as a pulled cable shows in the end.
        client.set_zero_linger()?;
        self.open().await;
        let mut upstream = TcpStream::connect(self.upstream).await?;
        client.set_nodelay(true)?;
        upstream.set_nodelay(true)?;
        let (from_client, to_client) = client.split();
        let (from_upstream, to_upstream) = upstream.split();
        tokio::try_join!(
            self.pump(from_client, to_upstream, Direction::Requests),
            self.pump(from_upstream, to_client, Direction::Answers),
        )?;
        Ok(())
    }

    async fn pump(
        &self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
        direction: Direction,
    ) -> io::Result<()> {
        let mut piece = vec![0; PIECE];
        let mut passed = 0;
        loop {
            self.open().await;
            let most = match self.faults().bandwidth {
                Some(rate) => PIECE.min((rate / PIECES_PER_SECOND).max(1) as usize),
                None => PIECE,
            };
            let size = from.read(&mut piece[..most]).await?;
            // The cable may have gone bad while we waited for data.
            self.open().await;
            if size == 0 {
                return to.shutdown().await;
            }
            let faults = self.faults();
            sleep(faults.delay).await;
            if let Some(rate) = faults.bandwidth {
                sleep(Duration::from_secs_f64(size as f64 / f64::from(rate))).await;
            }
            self.open().await;
            let allowed = match self.faults().cut_after {
                Some(bytes) if direction == Direction::Answers => bytes.saturating_sub(passed),
                _ => u64::MAX,
            };
            let size_allowed = usize::try_from(allowed).unwrap_or(usize::MAX).min(size);
            to.write_all(&piece[..size_allowed]).await?;
            passed += size_allowed as u64;
            if size_allowed < size {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
        }
    }

    fn faults(&self) -> Faults {
        *self.faults.borrow()
    }

    /// Waits while bytes vanish.
    async fn open(&self) {
        // The sender is `self`, so this cannot fail.
        let _ = self.faults.subscribe().wait_for(|faults| !faults.black_hole).await;
    }
}
