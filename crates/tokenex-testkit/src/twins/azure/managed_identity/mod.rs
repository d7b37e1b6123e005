//! Twins of the endpoints that give a workload on Azure its managed identity.
//!
//! Sources: learn.microsoft.com, "How to use managed identities for Azure resources on an Azure VM to acquire an access
//! token", "How to use managed identities for App Service and Azure Functions", "Authenticate against Azure resources with
//! Azure Arc-enabled servers", "Use managed identity from Service Fabric app code".

mod answer;
mod app_service;
mod arc;
mod cache;
mod cloud_shell;
mod endpoint;
mod imds;
mod machine_learning;
mod platform;
mod service_fabric;

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Request, Response, StatusCode};

pub use answer::ExpiryForm;
pub use platform::PlatformTwin;

use crate::twins::form::Form;

/// One request to a managed identity endpoint that the twin judged. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Asked {
    /// When it arrived, on the twin's clock.
    pub at: SystemTime,
    /// The resource asked for; empty where absent.
    pub resource: String,
    /// The identity asked for, by whatever it was named; `None` where it was left to the platform.
    pub selector: Option<String>,
    /// The `uti` of the token handed out, which may be the one from before, or the status of the refusal.
    pub outcome: Result<String, u16>,
}

/// A request that is in order: what it wants.
struct Wanted {
    resource: String,
    selector: Option<Selector>,
}

/// Which of the identities: by client id, object id or resource id.
enum Selector {
    Client(String),
    Object(String),
    Resource(String),
}

impl Selector {
    fn text(&self) -> &str {
        match self {
            Self::Client(text) | Self::Object(text) | Self::Resource(text) => text,
        }
    }

    /// The one that the query names, under this platform's names for the three kinds.
    fn of(query: &Form, client_id: &[&str], object_id: &[&str], resource_id: &[&str]) -> Option<Self> {
        let find = |names: &[&str]| names.iter().find_map(|name| query.get(name)).map(str::to_owned);
        find(client_id)
            .map(Self::Client)
            .or_else(|| find(object_id).map(Self::Object))
            .or_else(|| find(resource_id).map(Self::Resource))
    }
}

/// Why a request is refused, in the platform's own form.
#[derive(Debug)]
enum Refused {
    /// The request itself is wrong, or the identity is not there.
    Because(StatusCode, Why),
    /// The first half of Azure Arc's exchange.
    Challenge,
}

/// The reasons that platforms have, each in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    NotFound,
    Method,
    /// The header that keeps others from asking is absent or wrong.
    Header,
    Forwarded,
    NoApiVersion,
    ApiVersion(String),
    NoResource,
    /// What Entra says about the resource.
    Resource(String),
    NoIdentity,
    SeveralIdentities,
    Throttled,
    OutOfOrder,
}

/// A token to hand out.
struct Handout {
    token: String,
    resource: String,
    client_id: String,
    begins_at: SystemTime,
    expires_at: SystemTime,
    left: Duration,
}

fn header<'a>(request: &'a Request<Bytes>, name: &str) -> &'a str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn bad(why: Why) -> Refused {
    Refused::Because(StatusCode::BAD_REQUEST, why)
}

fn text_response(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}
