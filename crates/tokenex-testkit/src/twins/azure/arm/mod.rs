//! A little of Azure Resource Manager: the resources of a resource group, for those who may read them.
//!
//! Source: learn.microsoft.com, "Resources - List By Resource Group" (REST, version 2021-04-01).

mod group;
mod refused;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use group::Group;
pub use group::{ResourceGroup, Subscription};
use refused::{Refused, not_authorized, wrong_tenant};

use super::entra::EntraTwin;
use super::tenant::Tenant;
use super::text::{guid, timestamp};
use crate::twins::faults::Faults;
use crate::twins::form::Form;
use crate::twins::{Fault, Twin};

/// The audiences that it takes, as its refusal lists them.
const AUDIENCES: [&str; 4] = [
    "https://management.core.windows.net/",
    "https://management.core.windows.net",
    "https://management.azure.com/",
    "https://management.azure.com",
];

/// The twin of `management.azure.com`. Clones are the same.
///
/// ```
/// use tokenex_testkit::twins::azure::{ArmTwin, EntraTwin};
///
/// let entra = EntraTwin::new();
/// let tenant = entra.tenant("contoso.onmicrosoft.com");
/// let app = tenant.app("deployer");
/// let arm = ArmTwin::new(&entra);
/// let group = arm.subscription(&tenant).resource_group("web");
/// group.add("Microsoft.Storage/storageAccounts", "pictures");
/// group.allow(&app.object_id()); // the role Reader on this group
/// ```
#[derive(Clone)]
pub struct ArmTwin(Arc<Inner>);

struct Inner {
    entra: EntraTwin,
    state: Mutex<State>,
    faults: Faults,
}

#[derive(Default)]
struct State {
    /// Subscription ids with the tenants that they trust.
    subscriptions: Vec<(String, String)>,
    groups: Vec<Group>,
    /// Object ids with the scopes that they may read.
    readers: Vec<(String, String)>,
}

impl ArmTwin {
    /// A twin without subscriptions, which trusts the tokens of this Entra.
    pub fn new(entra: &EntraTwin) -> Self {
        Self(Arc::new(Inner { entra: entra.clone(), state: Mutex::default(), faults: Faults::default() }))
    }

    /// A new subscription that trusts this tenant. Its id is random.
    pub fn subscription(&self, tenant: &Tenant) -> Subscription {
        let id = guid();
        self.state().subscriptions.push((id.clone(), tenant.id().to_owned()));
        Subscription { arm: self.clone(), id }
    }

    /// What happens to the next requests, so many; after those that were told before.
    pub fn fault(&self, times: usize, fault: Fault) {
        self.0.faults.next(times, &fault);
    }

