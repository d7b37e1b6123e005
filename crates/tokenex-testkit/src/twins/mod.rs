//! Twins: the providers' own endpoints, in process.
//!
//! A twin verifies what it is sent as the real endpoint does, and refuses it in the real endpoint's words and status, so
//! that the unhappy paths are real too. It is plain state behind a cheap clone: a request goes in, an answer comes out, and
//! time is what the test says. So the same twin works
//!
//! - in memory, on moved time: [`Twin::route`] puts it on an [`InMemory`] network under any name;
//! - on a socket, over http or https: [`Twin::serve`], [`Twin::serve_tls`].
//!
//! | twin of | module |
//! |---|---|
//! | AWS STS, and the endpoints that hand out credentials on AWS's machines | [`aws`] |
//! | Google's token service, IAM Credentials, the metadata server | [`google`] |
//! | Microsoft Entra, the managed-identity endpoints, and a little of Azure Resource Manager | [`azure`] |
//! | HashiCorp Vault and OpenBao | [`vault`] |
//! | Oracle Cloud's identity domains, a little of its API, and the endpoints that hand out tokens inside it | [`oci`] |
//! | the token service of jobs in GitHub and Forgejo Actions | [`github`] |
//! | what GitLab CI puts into the environment of a job | [`gitlab`] |

pub mod aws;
pub mod azure;
mod faults;
mod form;
pub mod github;
pub mod gitlab;
pub mod google;
mod issuers;
pub mod oci;
mod served;
mod spreading;
mod text;
pub mod vault;

use std::future::Future;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

pub use faults::{Fault, RetryAfter};
pub use served::Served;

use crate::tls::Certificates;
use crate::transport::InMemory;

/// What all twins have in common.
///
/// Implementors must answer without I/O and without waiting. A clone must be the same twin.
pub trait Twin: Clone + Send + Sync + 'static {
    /// The answer to one request. The request's address is the whole one, with scheme and host: a twin that names its own
    /// address takes it from there.
    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes>;

    /// Puts it on a network in memory: `login.microsoftonline.com`, or with the port as in the URL.
    fn route(&self, network: &InMemory, host: &str) {
        let twin = self.clone();
        network.route(host, move |request| {
            let answer = twin.answer(&request);
            async move {
                tokio::time::sleep(slowness(&answer)).await;
                answer
            }
        });
    }

    /// Puts it on a free loopback port, over http. Must be called on a tokio runtime.
    ///
    /// # Errors
    /// When there is no free loopback port.
    fn serve(&self) -> impl Future<Output = io::Result<Served>> + Send {
        let twin = self.clone();
        async move { Served::start(twin, None).await }
    }

    /// As [`serve`](Self::serve), over https.
    ///
    /// # Errors
    /// When there is no free loopback port.
    fn serve_tls(&self, certificates: &Certificates) -> impl Future<Output = io::Result<Served>> + Send {
        let (twin, config) = (self.clone(), certificates.server_config());
        async move { Served::start(twin, Some(config)).await }
    }
}

/// Travels beside an answer: how long it takes. Answers are made without waiting, so whoever carries them waits.
#[derive(Debug, Clone, Copy)]
struct Slow(Duration);

fn slowness(answer: &Response<Bytes>) -> Duration {
    answer.extensions().get::<Slow>().map_or(Duration::ZERO, |slow| slow.0)
}
