//! The codes, each with what it means and what to do.

use http::StatusCode;
use tokenex_core::ErrorKind;
use tokenex_core::refusal::{Meaning, terminal, transient};

use super::Step;

/// The meaning of a code without its `Exception`, where the message may say more than the code.
pub(super) fn by_code(step: Step, code: &str, message: &str) -> Option<Meaning> {
    about_identity(step, code, message)
        .or_else(|| about_signer(code, message))
        .or_else(|| about_request(step, code, message))
        .or_else(|| about_service(code))
}

/// The identity token, and whether the role takes it.
fn about_identity(step: Step, code: &str, message: &str) -> Option<Meaning> {
    use ErrorKind::{Identity, Trust, Unavailable};
    if step != Step::WebIdentity {
        return None;
    }
    Some(match code {
        "ExpiredToken" => transient(
            Identity,
            "AWS says that the identity token has expired",
            "whoever renews the token has stopped (kubelet, CI job over?), or the clocks differ",
        ),
        // The one code whose status says 400 and whose document says: try again.
        "IDPCommunicationError" => transient(
            Unavailable,
            "AWS cannot reach the issuer of the identity token",
            "the issuer's discovery document and keys must be reachable from the internet over https",
        ),
        "IDPRejectedClaim" => terminal(
            Trust,
            "the issuer did not confirm the identity token",
            "was it revoked? else look at the issuer's log",
        ),
        "InvalidIdentityToken" => invalid_identity(message),
        "AccessDenied" => terminal(
            Trust,
            "the role does not trust this identity, or there is no such role",
            "compare issuer, subject and audience with the role's trust policy (`aws iam get-role`), character by character; \
             a changed one takes seconds to minutes to be known everywhere",
        ),
        _ => return None,
    })
}

/// One code for several mistakes; only the message tells them apart.
fn invalid_identity(message: &str) -> Meaning {
    use ErrorKind::{Trust, Unavailable};
    let says = |text: &str| message.to_ascii_lowercase().contains(text);
    if says("verification key") {
        transient(
            Unavailable,
            "AWS could not fetch the keys of the issuer",
            "this passes by itself; if it lasts, the issuer's discovery document or keys are not reachable from the \
             internet over https",
        )
    } else if says("audience") {
        terminal(
            Trust,
            "the account's OIDC provider does not take this audience",
            "add it with `aws iam add-client-id-to-open-id-connect-provider`, or ask for one that the provider has",
        )
    } else if says("no openidconnect provider") {
        terminal(
            Trust,
            "the account has no OIDC provider for this issuer",
            "create it with `aws iam create-open-id-connect-provider` in the account of the role, with the very issuer of the \
             token",
        )
    } else if says("thumbprint") || says("certificate") {
        terminal(
            Trust,
            "the certificate of the issuer is not the one that the account's OIDC provider expects",
            "correct it with `aws iam update-open-id-connect-provider-thumbprint`",
        )
    } else {
        terminal(
            Trust,
            "AWS does not accept the identity token",
            "it must be signed with RS256 to RS512 or ES256 to ES512, by a key that the issuer publishes now, and its times \
             must be whole numbers",
        )
    }
}

/// The credentials that sign, and the signature.
fn about_signer(code: &str, message: &str) -> Option<Meaning> {
    use ErrorKind::{Denied, Identity, Trust};
    Some(match code {
        "ExpiredToken" => transient(
            Identity,
            "the credentials that sign the request have expired",
            "whoever hands them out has stopped renewing them, or the clocks differ",
        ),
        "InvalidClientTokenId" | "UnrecognizedClient" => terminal(
            Trust,
            "AWS does not know the credentials that sign the request",
            "they were deleted, belong to another partition, or come from the global endpoint, whose credentials do not work \
             in regions that an account has to enable",
        ),
        _ if is_about_time(code, message) => transient(
            Denied,
            "the time of the request is too far from that of AWS",
            "set this machine's clock right; the difference is learnt from this answer, and the next request is signed \
             with AWS's time",
        ),
        "SignatureDoesNotMatch" | "IncompleteSignature" | "InvalidSignature" => terminal(
            Trust,
            "the signature of the request is not that of these credentials",
            "the secret access key does not belong to the access key id, or something in between changes requests",
        ),
        "MissingAuthenticationToken" | "MissingAuthenticationTokenError" | "NotAuthorized" => {
            terminal(Denied, "the request is not signed, and must be", "does something in between drop headers?")
        }
        _ => return None,
    })
}

/// Requests are good for 15 minutes
/// ([signing](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html)).
fn is_about_time(code: &str, message: &str) -> bool {
    match code {
        "RequestExpired" | "RequestTimeTooSkewed" => true,
        "SignatureDoesNotMatch" => message.contains("Signature expired") || message.contains("not yet current"),
        _ => false,
    }
}

