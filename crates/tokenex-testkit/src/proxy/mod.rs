//! A network cable to pull: a TCP proxy that cuts, swallows, slows and heals.
//!
//! ```
//! use std::time::Duration;
//! use tokenex_testkit::proxy::Proxy;
//! use tokenex_testkit::web::WebServer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let server = WebServer::start().await?;
//! let proxy = Proxy::start(server.addr()).await?;
//! // ... the program under test talks to `proxy.addr()` ...
//! proxy.cut().await; // connections are reset, new ones refused
//! proxy.heal()?; // at the same address
//! proxy.black_hole(); // bytes vanish, nobody hangs up
//! proxy.heal()?;
//! proxy.delay(Duration::from_millis(200));
//! # Ok(())
//! # }
//! ```

mod cable;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpSocket;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use cable::Cable;

/// How many connections may wait in the kernel before the proxy takes them.
const BACKLOG: u32 = 128;

/// A proxy on a free loopback port. It stops, and resets all its connections, when it is dropped.
pub struct Proxy {
    addr: SocketAddr,
    cable: Arc<Cable>,
    running: Mutex<Option<Running>>,
    /// Bound and never listening: keeps the port ours while it refuses connections.
    _reservation: Option<TcpSocket>,
}

/// The accepting task, which owns the listener and all connections.
struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Starts a healthy proxy to `upstream`. Must be called on a tokio runtime.
    ///
    /// # Errors
    /// When there is no free loopback port.
    pub async fn start(upstream: SocketAddr) -> io::Result<Self> {
        let reservation = shared_socket()?;
        reservation.bind(([127, 0, 0, 1], 0).into())?;
        let addr = reservation.local_addr()?;
        // Elsewhere a second socket may not have the port, or may take its connections. There, another program can get
        // the port while it is cut, and healing fails with an error.
        let reservation = cfg!(target_os = "linux").then_some(reservation);
        let cable = Arc::new(Cable::new(upstream));
        let proxy = Self { addr, cable, running: Mutex::new(None), _reservation: reservation };
        proxy.heal()?;
        Ok(proxy)
    }

    /// The address to use in place of the upstream's.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Resets all connections and refuses new ones, until [`heal`](Self::heal). Both hold when this returns.
    pub async fn cut(&self) {
        let running = self.running().take();
        if let Some(Running { stop, task }) = running {
            // Either may fail only when the task has ended with its runtime, and then all is cut already.
            let _ = stop.send(());
            let _ = task.await;
        }
    }

    /// Forwards nothing any more and hangs up on nobody; new connections are accepted and swallowed too, until
    /// [`heal`](Self::heal), which forwards what was waiting.
    pub fn black_hole(&self) {
        self.cable.edit(|faults| faults.black_hole = true);
    }

    /// Holds up each piece of data, in both directions, for so long.
    pub fn delay(&self, delay: Duration) {
        self.cable.edit(|faults| faults.delay = delay);
    }

    /// Lets through so many bytes per second on each connection, in each direction.
    pub fn bandwidth(&self, bytes_per_second: u32) {
        self.cable.edit(|faults| faults.bandwidth = Some(bytes_per_second.max(1)));
    }

    /// Resets each connection once so many bytes of answers have passed on it: half a body.
    pub fn cut_after(&self, bytes: u64) {
        self.cable.edit(|faults| faults.cut_after = Some(bytes));
    }

    /// Removes every fault. The address stays the same. Connections that were reset stay so.
    ///
    /// # Errors
    /// When the port cannot be listened on again.
    pub fn heal(&self) -> io::Result<()> {
        self.cable.edit(|faults| *faults = cable::Faults::default());
        let mut running = self.running();
        if running.is_none() {
            let socket = shared_socket()?;
            socket.bind(self.addr)?;
            let listener = socket.listen(BACKLOG)?;
            let (stop, stopped) = oneshot::channel();
            let task = tokio::spawn(Arc::clone(&self.cable).accept(listener, stopped));
            *running = Some(Running { stop, task });
        }
        Ok(())
    }

    /// How many connections were accepted so far, swallowed ones included.
    pub fn connections(&self) -> u64 {
        self.cable.connections()
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(running) = self.running().take() {
            running.task.abort();
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({})", self.addr)
    }
}

/// A socket that can share its port with the reservation.
fn shared_socket() -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    Ok(socket)
}
