//! The HTTP client that a client of the SDK gets: it hands its one request over, to be sent by the attempt.
//!
//! So the request goes through the transport of the scheduler, the SDK brings no network and no TLS of its own, and
//! whatever the SDK may think of trying again, one attempt stays one request.
//!
//! At trace level the SDK logs answers as they come, refusals included, and what else it logs changes with its versions. What
//! must not stand there does not get as far: a secret of the body is put in for a placeholder on the way out, bodies of
//! answers do not print, and what was sent is masked where a refusal repeats it.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderName};
use http_body_util::Full;
use tokenex_core::address::encode;
use tokenex_core::{Error, Result, Secret};
use tokio::sync::oneshot;

/// What stands in a form where [`Outbox::serve`] puts the secret in.
pub(crate) const PLACEHOLDER: &str = "tokenex-puts-the-secret-in-here";

const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// A client for one request, and where that request comes out.
pub(crate) fn detour() -> (SharedHttpClient, Outbox) {
    let (sender, receiver) = oneshot::channel();
    (SharedHttpClient::new(Detour(Arc::new(Mutex::new(Some(sender))))), Outbox(receiver))
}

#[derive(Clone)]
struct Detour(Arc<Mutex<Option<oneshot::Sender<Handed>>>>);

/// A request, and where its answer goes.
struct Handed {
    request: http::Request<Bytes>,
    reply: oneshot::Sender<http::Response<Bytes>>,
}

impl HttpClient for Detour {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Detour {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        HttpConnectorFuture::new(async move {
            let failed = |what: &'static str| ConnectorError::other(what.into(), None);
            let sender = sender.ok_or_else(|| failed("one attempt is one request, and it was sent"))?;
            let request = to_http(request).ok_or_else(|| failed("the request is not one"))?;
            let (reply, answer) = oneshot::channel();
            sender.send(Handed { request, reply }).map_err(|_| failed("the attempt is over"))?;
            let response = answer.await.map_err(|_| failed("there is no answer"))?;
            HttpResponse::try_from(response.map(|body| SdkBody::from_body_1_x(Full::new(body))))
                .map_err(|_| failed("the answer is not one"))
        })
    }
}

impl fmt::Debug for Detour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Detour")
    }
}

/// Where the request of the client comes out.
pub(crate) struct Outbox(oneshot::Receiver<Handed>);

/// What became of a request.
pub(crate) enum Sent {
    /// None was made.
    Nothing,
    /// There is no complete answer.
    Failed(Error),
    Answered(http::Response<Bytes>),
}

