use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use tokenex_core::{ErrorKind, Transport as _};
use tokenex_testkit::transport::{Fault, InMemory};
use tokio::time::Instant;

const LIMIT: Duration = Duration::from_secs(10);

fn get(url: &str) -> Request<Bytes> {
    Request::get(url).body(Bytes::new()).unwrap()
}

fn network() -> InMemory {
    let network = InMemory::new();
    network.route("vault.test", async |request: Request<Bytes>| {
        Response::builder().status(StatusCode::ACCEPTED).body(Bytes::from(request.uri().path().to_owned())).unwrap()
    });
    network
}

#[tokio::test(start_paused = true)]
async fn a_request_reaches_its_host_and_is_kept() {
    let network = network();
    network.route("vault.test:8201", async |_| Response::new(Bytes::from("other port")));
    let answer = network.send(get("https://vault.test/v1/a?b=c"), LIMIT).await.unwrap();
    assert_eq!((answer.status(), answer.body().as_ref()), (StatusCode::ACCEPTED, b"/v1/a".as_slice()));
    let answer = network.transport().send(get("https://vault.test:8201/"), LIMIT).await.unwrap();
    assert_eq!(answer.body(), "other port");

    assert_eq!((network.count("vault.test"), network.count("vault.test:8201"), network.count("absent")), (1, 1, 0));
    assert_eq!(network.requests().len(), 2);
    assert_eq!(network.requests_to("vault.test:8201").len(), 1);
    let kept = &network.requests()[0];
    assert_eq!((kept.path(), kept.query()), ("/v1/a", "b=c"));
    assert!(kept.is_for("vault.test") && !kept.is_for("elsewhere.test"));
}

#[tokio::test(start_paused = true)]
async fn latency_passes_on_the_virtual_clock_and_counts_against_the_limit() {
    let network = network();
    network.latency(Duration::from_secs(3));
    let begun = Instant::now();
    network.send(get("https://vault.test/"), LIMIT).await.unwrap();
    assert_eq!(begun.elapsed(), Duration::from_secs(3));
    let error = network.send(get("https://vault.test/"), Duration::from_secs(2)).await.unwrap_err();
    assert_eq!((error.kind(), begun.elapsed()), (ErrorKind::Timeout, Duration::from_secs(5)));
}

#[tokio::test(start_paused = true)]
async fn each_fault_is_the_error_that_it_should_be_and_ends_when_healed() {
    let handled = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let network = InMemory::new();
    network.route("vault.test", {
        let handled = handled.clone();
        move |_| {
            handled.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            async { Response::new(Bytes::new()) }
        }
    });
    for (fault, kind, waits, arrives) in [
        (Fault::Unreachable, ErrorKind::Unavailable, Duration::ZERO, 0),
        (Fault::Hang, ErrorKind::Timeout, LIMIT, 0),
        (Fault::Cut, ErrorKind::Unavailable, Duration::ZERO, 1),
        (Fault::Untrusted, ErrorKind::Tls, Duration::ZERO, 0),
    ] {
        network.fault("vault.test", fault);
        let begun = Instant::now();
        let error = network.send(get("https://vault.test/v1?token=secret"), LIMIT).await.unwrap_err();
        assert_eq!((error.kind(), begun.elapsed()), (kind, waits), "{fault:?}");
        assert_eq!(handled.swap(0, std::sync::atomic::Ordering::Relaxed), arrives, "{fault:?}");
        assert!(!error.to_string().contains("secret") && error.to_string().contains("vault.test"), "{error}");
    }
    network.heal("vault.test");
    assert!(network.send(get("https://vault.test/"), LIMIT).await.is_ok());
    assert_eq!(network.count("vault.test"), 5);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_host_is_unreachable() {
    let error = network().send(get("https://absent.test/"), LIMIT).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn it_keeps_the_newest_requests_and_counts_all() {
    let network = network();
    for n in 0..10_005 {
        network.send(get(&format!("https://vault.test/{n}")), LIMIT).await.unwrap();
    }
    let kept = network.requests();
    assert_eq!((kept.len(), network.count("vault.test")), (10_000, 10_005));
    assert_eq!((kept[0].path(), kept[9_999].path()), ("/5", "/10004"));
}
