//! What each path says. Names, states, times and numbers; never a credential, and never a target's words.

use std::time::SystemTime;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Response, StatusCode};
use serde_json::json;
use tokenex::core::State;

use crate::time::rfc3339;

/// The form of Prometheus' text, and its version.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// Whether the program works.
    Alive,
    /// Whether every credential is there.
    Ready,
    /// What was counted.
    Metrics,
}

/// How one credential stands.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    pub(super) name: String,
    /// `None` when the scheduler does not know it any more.
    pub(super) state: Option<State>,
    pub(super) valid_until: Option<SystemTime>,
    /// Attempts that failed since the last that did not.
    pub(super) failures: u32,
}

impl Standing {
    /// Failing and still valid is ready.
    fn is_ready(&self) -> bool {
        self.state.is_some_and(State::is_ready)
    }
}

/// What a request asks for.
///
/// # Errors
/// The answer to one that asks for nothing of ours.
pub(super) fn question(method: &Method, path: &str) -> Result<Question, Box<Response<Bytes>>> {
    let question = match path {
        "/livez" => Question::Alive,
        "/readyz" => Question::Ready,
        "/metrics" => Question::Metrics,
        _ => return Err(Box::new(answer(StatusCode::NOT_FOUND, TEXT, "there are /livez, /readyz and /metrics\n"))),
    };
    if !matches!(*method, Method::GET | Method::HEAD) {
        let mut refused = answer(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET and HEAD\n");
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return Err(Box::new(refused));
    }
    Ok(question)
}

/// `/livez`.
pub(super) fn alive(standings: Option<&[Standing]>) -> Response<Bytes> {
    match standings {
        Some(_) => answer(StatusCode::OK, TEXT, "alive\n"),
        None => answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, "the scheduler does not answer, or has ended\n"),
    }
}

/// `/readyz`.
pub(super) fn ready(standings: Option<&[Standing]>) -> Response<Bytes> {
    let standings = standings.unwrap_or_default();
    let ready = !standings.is_empty() && standings.iter().all(Standing::is_ready);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let missing: Vec<_> = standings.iter().filter(|one| !one.is_ready()).map(|one| &one.name).collect();
    let credentials: Vec<_> = standings
        .iter()
        .map(|one| {
            json!({
                "name": one.name,
                "state": one.state.map(|state| state.to_string()),
                "valid_until": one.valid_until.map(rfc3339),
                "failures": one.failures,
            })
        })
        .collect();
    let body = json!({ "ready": ready, "not_ready": missing, "credentials": credentials });
    answer(status, JSON, format!("{body}\n"))
}

/// `/metrics`.
pub(super) fn metrics(text: String) -> Response<Bytes> {
    answer(StatusCode::OK, PROMETHEUS, text)
}

fn answer(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    // An answer about now is of no use later.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn standing(name: &str, state: impl Into<Option<State>>) -> Standing {
        Standing { name: name.to_owned(), state: state.into(), valid_until: None, failures: 0 }
    }

    fn told(response: &Response<Bytes>) -> (u16, Value) {
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
    }

    #[test]
    fn every_credential_must_be_usable_and_degraded_ones_are() {
        let (status, body) = told(&ready(Some(&[standing("a", State::Ready), standing("b", State::Degraded)])));
        assert_eq!((status, &body["ready"], &body["not_ready"]), (200, &json!(true), &json!([])));
        for state in [State::Starting, State::Failing, State::Withdrawn, State::Closed, State::Shutdown] {
            let (status, body) = told(&ready(Some(&[standing("a", State::Ready), standing("b", state)])));
            assert_eq!((status, &body["ready"], &body["not_ready"]), (503, &json!(false), &json!(["b"])));
        }
    }

    #[test]
    fn what_the_scheduler_does_not_know_or_say_is_not_ready() {
        assert_eq!(told(&ready(Some(&[standing("a", None)]))).0, 503);
        assert_eq!(told(&ready(Some(&[]))).0, 503);
        assert_eq!((ready(None).status(), alive(None).status()), (503_u16.try_into().unwrap(), ready(None).status()));
        assert_eq!(alive(Some(&[standing("a", State::Failing)])).status(), 200);
    }

    #[test]
    fn only_three_paths_can_be_read_and_nothing_can_be_written() {
        for (path, asked) in
            [("/livez", Question::Alive), ("/readyz", Question::Ready), ("/metrics", Question::Metrics)]
        {
            assert_eq!(question(&Method::GET, path).unwrap(), asked);
            assert_eq!(question(&Method::HEAD, path).unwrap(), asked);
            let refused = question(&Method::POST, path).unwrap_err();
            assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED);
            assert_eq!(refused.headers()[ALLOW], "GET, HEAD");
        }
        for path in ["/", "", "/livez/", "/METRICS", "//metrics"] {
            assert_eq!(question(&Method::GET, path).unwrap_err().status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
}
