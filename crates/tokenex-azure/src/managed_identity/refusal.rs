//! What a refusal of a platform means, by platform and status.
//!
//! The texts are not a contract: they decide what kind of mistake an error names and what it advises, never whether it is
//! tried again. Sources:
//! [IMDS](https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token#error-handling),
//! [Service Fabric](https://learn.microsoft.com/azure/service-fabric/how-to-managed-identity-service-fabric-app-code#error-handling).

use std::time::Duration;

use http::StatusCode;
use tokenex_core::refusal::{Meaning, terminal, transient};
use tokenex_core::{Error, ErrorKind};

use super::platform::Platform;
use super::said::Said;

/// 410 is a service that is being updated, and back within 70 seconds: asked for anew a few times in it.
const UPDATE_WAIT: Duration = Duration::from_secs(10);

/// Faults are to be given a second at least, or the service answers with 429.
const FAULT_WAIT: Duration = Duration::from_secs(1);

/// An answer that is no token, and what it was the answer to.
pub(super) struct Refusal<'a> {
    pub(super) platform: Platform,
    /// Whether the request named an identity.
    pub(super) named: bool,
    pub(super) status: StatusCode,
    /// How long the answer asks to wait.
    pub(super) retry_after: Option<Duration>,
    /// The id of the request by a header.
    pub(super) request_id: Option<&'a str>,
    pub(super) body: &'a [u8],
    /// What was sent: it is masked in what the platform said.
    pub(super) secrets: &'a [&'a str],
}