/// What was asked for.
fn about_request(step: Step, code: &str, message: &str) -> Option<Meaning> {
    use ErrorKind::{Configuration, Denied};
    Some(match code {
        "AccessDenied" if step == Step::Outbound => terminal(
            Denied,
            "the credentials may not get an identity token",
            "allow sts:GetWebIdentityToken to them, and sts:TagGetWebIdentityToken for tags; do conditions on \
             sts:IdentityTokenAudience, sts:SigningAlgorithm or sts:DurationSeconds fit?",
        ),
        "AccessDenied" => terminal(
            Denied,
            "the credentials may not assume the role, or there is no such role",
            "allow sts:AssumeRole on the role to them, with sts:TagSession for tags and sts:SetSourceIdentity for a source \
             identity, and have the role's trust policy name them; does the external id fit? a changed policy takes seconds \
             to minutes to be known everywhere",
        ),
        "OutboundWebIdentityFederationDisabled" => terminal(
            Denied,
            "the account does not hand out identity tokens",
            "turn it on once for the account: `aws iam enable-outbound-web-identity-federation`",
        ),
        "SessionDurationEscalation" => terminal(
            Configuration,
            "the identity token would live longer than the credentials that ask for it",
            "ask for a shorter duration",
        ),
        "JWTPayloadSizeExceeded" => terminal(
            Configuration,
            "the identity token would be too big",
            "ask for fewer audiences or tags; tags of the session and of the role count too",
        ),
        "MalformedPolicyDocument" => terminal(
            Configuration,
            "the session policy is not a policy",
            "see what AWS says about it; `aws accessanalyzer validate-policy` says more",
        ),
        "PackedPolicyTooLarge" => terminal(
            Configuration,
            "the session policies and tags are too big in AWS's packed form",
            "shorten them, or attach more of the policy to the role itself; what each counts is not documented",
        ),
        "RegionDisabled" | "OptInRequired" => terminal(
            Configuration,
            "STS is not active in this region for the account",
            "activate it in the account settings of IAM, or ask in another region",
        ),
        "ValidationError"
        | "Validation"
        | "InvalidParameterValue"
        | "InvalidParameterCombination"
        | "MissingParameter" => out_of_bounds(message),
        "InvalidAction" | "InvalidQueryParameter" | "MalformedQueryString" | "UnknownOperation" => terminal(
            Configuration,
            "the endpoint does not know what is asked",
            "is it one of STS? older stand-ins for it lack newer operations",
        ),
        _ => return None,
    })
}

fn out_of_bounds(message: &str) -> Meaning {
    use ErrorKind::Configuration;
    if message.contains("role chaining") {
        terminal(
            Configuration,
            "a role assumed with a role's session lasts an hour at most",
            "ask for 3600 s or less, whatever the role's maximum is",
        )
    } else if message.contains("MaxSessionDuration") {
        terminal(
            Configuration,
            "the session would last longer than the role allows",
            "ask for less, or raise the role's maximum with `aws iam update-role --max-session-duration`",
        )
    } else {
        terminal(Configuration, "AWS does not take one of the parameters", "see what AWS says about it")
    }
}

/// The service itself.
fn about_service(code: &str) -> Option<Meaning> {
    use ErrorKind::{Throttled, Unavailable};
    Some(match code {
        "Throttling" | "Throttled" | "TooManyRequests" | "RequestLimitExceeded" | "RequestThrottled" | "SlowDown" => {
            transient(
                Throttled,
                "AWS asks for fewer requests",
                "share one scheduler, and one credential for each role, instead of asking from many places",
            )
        }
        "InternalFailure" | "InternalError" | "InternalServerError" | "ServiceUnavailable" => {
            transient(Unavailable, "STS failed", "")
        }
        "RequestTimeout" => transient(Unavailable, "STS did not get the whole request in time", ""),
        _ => return None,
    })
}

/// The meaning of a status alone.
pub(super) fn by_status(status: StatusCode) -> Meaning {
    use ErrorKind::{Configuration, Denied, NotFound, Other, Throttled, Unavailable};
    match status.as_u16() {
        300..=399 => terminal(
            Configuration,
            "the endpoint answered with a redirect, which is not followed",
            "give the address of STS itself",
        ),
        401 | 403 => terminal(Denied, "AWS denied the request", ""),
        404 => terminal(NotFound, "there is no STS at this endpoint", "is the address right?"),
        429 => transient(Throttled, "the endpoint asks for fewer requests", ""),
        408 | 500..=599 => transient(Unavailable, "the endpoint failed", ""),
        _ => terminal(Other, "AWS refused", ""),
    }
}