impl Outbox {
    /// Runs `call`, which works with the client, and sends its request with `send`. `secret` goes into the body, where
    /// the placeholder is; the SDK sees no answer that repeats it, or one of `hidden`.
    pub(crate) async fn serve<T, S>(
        self,
        call: impl Future<Output = T>,
        secret: Option<&Secret>,
        hidden: &[&Secret],
        send: impl FnOnce(http::Request<Bytes>) -> S,
    ) -> (T, Sent)
    where
        S: Future<Output = Result<http::Response<Bytes>>>,
    {
        let sending = async {
            let Ok(Handed { mut request, reply }) = self.0.await else { return Sent::Nothing };
            if secret.is_some_and(|secret| !fill_in(&mut request, secret)) {
                return Sent::Nothing;
            }
            match send(request).await {
                Ok(response) => {
                    // Whoever asked may be gone.
                    let _ = reply.send(masked(&response, secret.into_iter().chain(hidden.iter().copied())));
                    Sent::Answered(response)
                }
                // Without a reply the call ends.
                Err(error) => Sent::Failed(error),
            }
        };
        let (mut call, mut sending) = (pin!(call), pin!(sending));
        let mut sent = None;
        let output = poll_fn(|cx| {
            loop {
                if let Poll::Ready(output) = call.as_mut().poll(cx) {
                    return Poll::Ready(output);
                }
                if sent.is_some() {
                    return Poll::Pending;
                }
                match sending.as_mut().poll(cx) {
                    Poll::Ready(done) => sent = Some(done),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
        (output, sent.unwrap_or(Sent::Nothing))
    }
}

/// As the transport takes it.
fn to_http(request: HttpRequest) -> Option<http::Request<Bytes>> {
    let (parts, body) = request.try_into_http1x().ok()?.into_parts();
    let mut request = http::Request::new(Bytes::copy_from_slice(body.bytes()?));
    (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (parts.method, parts.uri, parts.headers);
    for (name, value) in request.headers_mut() {
        if name == AUTHORIZATION || *name == SECURITY_TOKEN {
            value.set_sensitive(true);
        }
    }
    Some(request)
}

/// Puts the secret where the placeholder is, and says whether there was one.
fn fill_in(request: &mut http::Request<Bytes>, secret: &Secret) -> bool {
    let form = std::str::from_utf8(request.body()).unwrap_or_default();
    if !form.contains(PLACEHOLDER) {
        return false;
    }
    let filled = form.replacen(PLACEHOLDER, &encode(secret.expose()).to_string(), 1);
    let length = filled.len();
    *request.body_mut() = Bytes::from(filled);
    request.headers_mut().insert(http::header::CONTENT_LENGTH, length.into());
    true
}

/// The answer as the SDK gets it. Where it repeats a secret it does so in a message, which the SDK would log.
fn masked<'a>(response: &http::Response<Bytes>, secrets: impl Iterator<Item = &'a Secret>) -> http::Response<Bytes> {
    let mut copy = response.clone();
    let text = String::from_utf8_lossy(response.body());
    let parts = secrets.map(Secret::expose).flat_map(|secret| [Some(secret), signature(secret)]).flatten();
    let repeated: Vec<&str> = parts.filter(|part| !part.is_empty() && text.contains(part)).collect();
    if !repeated.is_empty() {
        let masked = repeated.into_iter().fold(text.into_owned(), |text, secret| text.replace(secret, "***"));
        *copy.body_mut() = Bytes::from(masked);
        copy.headers_mut().remove(http::header::CONTENT_LENGTH);
    }
    copy
}

/// The part of a JWT that is secret by itself. Of any other text, nothing.
fn signature(secret: &str) -> Option<&str> {
    secret.starts_with("eyJ").then(|| secret.rsplit_once('.')).flatten().map(|(_, signature)| signature)
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokenex_core::ErrorKind;

    use super::*;

    fn call(client: &Detour, body: &'static str) -> HttpConnectorFuture {
        let mut request = http::Request::post("https://sts.test/").header("content-length", body.len());
        request = request.header(AUTHORIZATION, "hunter22").header(SECURITY_TOKEN, "hunter22");
        client.call(HttpRequest::try_from(request.body(SdkBody::from(body)).unwrap()).unwrap())
    }

    fn pair() -> (Detour, Outbox) {
        let (sender, receiver) = oneshot::channel();
        (Detour(Arc::new(Mutex::new(Some(sender)))), Outbox(receiver))
    }

    fn answer(text: &str) -> Result<http::Response<Bytes>> {
        Ok(http::Response::new(Bytes::copy_from_slice(text.as_bytes())))
    }

    #[test]
    fn the_signature_of_a_token_is_masked_without_the_rest_of_it() {
        let token = Secret::new("eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0.hunter22");
        let answer = http::Response::new(Bytes::from("the signature hunter22 is not valid, and hunter2 is a word"));
        assert_eq!(
            masked(&answer, [&token].into_iter()).body(),
            "the signature *** is not valid, and hunter2 is a word"
        );
    }

    #[tokio::test]
    async fn the_secret_is_put_in_on_the_way_out_and_masked_on_the_way_back() {
        let (client, outbox) = pair();
        let secret = Secret::new("hunter22+");
        let exchange = call(&client, "Token=tokenex-puts-the-secret-in-here&X=1");
        let send = async |request: http::Request<Bytes>| {
            assert_eq!(request.body(), "Token=hunter22%2B&X=1");
            assert_eq!(request.headers()[http::header::CONTENT_LENGTH], request.body().len().to_string());
            assert!(!format!("{:?}", request.headers()).contains("hunter22"));
            answer("you sent hunter22+ and correct horse")
        };
        let (response, sent) = outbox.serve(exchange, Some(&secret), &[&Secret::new("correct horse")], send).await;
        let response = response.unwrap();
        // What the SDK logs at trace level.
        assert!(!format!("{response:?}").contains("you sent"), "{response:?}");
        assert_eq!(response.body().bytes(), None);
        let Sent::Answered(whole) = sent else { panic!("there was an answer") };
        assert_eq!(whole.body(), "you sent hunter22+ and correct horse");
    }

    #[tokio::test]
    async fn without_a_place_for_the_secret_nothing_is_sent() {
        let (client, outbox) = pair();
        let exchange = call(&client, "Token=something-else");
        let send = async |_| panic!("it was sent");
        let (outcome, sent) = outbox.serve(exchange, Some(&Secret::new("hunter22")), &[], send).await;
        assert!(outcome.is_err() && matches!(sent, Sent::Nothing));
    }

    #[tokio::test]
    async fn one_client_sends_one_request() {
        let (client, outbox) = pair();
        let twice = async {
            let first = call(&client, "a").await;
            (first.is_ok(), call(&client, "b").await.is_err())
        };
        let (outcome, _) = outbox.serve(twice, None, &[], async |_| answer("ok")).await;
        assert_eq!(outcome, (true, true));
    }

    #[tokio::test]
    async fn a_request_that_gets_no_answer_ends_the_call_and_says_why() {
        let (client, outbox) = pair();
        let send = async |_| Err(Error::new(ErrorKind::Unavailable, "the cable is cut"));
        let (outcome, sent) = outbox.serve(call(&client, "a"), None, &[], send).await;
        assert!(outcome.is_err());
        assert!(matches!(sent, Sent::Failed(error) if error.to_string().contains("the cable is cut")));
    }

    #[tokio::test]
    async fn a_call_that_asks_for_nothing_ends_too() {
        let (_client, outbox) = pair();
        let (outcome, sent) = outbox.serve(async { 7 }, None, &[], |_| pending()).await;
        assert!(outcome == 7 && matches!(sent, Sent::Nothing));
    }
}
