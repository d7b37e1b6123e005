//! The refusals of STS: status, code and words.
//!
//! Codes and statuses: docs.aws.amazon.com/STS/latest/APIReference, the errors of each action and `CommonErrors`. Words as
//! people report them; where nobody does, the words of the API reference.

use http::StatusCode;

/// Why a call is refused.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// `Sender` is at fault, or `Receiver`.
    pub(super) fn at_fault(&self) -> &'static str {
        if self.status.is_server_error() { "Receiver" } else { "Sender" }
    }
}

fn bad(code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, code, message)
}

fn forbidden(code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, code, message)
}

/// The service's own words for a bad day: throttling for 429, an outage for the rest.
pub(super) fn of_status(status: StatusCode) -> Refusal {
    match status {
        StatusCode::TOO_MANY_REQUESTS => bad("Throttling", "Rate exceeded"),
        StatusCode::SERVICE_UNAVAILABLE => {
            Refusal::new(status, "ServiceUnavailable", "Service is unable to handle request. Please try again later.")
        }
        _ => Refusal::new(
            status,
            "InternalFailure",
            "The request processing has failed because of an unknown error, exception or failure.",
        ),
    }
}

pub(super) fn unknown_action(action: &str, version: &str) -> Refusal {
    bad("InvalidAction", format!("Could not find operation {action} for version {version}"))
}

pub(super) fn missing_action() -> Refusal {
    bad("MissingAction", "Missing Action")
}

pub(super) fn validation(message: impl Into<String>) -> Refusal {
    bad("ValidationError", message)
}

pub(super) fn arn_invalid() -> Refusal {
    validation("Request ARN is invalid")
}

pub(super) fn above_role_maximum() -> Refusal {
    validation("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
}

pub(super) fn above_chained_maximum() -> Refusal {
    validation("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
}

pub(super) fn malformed_policy() -> Refusal {
    bad("MalformedPolicyDocument", "This policy contains invalid Json")
}

pub(super) fn policy_too_large(percent: usize) -> Refusal {
    bad(
        "PackedPolicyTooLarge",
        format!("Packed policy consumes {percent}% of allotted space, please use smaller policy."),
    )
}

// The identity token.

pub(super) fn not_a_jwt() -> Refusal {
    invalid_token("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
}

pub(super) fn no_provider(issuer: &str) -> Refusal {
    invalid_token(format!("No OpenIDConnect provider found in your account for {issuer}"))
}

pub(super) fn wrong_audience() -> Refusal {
    invalid_token("Incorrect token audience")
}

/// Discovery or keys out of reach, and also a key id that the published keys lack. The two spaces are Amazon's.
pub(super) fn no_verification_key() -> Refusal {
    invalid_token(
        "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity \
         documentation for requirements",
    )
}

pub(super) fn missing_claim(claim: &str) -> Refusal {
    invalid_token(format!("Missing a required claim: {claim}"))
}

pub(super) fn invalid_token(message: impl Into<String>) -> Refusal {
    bad("InvalidIdentityToken", message)
}

/// The missing space is Amazon's.
pub(super) fn token_expired(now: u64, end: u64) -> Refusal {
    let message = format!("Token expired: current date/time {now} must be before the expiration date/time{end}");
    bad("ExpiredTokenException", message)
}

pub(super) fn idp_communication() -> Refusal {
    bad(
        "IDPCommunicationError",
        "The request could not be fulfilled because the identity provider (IDP) that was asked to verify the incoming \
         identity token could not be reached. This is often a transient error caused by network conditions.",
    )
}

pub(super) fn idp_rejected_claim() -> Refusal {
    forbidden(
        "IDPRejectedClaim",
        "The identity provider (IdP) reported that authentication failed. This might be because the claim is invalid.",
    )
}

// Permission.

pub(super) fn web_identity_denied() -> Refusal {
    forbidden("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
}

pub(super) fn denied(caller: &str, action: &str, resource: Option<&str>) -> Refusal {
    let on = resource.map(|arn| format!(" on resource: {arn}")).unwrap_or_default();
    forbidden("AccessDenied", format!("User: {caller} is not authorized to perform: {action}{on}"))
}

pub(super) fn region_disabled(region: &str) -> Refusal {
    forbidden("RegionDisabledException", format!("STS is not activated in this region for account: {region}"))
}

// The signature.

pub(super) fn not_signed() -> Refusal {
    forbidden("MissingAuthenticationToken", "Request is missing Authentication Token")
}

pub(super) fn incomplete_signature(what: &str) -> Refusal {
    forbidden("IncompleteSignature", what)
}

pub(super) fn unknown_key() -> Refusal {
    forbidden("InvalidClientTokenId", "The security token included in the request is invalid.")
}

pub(super) fn keys_expired() -> Refusal {
    forbidden("ExpiredToken", "The security token included in the request is expired")
}

pub(super) fn signature_differs() -> Refusal {
    signature(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key \
         and signing method. Consult the service documentation for details.",
    )
}

pub(super) fn signature(message: impl Into<String>) -> Refusal {
    forbidden("SignatureDoesNotMatch", message)
}

// Outbound identity federation.

pub(super) fn outbound_disabled() -> Refusal {
    forbidden(
        "OutboundWebIdentityFederationDisabledException",
        "The outbound web identity federation feature is not enabled for this account.",
    )
}

pub(super) fn duration_escalation() -> Refusal {
    forbidden(
        "SessionDurationEscalationException",
        "The requested token duration would extend the session beyond its original expiration time.",
    )
}

pub(super) fn payload_too_large() -> Refusal {
    bad("JWTPayloadSizeExceededException", "The requested token payload size exceeds the maximum allowed size.")
}
