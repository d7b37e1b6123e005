//! App Service, Functions and Container Apps: version 2019-08-01.

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::super::text::guid;
use super::{ExpiryForm, Handout, Refused, Selector, Wanted, Why, bad, header};
use crate::twins::form::Form;

pub(super) const PATH: &str = "/msi/token";

const VERSION: &str = "2019-08-01";

pub(super) fn judge(request: &Request<Bytes>, secret: &str) -> Result<Wanted, Refused> {
    if request.uri().path() != PATH {
        return Err(Refused::Because(StatusCode::NOT_FOUND, Why::NotFound));
    }
    if request.method() != Method::GET {
        return Err(Refused::Because(StatusCode::METHOD_NOT_ALLOWED, Why::Method));
    }
    if header(request, "x-identity-header") != secret {
        return Err(Refused::Because(StatusCode::UNAUTHORIZED, Why::Header));
    }
    let query = Form::of_query(request.uri());
    let version = query.get("api-version").ok_or_else(|| bad(Why::NoApiVersion))?;
    if version != VERSION {
        return Err(bad(Why::ApiVersion(version.to_owned())));
    }
    let resource = query.get("resource").ok_or_else(|| bad(Why::NoResource))?.to_owned();
    let selector = Selector::of(&query, &["client_id"], &["principal_id", "object_id"], &["mi_res_id"]);
    Ok(Wanted { resource, selector })
}

/// No `expires_in` here.
pub(super) fn answer(handout: &Handout, form: ExpiryForm) -> Value {
    json!({
        "access_token": handout.token,
        "client_id": handout.client_id,
        "expires_on": form.write(handout.expires_at),
        "resource": handout.resource,
        "token_type": "Bearer",
    })
}

pub(super) fn refusal(status: StatusCode, why: &Why) -> Value {
    let message = match why {
        Why::NotFound => "The requested path was not found.".to_owned(),
        Why::Method => "The method is not allowed.".to_owned(),
        Why::Header => "The header X-IDENTITY-HEADER is absent or not the value of IDENTITY_HEADER.".to_owned(),
        Why::NoApiVersion => "The query parameter api-version is required.".to_owned(),
        Why::ApiVersion(version) => format!("The api-version '{version}' is not supported."),
        Why::NoResource => "The query parameter resource is required.".to_owned(),
        Why::Resource(text) => text.clone(),
        Why::NoIdentity | Why::SeveralIdentities => {
            "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."
                .to_owned()
        }
        Why::Forwarded | Why::Throttled | Why::OutOfOrder => "The request cannot be served now.".to_owned(),
    };
    json!({"statusCode": status.as_u16(), "message": message, "correlationId": guid()})
}
