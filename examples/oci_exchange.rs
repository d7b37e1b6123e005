//! Oracle Cloud without an API key: the workload's identity token becomes a session token of a service user, bound to a key that
//! never leaves the program, and requests are signed with both.
//!
//! Runs by itself, with a local issuer, and twins of an identity domain and of Object Storage on this machine.
#![allow(clippy::print_stdout, reason = "showing is what an example is for")]

use std::error::Error;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, StatusCode};
use tokenex_core::sources::{Closure, StaticText};
use tokenex_core::{Handle, Keep, Scheduler, Transport as _, http::HttpTransport};
use tokenex_oci::{Domain, SessionToken};
use tokenex_testkit::{issuer::Issuer, twins::Twin, twins::oci::OciTwin};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Once, by an administrator: an application that may exchange, a service user that nobody can sign in as, a trust that makes
    // one subject of one issuer this user, and a policy for the user.
    let (issuer, twin) = (Issuer::start().await?, OciTwin::new());
    twin.reach(issuer.keys());
    let domain = twin.domain("idcs-1.identity.oraclecloud.com");
    domain.longest_life(4 * SECOND); // an hour, usually
    let (app, user, trust) = (domain.app("exchanger"), domain.user("deploy"), domain.trust("workloads", issuer.url()));
    trust.oauth_client(&app).audience(app.client_id()).impersonate("sub eq demo", &user).active(true);
    twin.bucket("backups").allow_user(&user);
    let (domain_url, storage) = (domain.serve().await?, twin.serve().await?);

    // The program.
    let transport = HttpTransport::new()?;
    let scheduler = Scheduler::builder(tokio::runtime::Handle::current()).transport(transport.clone()).start();
    let jwt = Closure::plain(move |to| Ok(issuer.token().subject("demo").audience(to.unwrap_or_default()).sign()));
    let domain = Domain::builder(domain_url.url(), jwt)
        .client(app.client_id(), StaticText::new(app.secret())) // from Vault, say: it is all that is long-lived here
        .build()?;
    let session = scheduler.keep(Keep::new(domain.user_token()).name("session token"));
    let show = tokio::spawn(show(session.clone(), Instant::now()));

    let token = session.ready(10 * SECOND).await?;
    println!("Oracle Cloud knows the token as {}", token.claims().subject().unwrap_or("nobody"));
    let object = format!("{}/n/{}/b/backups/o/today", storage.url(), twin.namespace());
    let answer = call(&transport, &session, Request::put(&object).body(Bytes::from("a backup"))?).await?;
    println!("PUT: {answer:?}");
    for _ in 0..8 {
        tokio::time::sleep(SECOND).await;
        call(&transport, &session, Request::get(&object).body(Bytes::new())?).await?;
    }
    println!("GET: {:?}", call(&transport, &session, Request::get(&object).body(Bytes::new())?).await?);

    // Whatever ends a token before its time: the next call notices, and goes on with another one.
    twin.revoke(session.get().await?.secret().expose());
    println!("GET: {:?}", call(&transport, &session, Request::get(&object).body(Bytes::new())?).await?);
    let refused = twin.calls().iter().filter(|call| call.code().is_some()).count();
    println!("{} calls, {refused} of them refused, with {} session tokens", twin.calls().len(), twin.issued());
    println!("{}", scheduler.shutdown(5 * SECOND).await);
    show.await?;
    Ok(())
}

/// Signs a request with the newest token, and once more with another one when that is refused. With `reqwest`, `SigningClient`
/// does this.
async fn call(
    transport: &HttpTransport,
    session: &Handle<SessionToken>,
    request: Request<Bytes>,
) -> Result<Bytes, Box<dyn Error>> {
    let token = session.get().await?;
    let mut answer = transport.send(token.signer().sign(request.clone())?, 5 * SECOND).await?;
    if answer.status() == StatusCode::UNAUTHORIZED {
        session.rejected(token.generation()).await?;
        answer = transport.send(session.get().await?.signer().sign(request)?, 5 * SECOND).await?;
    }
    if answer.status().is_success() { Ok(answer.into_body()) } else { Err(answer.status().to_string().into()) }
}

/// Tells what happens to the token.
async fn show(session: Handle<SessionToken>, began: Instant) {
    let mut listener = session.listen();
    drop(session);
    while let Some(event) = listener.next().await {
        if let Some(issued) = event.credential.filter(|_| event.updated) {
            println!("[{:4.1} s] generation {}, a new key", began.elapsed().as_secs_f64(), issued.generation());
        }
    }
}
