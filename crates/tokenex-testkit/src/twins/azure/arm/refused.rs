//! Azure's refusals: code and words in the form that all its APIs share.

use http::StatusCode;
use serde_json::Value;

use super::super::directory::TenantState;

/// What is asked for, in the words of role definitions.
const ACTION: &str = "Microsoft.Resources/subscriptions/resourceGroups/resources/read";

/// A refusal in the form of Azure's APIs.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Refused {
    pub(super) fn not_found(code: &'static str, message: String) -> Self {
        Self { status: StatusCode::NOT_FOUND, code, message }
    }

    pub(super) fn unauthenticated(code: &'static str, message: String) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, code, message }
    }
}

pub(super) fn wrong_tenant(signer: &TenantState, tenant: &str) -> Refused {
    Refused::unauthenticated(
        "InvalidAuthenticationTokenTenant",
        format!(
            "The access token is from the wrong issuer '{}'. It must match the tenant 'https://sts.windows.net/{tenant}/' \
             associated with this subscription. Please use the authority (URL) 'https://login.windows.net/{tenant}' to \
             get the token.",
            signer.v1_issuer()
        ),
    )
}

pub(super) fn not_authorized(claims: &Value, object_id: &str, scope: &str) -> Refused {
    let client = claims["appid"].as_str().unwrap_or(object_id);
    Refused {
        status: StatusCode::FORBIDDEN,
        code: "AuthorizationFailed",
        message: format!(
            "The client '{client}' with object id '{object_id}' does not have authorization to perform action '{ACTION}' \
             over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your \
             credentials."
        ),
    }
}
