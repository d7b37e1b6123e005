//! The server itself. It reads lines from standard input and answers each with one line; it ends with its input.
//!
//! | line | answer |
//! |---|---|
//! | `open FIRST LATER DELAY` ([`Habits`]) | the port of a new endpoint |
//! | `count PORT` | how many requests have arrived there |

use std::collections::HashMap;
use std::convert::Infallible;
use std::io::{self, BufRead as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use super::Habits;
use super::answers::{AWS_PATH, assume_role, oauth};

/// Serves until standard input ends.
///
/// # Errors
/// When there is no runtime, or no port.
pub fn serve() -> io::Result<()> {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let mut endpoints = HashMap::new();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let answer = match words.as_slice() {
            ["open", first, later, delay] => {
                let number = |text: &str| text.parse().map_err(io::Error::other);
                let habits = Habits { first: number(first)?, later: number(later)?, delay: number(delay)? };
                let (port, count) = open(&runtime, habits)?;
                endpoints.insert(port.to_string(), count);
                u64::from(port)
            }
            ["count", port] => endpoints.get(*port).map_or(0, |count| count.load(Ordering::Relaxed)),
            _ => return Err(io::Error::other("neither `open` nor `count`")),
        };
        let mut out = io::stdout().lock();
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn open(runtime: &Runtime, habits: Habits) -> io::Result<(u16, Arc<AtomicU64>)> {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let port = listener.local_addr()?.port();
    let count = Arc::new(AtomicU64::new(0));
    let counted = count.clone();
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            let count = counted.clone();
            let service = service_fn(move |request| answer(request, count.clone(), habits));
            // A client that goes away in the middle is its own affair.
            tokio::spawn(async move { http1::Builder::new().serve_connection(TokioIo::new(stream), service).await });
        }
    });
    Ok((port, count))
}

async fn answer(
    request: Request<Incoming>,
    count: Arc<AtomicU64>,
    habits: Habits,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let number = count.fetch_add(1, Ordering::Relaxed);
    let aws = request.uri().path() == AWS_PATH;
    // Read to its end, so that the connection can be used again.
    let _ = request.into_body().collect().await;
    if habits.delay > 0 {
        tokio::time::sleep(Duration::from_millis(habits.delay)).await;
    }
    let lifetime = if number == 0 { habits.first } else { habits.later };
    let (kind, body) = match aws {
        true => ("text/xml", assume_role(number, lifetime)),
        false => ("application/json", oauth(number, lifetime)),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}
