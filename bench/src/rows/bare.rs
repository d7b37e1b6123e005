//! The bare request: the same form to the same server, with nothing around it.

use http::header::CONTENT_TYPE;

use crate::server::Endpoint;
use crate::subjects::{IDENTITY, http_client};

/// One client with open connections.
#[derive(Clone)]
pub(super) struct Bare {
    client: reqwest::Client,
    url: String,
    form: String,
}

impl Bare {
    pub(super) const NAME: &str = "floor: bare reqwest";

    pub(super) fn new(endpoint: &Endpoint) -> Self {
        let form = format!(
            "grant_type=client_credentials&client_id=22222222-2222-2222-2222-222222222222&client_assertion_type=\
             urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={IDENTITY}&scope=\
             https%3A%2F%2Fstorage.azure.com%2F.default"
        );
        Self { client: http_client(), url: endpoint.url(), form }
    }

    /// Sends it, and reads the answer to its end.
    pub(super) async fn exchange(&self) {
        let request = self.client.post(&self.url).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = request.body(self.form.clone()).send().await.expect("an answer");
        assert!(answer.status().is_success());
        assert!(answer.bytes().await.expect("a body").len() > 900);
    }
}
