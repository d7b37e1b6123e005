use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokenex_testkit::proxy::Proxy;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::within;

/// Sends back what it gets.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    addr
}

async fn proxy() -> Proxy {
    Proxy::start(echo().await).await.unwrap()
}

async fn connect(proxy: &Proxy) -> TcpStream {
    within(TcpStream::connect(proxy.addr())).await.unwrap()
}

async fn ask(stream: &mut TcpStream, text: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.write_all(text).await?;
    let mut answer = vec![0; text.len()];
    within(stream.read_exact(&mut answer)).await?;
    Ok(answer)
}

#[tokio::test]
async fn a_healthy_cable_passes_everything_and_counts() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    let text: Vec<u8> = (0..200_000_u32).map(|n| n as u8).collect();
    let (mut from, mut to) = stream.split();
    let mut answer = vec![0; text.len()];
    let (written, read) = within(async { tokio::join!(to.write_all(&text), from.read_exact(&mut answer)) }).await;
    written.unwrap();
    read.unwrap();
    assert!(answer == text);
    // A goodbye passes too, and comes back.
    stream.shutdown().await.unwrap();
    assert_eq!(within(stream.read(&mut [0; 1])).await.unwrap(), 0);
    assert_eq!(proxy.connections(), 1);
}

#[tokio::test]
async fn a_cut_resets_and_refuses_until_healed_at_the_same_address() {
    let proxy = proxy().await;
    for _ in 0..3 {
        let mut stream = connect(&proxy).await;
        assert_eq!(ask(&mut stream, b"ping").await.unwrap(), b"ping");
        proxy.cut().await;
        assert_eq!(within(stream.read(&mut [0; 1])).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
        let refused = within(TcpStream::connect(proxy.addr())).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        proxy.heal().unwrap();
    }
    assert_eq!(ask(&mut connect(&proxy).await, b"ping").await.unwrap(), b"ping");
}

#[tokio::test]
async fn a_black_hole_accepts_and_never_answers_until_healed() {
    let proxy = proxy().await;
    let mut old = connect(&proxy).await;
    assert_eq!(ask(&mut old, b"ping").await.unwrap(), b"ping");
    proxy.black_hole();
    let mut new = connect(&proxy).await;
    for stream in [&mut old, &mut new] {
        stream.write_all(b"lost").await.unwrap();
        let silence = tokio::time::timeout(Duration::from_millis(100), stream.read(&mut [0; 1])).await;
        assert!(silence.is_err(), "something came: {silence:?}");
    }
    proxy.heal().unwrap();
    for stream in [&mut old, &mut new] {
        let mut answer = [0; 4];
        within(stream.read_exact(&mut answer)).await.unwrap();
        assert_eq!(&answer, b"lost");
    }
    assert_eq!(proxy.connections(), 2);
}

#[tokio::test]
async fn a_delay_holds_up_both_directions() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    let delay = Duration::from_millis(50);
    proxy.delay(delay);
    let begun = Instant::now();
    assert_eq!(ask(&mut stream, b"ping").await.unwrap(), b"ping");
    assert!(begun.elapsed() >= 2 * delay, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_bandwidth_is_not_exceeded() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    proxy.bandwidth(20_000);
    let begun = Instant::now();
    let text = vec![7; 4_000];
    assert_eq!(ask(&mut stream, &text).await.unwrap(), text);
    assert!(begun.elapsed() >= Duration::from_millis(200), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn it_cuts_in_the_middle_of_an_answer() {
    let proxy = proxy().await;
    proxy.cut_after(6);
    let mut stream = connect(&proxy).await;
    assert_eq!(ask(&mut stream, b"ping").await.unwrap(), b"ping");
    stream.write_all(b"pong").await.unwrap();
    let mut rest = Vec::new();
    assert!(within(stream.read_to_end(&mut rest)).await.is_err(), "a goodbye instead of a cut");
    assert!(b"po".starts_with(rest.as_slice()), "{rest:?}");
}

#[tokio::test]
async fn an_upstream_that_is_down_is_a_reset() {
    let free = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
    let proxy = Proxy::start(free).await.unwrap();
    let mut stream = connect(&proxy).await;
    assert!(within(stream.read(&mut [0; 1])).await.is_err());
}
