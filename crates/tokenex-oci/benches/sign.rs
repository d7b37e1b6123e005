//! What a signature costs: a `GET`, and a `PUT` of 1 MiB whose hash is signed too.
//!
//! `cargo bench -p tokenex-oci --bench sign`. The last lines are what each of the two stands on, so that the differences hold on any
//! machine.
#![allow(missing_docs, clippy::print_stdout)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use http::{Method, Request};
use ring::digest::{SHA256, digest};
use tokenex_oci::{KeySize, SessionKey, SessionToken};

const TIMES: usize = 2000;
const WARM_UP: usize = 50;
const OBJECT: &str = "https://objectstorage.eu-frankfurt-1.oraclecloud.com/n/namespace/b/bucket/o/object";

fn main() {
    println!("{TIMES} times, in microseconds");
    println!("{:<36}{:>10}{:>10}{:>10}", "", "median", "p99", "max");
    let body = vec![7; 1024 * 1024];
    for size in [KeySize::Rsa2048, KeySize::Rsa3072] {
        let token = token(size);
        let bits = size.bits();
        report(&format!("GET, {bits} bits"), || sign(&token, Method::GET, &[]));
        report(&format!("PUT of 1 MiB, {bits} bits"), || sign(&token, Method::PUT, &body));
    }
    report("of which the SHA-256 of 1 MiB", || time(|| digest(&SHA256, black_box(&body))));
}

/// As long as a session token of the field.
fn token(size: KeySize) -> SessionToken {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let key = runtime.block_on(SessionKey::generate(size)).expect("a key");
    SessionToken::new(format!("e30.e30.{}", "c2ln".repeat(300)), key).expect("a token")
}

fn sign(token: &SessionToken, method: Method, body: &[u8]) -> Duration {
    let request = Request::builder().method(method).uri(OBJECT).body(body).expect("a request");
    time(|| token.signer().sign(request).expect("a signature"))
}

fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let began = Instant::now();
    let result = work();
    let took = began.elapsed();
    black_box(result);
    took
}

fn report(what: &str, mut once: impl FnMut() -> Duration) {
    let mut times: Vec<Duration> = (0..WARM_UP + TIMES).map(|_| once()).skip(WARM_UP).collect();
    times.sort();
    let last = times.len() - 1;
    let [median, p99, max] = [last / 2, last - last / 100, last].map(|index| times[index].as_secs_f64() * 1e6);
    println!("{what:<36}{median:>10.0}{p99:>10.0}{max:>10.0}");
}
