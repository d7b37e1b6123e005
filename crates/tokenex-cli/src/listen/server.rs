//! Connections, and their bounds: whoever asks too much, too slowly or too often costs little.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::Facts;
use super::answers::{self, Question};

/// At once. Further ones wait in the kernel.
const CONNECTIONS: usize = 16;
/// To say what is wanted.
const HEADERS: Duration = Duration::from_secs(5);
/// In all, reading the answer included.
const WHOLE: Duration = Duration::from_secs(15);
/// Bytes of headers; more than any scraper or probe sends.
const HEADERS_MAX: usize = 16 * 1024;
/// After the system could not give a connection: out of files, most likely.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers until dropped; the connections end with it.
pub(super) async fn serve(listener: TcpListener, facts: Facts) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        // Never closed, so there is always a place in the end.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let facts = facts.clone();
                connections.spawn(async move {
                    // Whoever is too slow is hung up on.
                    let _ = timeout(WHOLE, connection(stream, facts)).await;
                    drop(place);
                });
            }
            Err(error) if is_of_the_client(&error) => {}
            Err(_) => sleep(PAUSE).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

async fn connection(stream: TcpStream, facts: Facts) {
    let service = service_fn(move |request| respond(facts.clone(), request));
    let mut builder = http1::Builder::new();
    // One question a connection: those who ask come every few seconds at most, and idle ones would take the places.
    builder.keep_alive(false).timer(TokioTimer::new()).header_read_timeout(HEADERS).max_buf_size(HEADERS_MAX);
    // An error is a client that went away or does not speak HTTP.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

/// The body of a request is never read.
async fn respond(facts: Facts, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let response = match answers::question(request.method(), request.uri().path()) {
        Ok(Question::Alive) => answers::alive(facts.standings().await.as_deref()),
        Ok(Question::Ready) => answers::ready(facts.standings().await.as_deref()),
        Ok(Question::Metrics) => answers::metrics(facts.numbers.render()),
        Err(refusal) => *refusal,
    };
    Ok(response.map(Full::new))
}
