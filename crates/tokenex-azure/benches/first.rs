//! The first credential beside the bare request that it stands on.
//!
//! `cargo bench -p tokenex-azure --bench first`. The two take turns in one run, so the ratio holds on any machine: the same
//! body goes to the same twin, over connections that are open already. Most of either is the twin, which verifies one
//! signature and makes another; the last line says how much, so that nobody takes a slow twin for a fast client.
#![allow(missing_docs, clippy::print_stdout)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http::header::CONTENT_TYPE;
use tokenex_azure::{Cloud, Entra, EntraToken};
use tokenex_core::Scheduler;
use tokenex_core::http::HttpTransport;
use tokenex_core::sources::StaticText;
use tokenex_testkit::issuer::IssuerKeys;
use tokenex_testkit::tls::Certificates;
use tokenex_testkit::twins::Twin as _;
use tokenex_testkit::twins::azure::{EXCHANGE_AUDIENCE, EntraTwin};
use tokio::runtime::{Handle, Runtime};

const TIMES: usize = 1000;
/// Connections, caches and the twin's keys are made in these.
const WARM_UP: usize = 50;
const FORM: &str = "application/x-www-form-urlencoded";
const WITHIN: Duration = Duration::from_secs(10);

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    // On a worker, as the tasks of a program are: a thread more to wake would count for each request.
    runtime.block_on(runtime.spawn(compare())).expect("no panic");
}

async fn compare() {
    let entra = EntraTwin::new();
    let provider_at = trusted_workload(&entra);
    let served = entra.serve().await.expect("a port");
    let provider = provider_at(&served.url());
    let transport = HttpTransport::new().expect("a transport");
    // Nothing here is encrypted, but the client insists on knowing how it would be.
    let tls = Arc::unwrap_or_clone(Certificates::for_loopback().client_config());
    let client = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().expect("a client");

    first_credential(&provider, &transport).await;
    let sent = served.server().requests().pop().expect("the twin was asked");
    let (url, body) = (format!("{}{}", served.url(), sent.path()), sent.body().clone());

    let (mut ours, mut bare, mut twin) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..WARM_UP + TIMES {
        let times = [
            first_credential(&provider, &transport).await,
            bare_request(&client, &url, &body).await,
            alone(&entra, &url, &body),
        ];
        if round >= WARM_UP {
            for (all, time) in [&mut ours, &mut bare, &mut twin].into_iter().zip(times) {
                all.push(time);
            }
        }
    }

    println!("{TIMES} rounds, in microseconds");
    println!("{:<24}{:>10}{:>10}{:>10}{:>10}{:>10}", "", "median", "min", "p5", "p95", "max");
    let ours = report("first credential", ours);
    let bare = report("bare reqwest POST", bare);
    let twin = report("of which the twin", twin);
    let extra = ours - bare;
    println!("\nfirst credential - bare request: {extra:.0} us, {:.3} of the bare request", extra / bare);
    println!("                                 {:.3} of it without the twin", extra / (bare - twin));
}

/// A workload that an application of a tenant trusts: its provider, once the twin has an address.
fn trusted_workload(entra: &EntraTwin) -> impl Fn(&str) -> EntraToken {
    let issuer = IssuerKeys::new("https://issuer.test");
    entra.reach(&issuer);
    let tenant = entra.tenant("contoso.example");
    let app = tenant.app("deployer");
    app.federate("https://issuer.test", "ci", EXCHANGE_AUDIENCE).expect("trust");
    let jwt = issuer.token().subject("ci").audience(EXCHANGE_AUDIENCE).lifetime(Duration::from_secs(3600)).sign();
    move |address| {
        Entra::federated(tenant.id(), app.client_id(), StaticText::new(jwt.clone()))
            .cloud(Cloud::at(address).expect("an address"))
            .build()
            .and_then(|client| client.token("https://storage.azure.com/.default"))
            .expect("a provider")
    }
}

/// From nothing but a transport to a credential in hand: the scheduler is part of it.
async fn first_credential(provider: &EntraToken, transport: &HttpTransport) -> Duration {
    let began = Instant::now();
    let scheduler = Scheduler::builder(Handle::current()).transport(transport.clone()).start();
    let handle = scheduler.keep(provider.clone());
    let token = handle.ready(WITHIN).await.expect("a credential");
    let took = began.elapsed();
    assert_eq!(token.generation(), 1);
    scheduler.shutdown(WITHIN).await;
    took
}

/// The least that anybody can do: send the same body and read the answer.
async fn bare_request(client: &reqwest::Client, url: &str, body: &Bytes) -> Duration {
    let began = Instant::now();
    let request = client.post(url).header(CONTENT_TYPE, FORM).timeout(WITHIN).body(body.clone());
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    let text = answer.bytes().await.expect("a body");
    let took = began.elapsed();
    assert!(status.is_success() && text.len() > 500, "{status}");
    took
}

/// The twin's own work, without a network.
fn alone(entra: &EntraTwin, url: &str, body: &Bytes) -> Duration {
    let request = Request::post(url).header(CONTENT_TYPE, FORM).body(body.clone()).expect("a request");
    let began = Instant::now();
    let answer = entra.answer(&request);
    let took = began.elapsed();
    assert!(answer.status().is_success());
    took
}

/// Prints one line and returns the median, in microseconds.
fn report(what: &str, mut times: Vec<Duration>) -> f64 {
    times.sort();
    let micros = |index: usize| times[index].as_secs_f64() * 1e6;
    let last = times.len() - 1;
    let [median, min, p5, p95, max] = [last / 2, 0, last / 20, last - last / 20, last].map(micros);
    println!("{what:<24}{median:>10.0}{min:>10.0}{p5:>10.0}{p95:>10.0}{max:>10.0}");
    median
}
