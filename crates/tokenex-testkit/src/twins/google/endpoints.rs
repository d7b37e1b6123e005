//! The addresses that the twin answers at.

use std::time::SystemTime;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, DATE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::book::{Endpoint, Exchange};
use super::cloud::GoogleTwin;
use super::refusal::{self, Refusal};
use super::state::State;
use super::token_exchange::{self, ExchangeRequest};
use super::{id_token, impersonation, key_grant};
use crate::issuer::{Algorithm, TokenBuilder};
use crate::twins::Twin;
use crate::twins::form::Form;
use crate::twins::issuers::unverified;

impl Twin for GoogleTwin {
    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let path = percent_encoding::percent_decode_str(request.uri().path()).decode_utf8_lossy();
        let account = path.strip_prefix("/v1/projects/-/serviceAccounts/").and_then(|rest| rest.rsplit_once(':'));
        if let (&Method::POST, Some((email, method))) = (request.method(), account) {
            return match method {
                "generateAccessToken" => self.impersonate(Endpoint::AccessToken, email, request),
                "generateIdToken" => self.impersonate(Endpoint::IdToken, email, request),
                _ => self.refused(&refusal::no_such_path()),
            };
        }
        match (request.method(), &*path) {
            (&Method::POST, "/v1/token") => self.exchange(request),
            (&Method::POST, "/token") => self.key_grant(request),
            (&Method::GET, "/.well-known/openid-configuration") => self.json(StatusCode::OK, &id_token::discovery()),
            (&Method::GET, "/oauth2/v3/certs") => {
                let keys = self.id_token_keys();
                keys.key(Algorithm::Rs256);
                self.json(StatusCode::OK, &keys.jwks())
            }
            _ => self.refused(&refusal::no_such_path()),
        }
    }
}

/// What a request gets: a body that is whole, or an ID token that is to be signed without the lock.
enum Granted {
    Body(Value),
    IdToken { token: TokenBuilder, member: &'static str },
}

impl GoogleTwin {
    /// Judges a request and writes it down, unless a fault answers it.
    fn at(
        &self,
        endpoint: Endpoint,
        judge: impl FnOnce(&mut State, &mut Exchange, SystemTime) -> Result<Granted, Refusal>,
    ) -> Response<Bytes> {
        let refused = |status| self.refused(&refusal::of_status(status));
        let truly = || {
            let now = self.now();
            let mut exchange = Exchange {
                at: now,
                endpoint,
                caller: String::new(),
                target: String::new(),
                wanted: Vec::new(),
                lifetime: None,
                outcome: Ok(()),
            };
            let granted = {
                let mut state = self.state();
                let granted = judge(&mut state, &mut exchange, now);
                exchange.outcome = granted.as_ref().map(drop).map_err(|refusal| refusal.code);
                state.book.write(exchange);
                granted
            };
            match granted {
                Ok(Granted::Body(body)) => self.json(StatusCode::OK, &body),
                Ok(Granted::IdToken { token, member }) => self.json(StatusCode::OK, &json!({ member: token.sign() })),
                Err(refusal) => self.refused(&refusal),
            }
        };
        self.faults().answer(|| self.faults_of(endpoint).answer(truly, refused), refused)
    }

    fn exchange(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.at(Endpoint::TokenExchange, |state, exchange, now| {
            let asked = ExchangeRequest::read(request);
            exchange.caller = claim(asked.get("subjectToken"), "sub");
            exchange.target = asked.get("audience").to_owned();
            exchange.wanted = asked.scopes();
            token_exchange::judge(state, &asked, authorization(request), now).map(Granted::Body)
        })
    }

    fn impersonate(&self, endpoint: Endpoint, email: &str, request: &Request<Bytes>) -> Response<Bytes> {
        self.at(endpoint, |state, exchange, now| {
            email.clone_into(&mut exchange.target);
            let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
            let texts = body["scope"].as_array().into_iter().flatten().chain([&body["audience"]]);
            exchange.wanted = texts.filter_map(|text| text.as_str().map(str::to_owned)).collect();
            exchange.lifetime = body["lifetime"].as_str().map(str::to_owned);
            let bearer = authorization(request).ok_or_else(refusal::not_authenticated)?;
            let bearer = bearer.strip_prefix("Bearer ").ok_or_else(refusal::not_authenticated)?;
            let caller = state.tokens.good(bearer, now).ok_or_else(refusal::token_invalid)?.clone();
            exchange.caller = caller.principal.member();
            match endpoint {
                Endpoint::IdToken => impersonation::id_token(state, &caller, email, &body, now)
                    .map(|token| Granted::IdToken { token, member: "token" }),
                _ => impersonation::access_token(state, &caller, email, &body, now).map(Granted::Body),
            }
        })
    }

    fn key_grant(&self, request: &Request<Bytes>) -> Response<Bytes> {
        self.at(Endpoint::KeyGrant, |state, exchange, now| {
            let form = Form::of_body(request);
            let jwt = form.get("assertion").unwrap_or_default();
            exchange.caller = claim(jwt, "iss");
            exchange.target.clone_from(&exchange.caller);
            let wanted = [claim(jwt, "scope"), claim(jwt, "target_audience")].join(" ");
            exchange.wanted = wanted.split_whitespace().map(str::to_owned).collect();
            key_grant::judge(state, &form, &request.uri().to_string(), now).map(|granted| match granted {
                key_grant::Granted::Access(body) => Granted::Body(body),
                key_grant::Granted::Id(token) => Granted::IdToken { token, member: "id_token" },
            })
        })
    }

    fn refused(&self, refusal: &Refusal) -> Response<Bytes> {
        self.json(refusal.status, &refusal.body())
    }

    fn json(&self, status: StatusCode, body: &Value) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = status;
        let date = HeaderValue::try_from(httpdate::fmt_http_date(self.now())).expect("a date is a header value");
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private"));
        headers.insert(DATE, date);
        response
    }
}

fn authorization(request: &Request<Bytes>) -> Option<&str> {
    request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok())
}

/// What a token claims, before anybody has checked it; empty where it claims nothing.
fn claim(jwt: &str, name: &str) -> String {
    let claims = unverified(jwt).map(|(_, claims)| claims).unwrap_or_default();
    claims[name].as_str().unwrap_or_default().to_owned()
}