    /// Forgets the faults to come.
    pub fn heal(&self) {
        self.0.faults.heal();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn judge(&self, request: &Request<Bytes>) -> Result<Value, Refused> {
        let path: Vec<&str> = request.uri().path().trim_matches('/').split('/').collect();
        let (subscription, group) = match (request.method(), path.as_slice()) {
            (&Method::GET, ["subscriptions", subscription, groups, group, "resources"])
                if groups.eq_ignore_ascii_case("resourceGroups") =>
            {
                (*subscription, *group)
            }
            _ => return Err(Refused::not_found("NotFound", "The requested path was not found.".to_owned())),
        };
        let state = self.state();
        let tenant = state.subscriptions.iter().find(|(id, _)| id.eq_ignore_ascii_case(subscription));
        let Some((_, tenant)) = tenant else {
            return Err(Refused::not_found(
                "SubscriptionNotFound",
                format!("The subscription '{subscription}' could not be found."),
            ));
        };
        let claims = self.authenticate(request, tenant)?;
        if Form::of_query(request.uri()).get("api-version").is_none() {
            return Err(Refused {
                status: StatusCode::BAD_REQUEST,
                code: "MissingApiVersionParameter",
                message: "The api-version query parameter (?api-version=) is required for all requests.".to_owned(),
            });
        }
        let scope = format!("/subscriptions/{subscription}/resourceGroups/{group}");
        let object_id = claims["oid"].as_str().unwrap_or_default();
        if !state.may_read(object_id, &scope) {
            return Err(not_authorized(&claims, object_id, &scope));
        }
        let known = state.groups.iter().find(|known| {
            known.subscription.eq_ignore_ascii_case(subscription) && known.name.eq_ignore_ascii_case(group)
        });
        let known = known.ok_or_else(|| {
            Refused::not_found("ResourceGroupNotFound", format!("Resource group '{group}' could not be found."))
        })?;
        Ok(json!({ "value": known.listed() }))
    }

    /// The claims of a token of this tenant, for this API, in its time.
    fn authenticate(&self, request: &Request<Bytes>, tenant: &str) -> Result<Value, Refused> {
        let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some(header) = header else {
            return Err(Refused::unauthenticated(
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.".to_owned(),
            ));
        };
        let invalid =
            || Refused::unauthenticated("InvalidAuthenticationToken", "The access token is invalid.".to_owned());
        let token = header.strip_prefix("Bearer ").ok_or_else(invalid)?;
        let now = self.0.entra.now();
        let entra = self.0.entra.state();
        let signer = entra.directory.tenants.iter().find_map(|tenant| Some((tenant, tenant.keys.verify(token).ok()?)));
        let (signer, claims) = signer.ok_or_else(invalid)?;
        if signer.id != tenant {
            return Err(wrong_tenant(signer, tenant));
        }
        check_times(&claims, now)?;
        let audience = claims["aud"].as_str().unwrap_or_default();
        if !AUDIENCES.contains(&audience) {
            let allowed: Vec<String> = AUDIENCES.iter().map(|known| format!("'{known}'")).collect();
            return Err(Refused::unauthenticated(
                "InvalidAuthenticationTokenAudience",
                format!(
                    "The access token has been obtained for wrong audience or resource '{audience}'. It should exactly \
                     match with one of the allowed audiences {}.",
                    allowed.join(",")
                ),
            ));
        }
        Ok(claims)
    }
}

impl State {
    fn allow(&mut self, object_id: &str, scope: &str) {
        self.readers.push((object_id.to_owned(), scope.to_owned()));
    }

    /// A role on a scope holds for everything below it.
    fn may_read(&self, object_id: &str, scope: &str) -> bool {
        let scope = scope.to_lowercase();
        self.readers.iter().filter(|(reader, _)| reader == object_id).any(|(_, granted)| {
            let granted = granted.to_lowercase();
            scope == granted || scope.strip_prefix(&granted).is_some_and(|below| below.starts_with('/'))
        })
    }
}

fn check_times(claims: &Value, now: SystemTime) -> Result<(), Refused> {
    let at = |name: &str| {
        let seconds = claims[name].as_u64().unwrap_or_default();
        SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds)
    };
    if at("exp") <= now {
        return Err(Refused::unauthenticated(
            "ExpiredAuthenticationToken",
            format!(
                "The access token expiry UTC time '{}' is earlier than current UTC time '{}'.",
                timestamp(at("exp")),
                timestamp(now)
            ),
        ));
    }
    if at("nbf") > now {
        return Err(Refused::unauthenticated(
            "InvalidAuthenticationToken",
            "The access token is not valid yet.".to_owned(),
        ));
    }
    Ok(())
}

impl Twin for ArmTwin {
    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let refused = |refused: &Refused| {
            let body = json!({"error": {"code": refused.code, "message": refused.message}});
            let mut response = self.0.entra.json(refused.status, &body);
            if refused.status == StatusCode::UNAUTHORIZED {
                let challenge = "Bearer authorization_uri=\"https://login.windows.net/\", error=\"invalid_token\"";
                response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            }
            response
        };
        self.0.faults.answer(
            || match self.judge(request) {
                Ok(body) => self.0.entra.json(StatusCode::OK, &body),
                Err(error) => refused(&error),
            },
            |status| {
                let code = if status == StatusCode::TOO_MANY_REQUESTS {
                    "SubscriptionRequestsThrottled"
                } else {
                    "ServerTimeout"
                };
                refused(&Refused { status, code, message: "The request cannot be served now.".to_owned() })
            },
        )
    }
}

impl fmt::Debug for ArmTwin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ArmTwin")
    }
}
