//! The way to the cluster's API server.

use bytes::Bytes;
use http::{Request, Response};
use tokenex_core::{AnyTransport, Attempt, Result};

/// Whose transport carries the requests.
#[derive(Debug, Clone)]
pub(super) enum Route {
    /// One that the program gave.
    Own(AnyTransport),
    /// One that trusts whatever CA is in a file now.
    #[cfg(feature = "http")]
    CaFile(std::sync::Arc<tokenex_core::http::CaFile>),
}

impl Route {
    pub(super) async fn send(&self, cx: &Attempt, request: Request<Bytes>) -> Result<Response<Bytes>> {
        match self {
            Self::Own(transport) => cx.send_through(transport, request).await,
            #[cfg(feature = "http")]
            Self::CaFile(file) => cx.send_through(&file.transport(cx).await?, request).await,
        }
    }
}
