//! Where it puts secrets: each breaks one law about that.

use http::Method;
use http::header::{AUTHORIZATION, HeaderValue};
use tokenex_core::{Provider as _, Revocation, Source as _};

use crate::conformance::faulty::{caught_for, exchange};
use crate::conformance::key_server::{self, check};

#[test]
fn inputs_unprinted_but_what_the_target_repeats() {
    caught_for("inputs-unprinted", |_, bent| {
        bent.issue(|server, cx| {
            Box::pin(async move {
                let (request, claims) = server.login(cx).await?;
                let sent = cx.moment();
                let answer = cx.send(request).await?;
                check(&answer, cx, Some(&claims)).map_err(|error| {
                    let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap_or_default();
                    let said: String =
                        body["error_description"].as_str().unwrap_or_default().chars().take(2000).collect();
                    error.with_source(std::io::Error::other(said))
                })?;
                server.granted(&answer, sent)
            })
        })
    });
}

#[test]
fn inputs_unprinted_but_logged() {
    caught_for("inputs-unprinted", |_, bent| {
        bent.issue(|server, cx| {
            Box::pin(async move {
                let secret = server.client_secret.fetch(cx).await?;
                tracing::trace!("logging in with {}", secret.value().expose());
                server.issue(cx).await
            })
        })
    });
}

#[test]
fn output_unprinted_but_logged() {
    caught_for("output-unprinted", |_, bent| {
        bent.issue(|server, cx| {
            Box::pin(async move {
                let (request, claims) = server.login(cx).await?;
                let sent = cx.moment();
                let answer = cx.send(request).await?;
                check(&answer, cx, Some(&claims))?;
                tracing::trace!(?answer, "the server has answered");
                server.granted(&answer, sent)
            })
        })
    });
}

#[test]
fn output_unprinted_but_in_the_error_about_an_answer_that_was_cut() {
    caught_for("output-unprinted", |_, bent| {
        bent.issue(|server, cx| {
            Box::pin(async move {
                let (request, claims) = server.login(cx).await?;
                let sent = cx.moment();
                let answer = cx.send(request).await?;
                check(&answer, cx, Some(&claims))?;
                server.granted(&answer, sent).map_err(|error| {
                    let text: String = String::from_utf8_lossy(answer.body()).chars().take(2000).collect();
                    error.with_source(std::io::Error::other(text))
                })
            })
        })
    });
}

#[test]
fn clean_urls_but_for_the_token() {
    caught_for("clean-urls", |_, bent| {
        bent.issue(|server, cx| {
            Box::pin(async move {
                let (mut request, claims) = server.login(cx).await?;
                let secret = server.client_secret.fetch(cx).await?;
                *request.uri_mut() = format!("{}?secret={}", request.uri(), secret.value().expose()).parse().unwrap();
                exchange(server, cx, request, &claims).await
            })
        })
    });
}

#[test]
fn marked_headers_but_for_one() {
    caught_for("marked-headers", |_, bent| {
        bent.revoke(|server, held, cx| {
            Box::pin(async move {
                let mut request = server.request(Method::DELETE, &format!("/keys/{}", held.id), None, String::new());
                let bearer = HeaderValue::try_from(format!("Bearer {}", held.secret.expose())).unwrap();
                request.headers_mut().insert(AUTHORIZATION, bearer);
                let answer = cx.send(request).await?;
                if answer.status() != http::StatusCode::NOT_FOUND {
                    check(&answer, cx, None)?;
                }
                Ok(Revocation::Accepted)
            })
        })
    });
}

#[test]
fn identity_in_body_and_in_a_header() {
    caught_for("identity-in-body", |_, bent| {
        bent.issue(|server, cx| {
            Box::pin(async move {
                let identity = cx.identity(&server.identity, &[key_server::AUDIENCE]).await?;
                let (mut request, claims) = server.login(cx).await?;
                let mut header = HeaderValue::try_from(identity.value().secret().expose()).unwrap();
                header.set_sensitive(true);
                request.headers_mut().insert("x-identity", header);
                exchange(server, cx, request, &claims).await
            })
        })
    });
}