impl Refusal<'_> {
    pub(super) fn error(&self) -> Error {
        let said = Said::read(self.body);
        let meaning = self.meaning(&said.clone().unwrap_or_default());
        let mut error = meaning.error().with_status(self.status);
        if let Some(wait) = self.retry_after.or_else(|| self.usual_wait()) {
            error = error.with_retry_after(wait);
        }
        match said {
            Some(said) => said.enrich(error, self.request_id, self.secrets),
            None => self.foreign(error),
        }
    }

    /// How long to wait where the answer does not say it.
    fn usual_wait(&self) -> Option<Duration> {
        match self.status.as_u16() {
            410 => Some(UPDATE_WAIT),
            500..=599 => Some(FAULT_WAIT),
            _ => None,
        }
    }

    /// Not in the form of any of the platforms. Faults have no body at times; a page is somebody else's.
    fn foreign(&self, mut error: Error) -> Error {
        if let Some(id) = self.request_id {
            error = error.with_request_id(id);
        }
        if self.body.trim_ascii().is_empty() {
            return error;
        }
        error.with_code("foreign_answer").with_advice(self.platform.when_foreign())
    }

    fn meaning(&self, said: &Said) -> Meaning {
        use ErrorKind::{Configuration, Denied, NotFound, Other, Throttled, Unavailable};
        match self.status.as_u16() {
            300..=399 => terminal(
                Configuration,
                "the platform answered with a redirect, which is not followed",
                "correct the address in the environment: it is that of the token endpoint itself",
            ),
            400 => self.bad_request(said),
            401 if self.platform == Platform::Arc => transient(
                Denied,
                "the agent did not accept the key in its file",
                "if it stays so, restart the agent: `azcmagent show` tells how it is",
            ),
            401 => terminal(
                Denied,
                "the platform does not take this process for one of its own",
                "its secret in the environment is out of date, or from elsewhere: start the process anew",
            ),
            403 => terminal(
                Denied,
                "the platform refused the request",
                "was it sent through a proxy, or is access to the metadata service restricted on this machine?",
            ),
            // Elsewhere 404 is the answer of a service that is being updated; here it is the documented one for this.
            404 if self.platform == Platform::ServiceFabric => terminal(
                NotFound,
                "the application has no managed identity, or its secret is not known",
                "bind an identity to the service in the application's manifest (IdentityBindingPolicy)",
            ),
            404 => transient(
                Unavailable,
                "the platform does not know this address at the moment",
                "it does so while it is being updated; if it stays so, is this an Azure machine with a managed identity?",
            ),
            408 => transient(Unavailable, "the platform took too long", ""),
            410 => transient(Unavailable, "the platform is being updated", ""),
            429 => transient(
                Throttled,
                "the platform asks for fewer requests",
                "share one scheduler instead of asking from many places: all programs of the machine count together",
            ),
            500..=599 if self.platform == Platform::ServiceFabric => transient(
                Unavailable,
                "the platform failed",
                "if it stays so, correct the resource: a slash at its end counts",
            ),
            500..=599 => transient(Unavailable, "the platform failed", ""),
            _ => terminal(Other, "the platform refused", ""),
        }
    }

    fn bad_request(&self, said: &Said) -> Meaning {
        use ErrorKind::{Configuration, NotFound};
        let is_code = |code: &str| said.code.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(code));
        let says = |text: &str| said.text.to_ascii_lowercase().contains(text);
        if says("multiple user assigned identities") {
            terminal(
                Configuration,
                "several user-assigned identities are assigned here, and none was named",
                "name one with ManagedIdentity::builder().client_id(..), object_id(..) or resource_id(..)",
            )
        } else if says("identity not found") || says("managed identity found") || is_code("ManagedIdentityNotFound") {
            if self.named {
                terminal(
                    NotFound,
                    "the managed identity that was named is not assigned here",
                    "compare its id with `az identity show`, and assign it (`az vm identity assign`, `az webapp identity \
                     assign`, ...); an assignment takes a minute to be known",
                )
            } else {
                terminal(
                    NotFound,
                    "no managed identity is assigned here",
                    "assign one (`az vm identity assign`, `az webapp identity assign`, ...); if it is a user-assigned one, \
                     name it with ManagedIdentity::builder().client_id(..)",
                )
            }
        } else if is_code("bad_request_102") {
            terminal(
                Configuration,
                "the header `Metadata: true` did not arrive",
                "a proxy in between drops it: metadata addresses must be reached directly",
            )
        } else if ["invalid_resource", "AudienceNotSupported", "AADSTS50001", "AADSTS500011"].into_iter().any(is_code) {
            terminal(
                Configuration,
                "there is no such resource in the identity's tenant",
                "correct the scope or audience; a slash at the end of the resource counts",
            )
        } else {
            terminal(
                Configuration,
                "the platform does not take this request",
                "correct the scope, or the identity's id",
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(platform: Platform, named: bool, status: u16, body: &str) -> Error {
        let status = StatusCode::from_u16(status).unwrap();
        let body = body.as_bytes();
        Refusal { platform, named, status, retry_after: None, request_id: None, body, secrets: &["s3cret"] }.error()
    }

    fn oauth(error: &str, text: &str) -> String {
        serde_json::json!({"error": error, "error_description": text}).to_string()
    }

    #[test]
    fn each_refusal_is_classified_by_platform_and_status() {
        use ErrorKind::*;
        use Platform::*;
        let several = "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity \
                       in the token request";
        let app_service = r#"{"statusCode":400,"message":"No User Assigned or Delegated Managed Identity found for specified ClientId."}"#;
        let fabric =
            r#"{"error":{"correlationId":"7f30f4d3","code":"ManagedIdentityNotFound","message":"not found."}}"#;
        // platform, status, body, kind, transient, code, part of the advice
        let table = [
            (Imds, 400, oauth("invalid_request", "Identity not found"), NotFound, false, "invalid_request", "assign"),
            (Imds, 400, oauth("invalid_request", several), Configuration, false, "invalid_request", "client_id"),
            (
                Imds,
                400,
                oauth("bad_request_102", "Required metadata header"),
                Configuration,
                false,
                "bad_request_102",
                "proxy",
            ),
            (Imds, 400, oauth("invalid_resource", "AADSTS500011: no"), Configuration, false, "AADSTS500011", "scope"),
            (Imds, 400, oauth("invalid_request", "else"), Configuration, false, "invalid_request", "scope"),
            (AppService, 400, app_service.into(), NotFound, false, "", "assign"),
            (Imds, 401, oauth("unknown_source", "x"), Denied, false, "unknown_source", "out of date"),
            (AppService, 401, String::new(), Denied, false, "", "start the process anew"),
            (Arc, 401, String::new(), Denied, true, "", "azcmagent"),
            (Imds, 403, String::new(), Denied, false, "", "proxy"),
            (Imds, 404, String::new(), Unavailable, true, "", "being updated"),
            (AppService, 404, String::new(), Unavailable, true, "", "being updated"),
            (ServiceFabric, 404, fabric.into(), NotFound, false, "ManagedIdentityNotFound", "manifest"),
            (Imds, 408, String::new(), Unavailable, true, "", ""),
            (Imds, 410, String::new(), Unavailable, true, "", ""),
            (Imds, 429, String::new(), Throttled, true, "", "share"),
            (Imds, 500, oauth("unknown", "Failed to retrieve token"), Unavailable, true, "unknown", ""),
            (ServiceFabric, 500, String::new(), Unavailable, true, "", "slash"),
            (Imds, 502, "<html>hunter22</html>".into(), Unavailable, true, "foreign_answer", "Azure machine"),
            (AppService, 504, "<html>hunter22</html>".into(), Unavailable, true, "foreign_answer", "proxy"),
            (Imds, 302, String::new(), Configuration, false, "", "environment"),
            (Imds, 418, String::new(), Other, false, "", ""),
        ];
        for (platform, status, body, kind, transient, code, advice) in table {
            let error = refused(platform, false, status, &body);
            assert_eq!((error.kind(), error.is_transient()), (kind, transient), "{platform} {status} {body}: {error}");
            assert_eq!(error.code().unwrap_or_default(), code, "{platform} {status}: {error}");
            assert!(error.advice().unwrap_or_default().contains(advice), "{platform} {status}: {error}");
            assert!(!format!("{error:?}").contains("hunter22"), "{error:?}");
        }
    }

    #[test]
    fn a_missing_identity_is_told_from_a_wrong_one() {
        let body = oauth("invalid_request", "Identity not found");
        assert!(refused(Platform::Imds, false, 400, &body).to_string().contains("no managed identity is assigned"));
        assert!(refused(Platform::Imds, true, 400, &body).to_string().contains("was named is not assigned"));
    }

    #[test]
    fn a_wait_is_the_platforms_wish_and_else_what_its_documents_say() {
        let wait = |status, asked: Option<u64>| {
            let (platform, status) = (Platform::Imds, StatusCode::from_u16(status).unwrap());
            let retry_after = asked.map(Duration::from_secs);
            let refusal =
                Refusal { platform, named: false, status, retry_after, request_id: None, body: b"", secrets: &[] };
            refusal.error().retry_after().map(|wait| wait.as_secs())
        };
        assert_eq!((wait(410, None), wait(410, Some(45))), (Some(10), Some(45)));
        assert_eq!((wait(503, None), wait(503, Some(7))), (Some(1), Some(7)));
        assert_eq!((wait(429, None), wait(429, Some(30))), (None, Some(30)));
        assert_eq!(wait(404, None), None);
    }

    #[test]
    fn what_was_sent_is_masked() {
        let error = refused(Platform::AppService, false, 400, r#"{"message": "the header s3cret is wrong"}"#);
        assert_eq!(error.said(), Some("the header *** is wrong"));
    }
}
