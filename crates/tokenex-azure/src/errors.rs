//! What a refusal of the token endpoint means, by its AADSTS code.
//!
//! The same code comes under different names and statuses, so the code decides; then the standard name of
//! [RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2), then the status. Microsoft says that codes and
//! texts may change. Sources: [error codes](https://learn.microsoft.com/entra/identity-platform/reference-error-codes),
//! [considerations for federation](https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations),
//! [error handling](https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#error-response).

use std::time::Duration;

use http::StatusCode;
use tokenex_core::{Error, ErrorKind, Retry};

use crate::cloud::Cloud;
use crate::wire::Refused;

/// The error for an answer that is a refusal. `secrets` is what was sent: it is masked in what the endpoint said.
pub(crate) fn refusal(status: StatusCode, body: &[u8], secrets: &[&str], cloud: &Cloud) -> Error {
    let Some(refused) = Refused::read(body) else { return foreign(status) };
    let known = refused.number.and_then(by_code);
    let meaning = known
        .or_else(|| by_overload(status))
        .or_else(|| refused.name.as_deref().and_then(by_name))
        .unwrap_or_else(|| by_status(status));

    let mut error = meaning.error().with_status(status).with_said(&refused.said, secrets);
    match (refused.number, &refused.name) {
        (Some(number), _) => error = error.with_code(&format!("AADSTS{number}")),
        (None, Some(name)) => error = error.with_code(name),
        (None, None) => {}
    }
    match refused.number {
        Some(number) if is_about_the_cloud(number) => {
            error = error.with_advice(format!("{}; the cloud in use is {cloud}", meaning.advice));
        }
        Some(number) if known.is_none() => {
            error = error.with_advice(format!("see https://login.microsoftonline.com/error?code={number}"));
        }
        Some(LOOP) => error = error.with_retry_after(LOOP_WAIT),
        _ => {}
    }
    if let Some(id) = &refused.trace_id {
        error = error.with_request_id(id);
    }
    if let Some(id) = &refused.correlation_id {
        error = error.with_correlation_id(id);
    }
    if let Some(time) = &refused.time {
        error = error.with_time(time);
    }
    error
}

/// Whether the identity token may be what is wrong with the request in a way that a newer one mends: it ran out on the
/// way, was used before, or its key was rolled over.
pub(crate) fn wants_new_assertion(refusal: &Error) -> bool {
    matches!(code(refusal), Some(700_024 | 700_027 | 50_012 | 50_013 | 500_133))
}

/// Whether the refusal is about the identity token, so that a person wants to see what it said.
pub(crate) fn is_about_the_assertion(refusal: &Error) -> bool {
    matches!(refusal.kind(), ErrorKind::Trust | ErrorKind::Identity)
}

/// Whether a client or a secret made minutes ago gets this refusal until all of Entra has heard of it.
pub(crate) fn may_not_have_spread(refusal: &Error) -> bool {
    matches!(code(refusal), Some(7_000_215 | 700_016 | 7_000_229 | 700_025))
}

fn code(refusal: &Error) -> Option<u64> {
    refusal.code()?.strip_prefix("AADSTS")?.parse().ok()
}

/// "The client has asked for the same too often", and how long that lasts: minutes, and nothing says how many.
const LOOP: u64 = 50_196;
const LOOP_WAIT: Duration = Duration::from_secs(120);

/// Whether the mistake may be that the client or the tenant is in another cloud.
fn is_about_the_cloud(code: u64) -> bool {
    matches!(code, 90_002 | 90_038 | 900_382 | 900_432 | 900_439 | 70_022_204)
}

#[derive(Clone, Copy)]
struct Meaning {
    kind: ErrorKind,
    transient: bool,
    what: &'static str,
    advice: &'static str,
}

impl Meaning {
    fn error(self) -> Error {
        let error = Error::new(self.kind, self.what).with_retry(if self.transient {
            Retry::Transient
        } else {
            Retry::Terminal
        });
        if self.advice.is_empty() { error } else { error.with_advice(self.advice) }
    }
}

const fn terminal(kind: ErrorKind, what: &'static str, advice: &'static str) -> Meaning {
    Meaning { kind, transient: false, what, advice }
}

const fn transient(kind: ErrorKind, what: &'static str, advice: &'static str) -> Meaning {
    Meaning { kind, transient: true, what, advice }
}

fn by_code(code: u64) -> Option<Meaning> {
    use ErrorKind::{Configuration, Throttled, Unavailable};
    if let Some(meaning) = about_trust(code).or_else(|| about_assertion(code)).or_else(|| about_client(code)) {
        return Some(meaning);
    }
    Some(match code {
        90_014 | 900_144 => terminal(Configuration, "the request lacks a parameter", ""),
        70_003 => terminal(Configuration, "the endpoint does not serve this kind of request", ""),
        9_001_023 | 50_059 => terminal(
            Configuration,
            "the endpoint does not serve this kind of request without a tenant",
            "give the tenant's id or its domain name",
        ),
        90_038 | 900_382 | 900_432 | 900_439 => terminal(
            Configuration,
            "the tenant, the client or the resource is in another cloud",
            "name the cloud of the tenant with EntraBuilder::cloud, or AZURE_AUTHORITY_HOST",
        ),
        LOOP => transient(
            Throttled,
            "the same token was asked for too often",
            "share one scheduler, and one token per scope, instead of asking from many places",
        ),
        90_055 => transient(Throttled, "the tenant gets too many requests", ""),
        50_033 | 90_006 | 90_012 | 90_024 | 90_033 | 90_090 => {
            transient(Unavailable, "the endpoint cannot answer for a moment", "")
        }
        90_036 => terminal(
            Unavailable,
            "the endpoint failed, and says that trying again does not help",
            "open a support request with the ids of this error",
        ),
        _ => return None,
    })
}

/// The client's federated credentials do not fit the identity token. Each is also the answer for minutes after a
/// credential was made or changed, even after one success, since it reaches one part of Entra after another.
fn about_trust(code: u64) -> Option<Meaning> {
    use ErrorKind::{Denied, Trust};
    Some(match code {
        70_021 => terminal(
            Trust,
            "no federated credential of the client fits the identity token",
            "compare issuer, subject and audience with the client's federated credential, character by character; a new \
             one takes minutes to be known everywhere",
        ),
        700_211 => terminal(
            Trust,
            "no federated credential of the client has this issuer",
            "compare the issuer with the client's federated credential, a slash at its end included; a new one takes \
             minutes to be known everywhere",
        ),
        700_212 => terminal(
            Trust,
            "no federated credential of the client has this audience",
            "compare the audience with the client's federated credential; a new one takes minutes to be known everywhere",
        ),
        700_213 => terminal(
            Trust,
            "no federated credential of the client has this subject",
            "compare the subject with the client's federated credential; a new one takes minutes to be known everywhere",
        ),
        7_002_138 => terminal(
            Trust,
            "a federated credential of the client has this subject but for upper and lower case, which count",
            "write the subject into the federated credential as the token has it",
        ),
        7_002_131 => terminal(
            Trust,
            "the matching expression of the client's federated credential does not fit the identity token",
            "compare the subject with the expression; a changed one takes minutes to be known everywhere",
        ),
        7_002_121 => terminal(
            Trust,
            "the federated credential expects another audience of a token that Entra issued",
            "the credential must hold the exchange audience of the cloud, and the token must be asked for it",
        ),
        7_002_137 => terminal(
            Trust,
            "the federated credential expects another subject of a token that Entra issued",
            "the subject is the principal (object) id of the managed identity, not its client id",
        ),
        70_025 => terminal(
            Trust,
            "the client has no federated credential",
            "add one to this client (is it the right client id?); a new one takes minutes to be known everywhere",
        ),
        700_222 => terminal(
            Trust,
            "tokens that Entra issued are not taken as identity here",
            "use a managed identity, or an issuer outside of Entra",
        ),
        700_226 | 700_229 => terminal(
            Trust,
            "of the tokens that Entra issues, only those of managed identities and apps are taken as identity",
            "use a managed identity, and no user's token",
        ),
        700_227 => terminal(
            Trust,
            "this issuer or audience is not allowed in federation",
            "a token of Entra must be for the exchange audience, and its issuer of version 2 \
             (https://login.microsoftonline.com/<tenant>/v2.0)",
        ),
        700_236 => terminal(
            Trust,
            "tokens of that tenant are not taken as identity",
            "the managed identity and the app registration must be in the same tenant",
        ),
        70_022_204 => terminal(
            Trust,
            "the identity token is for the exchange audience of another cloud",
            "ask the issuer for the audience of this cloud",
        ),
        700_223 | 700_238 => terminal(
            Denied,
            "a policy of the tenant does not allow this federation",
            "ask the tenant's administrators to allow the issuer in their policy for workload identities",
        ),
        700_214 | 700_231 => terminal(
            Denied,
            "the client's registration or a policy of the tenant does not allow this federation",
            "ask the tenant's administrators",
        ),
        7_002_381 => terminal(
            Denied,
            "a policy of the tenant wants the claim \"enterprise\" in GitHub's tokens",
            "have the repository's enterprise put it into the tokens, or the policy changed",
        ),
        _ => return None,
    })
}

/// The identity token by itself.
fn about_assertion(code: u64) -> Option<Meaning> {
    use ErrorKind::{Identity, Trust, Unavailable};
    Some(match code {
        700_024 | 500_133 => transient(
            Identity,
            "the identity token is outside of the time in which it is valid, or was used before",
            "whoever renews the token has stopped (kubelet, CI job over?), or the clocks differ",
        ),
        50_013 => terminal(
            Identity,
            "the identity token is not a valid assertion",
            "is it a JWT of the issuer that the federated credential names, still valid, and not a user's token?",
        ),
        50_012 => terminal(
            Trust,
            "the identity token was not accepted as proof",
            "is it signed by the issuer that the federated credential names?",
        ),
        700_027 => terminal(
            Trust,
            "the signature of the identity token is not valid",
            "is it signed with RS256, by a key that the issuer publishes now?",
        ),
        7_000_272 => transient(
            Trust,
            "the key that signed the identity token is not among the keys that Entra knows of the issuer",
            "after a change of keys this passes in minutes; else look at the issuer's jwks_uri: Entra reads its first 100 \
             keys",
        ),
        50_166 | 501_661 | 90_061 => transient(
            Unavailable,
            "Entra could not read the metadata or the keys of the issuer",
            "the issuer's discovery document and keys must be reachable from the internet over https",
        ),
        50_027 | 5_002_727 => terminal(
            Identity,
            "the identity token is malformed for Entra",
            "it must be a JWT signed with RS256, and \"JWT\" its type if it names one",
        ),
        _ => return None,
    })
}

/// The client, and what it asks for.
fn about_client(code: u64) -> Option<Meaning> {
    use ErrorKind::{Configuration, Denied, NotFound, Trust};
    Some(match code {
        90_002 => terminal(
            NotFound,
            "there is no such tenant",
            "correct the tenant; or it is in another cloud, to be named with EntraBuilder::cloud",
        ),
        700_016 => terminal(
            NotFound,
            "the tenant has no such client",
            "give the application (client) id and not the object id, and the tenant that it is in; a new one takes minutes \
             to be known everywhere",
        ),
        7_000_229 => terminal(
            NotFound,
            "the client has no service principal in this tenant",
            "create it with `az ad sp create --id <client id>`, or correct the tenant",
        ),
        7_000_112 => terminal(Denied, "the client is disabled", "enable it in the tenant's enterprise applications"),
        7_000_215 => {
            terminal(Trust, "the client secret is wrong", "give the secret's value and not its id; or it was deleted")
        }
        7_000_222 => terminal(Trust, "the client secret has expired", "make a new one, or use a federated credential"),
        7_000_218 => terminal(Configuration, "the request holds no proof of the client", ""),
        700_025 => terminal(
            Configuration,
            "the client is registered as public, and public clients have no proof to show",
            "turn off \"Allow public client flows\" in its registration",
        ),
        70_011 => terminal(
            Configuration,
            "the scope is not one",
            "write it as <resource>/.default, such as https://management.azure.com/.default",
        ),
        700_022 => terminal(
            Configuration,
            "the scope names several resources",
            "one resource for each token: keep one credential for each scope",
        ),
        500_011 | 50_001 => terminal(
            NotFound,
            "the tenant does not know the resource of the scope",
            "correct the resource; or add its service principal to the tenant",
        ),
        650_057 => terminal(
            Denied,
            "the client may not ask for this resource",
            "add the resource to the API permissions of the client's registration",
        ),
        501_051 => terminal(
            Denied,
            "the client has no role at the resource, which takes only clients with one",
            "assign an app role of the resource to the client",
        ),
        65_001 => terminal(
            Denied,
            "nobody has consented to what the client asks for",
            "have an administrator consent to the client's API permissions",
        ),
        53_003 => terminal(
            Denied,
            "Conditional Access does not allow this",
            "see the service principal's sign-in logs for the policy; managed identities are not covered by any",
        ),
        _ => return None,
    })
}

/// Statuses that say more than a standard name does.
fn by_overload(status: StatusCode) -> Option<Meaning> {
    use ErrorKind::{Throttled, Unavailable};
    match status.as_u16() {
        429 => Some(transient(Throttled, "the endpoint asks for fewer requests", "")),
        408 | 500..=599 => Some(transient(Unavailable, "the endpoint failed", "")),
        _ => None,
    }
}

fn by_name(name: &str) -> Option<Meaning> {
    use ErrorKind::{Configuration, Denied, Identity, NotFound, Trust, Unavailable};
    Some(match name {
        "invalid_client" => terminal(Trust, "the client was not accepted", ""),
        "invalid_grant" => terminal(Identity, "the identity was not accepted", ""),
        "invalid_request" => terminal(Configuration, "the endpoint does not take this request", ""),
        "unsupported_grant_type" => terminal(Configuration, "the endpoint does not serve this kind of request", ""),
        "invalid_scope" => terminal(Configuration, "the scope was not accepted", "write it as <resource>/.default"),
        "invalid_resource" => terminal(NotFound, "the tenant does not know the resource of the scope", ""),
        "unauthorized_client" => terminal(Denied, "the client may not do this", ""),
        "access_denied" => terminal(Denied, "access was denied", ""),
        "interaction_required" | "consent_required" | "login_required" => {
            terminal(Denied, "the endpoint wants a person to sign in, which no workload can", "")
        }
        "temporarily_unavailable" | "server_error" => {
            transient(Unavailable, "the endpoint cannot answer for a moment", "")
        }
        _ => return None,
    })
}

fn by_status(status: StatusCode) -> Meaning {
    use ErrorKind::{Configuration, Denied, NotFound, Other};
    by_overload(status).unwrap_or_else(|| match status.as_u16() {
        300..=399 => terminal(
            Configuration,
            "the endpoint answered with a redirect, which is not followed",
            "give the authority host of the cloud itself",
        ),
        401 | 403 => terminal(Denied, "the endpoint denied the request", ""),
        404 => terminal(NotFound, "there is no token endpoint here", "is the authority host right?"),
        _ => terminal(Other, "the endpoint refused", ""),
    })
}

/// An answer that is not Entra's: a proxy's page, half an answer, nothing at all.
fn foreign(status: StatusCode) -> Error {
    const WHO: &str = "the answer is not in Entra's form: is a proxy or a load balancer answering, or the authority host \
        not Entra's?";
    let error = match status.as_u16() {
        300..=399 | 408 | 429 | 500..=599 => by_status(status).error(),
        _ => Error::new(ErrorKind::Protocol, "the endpoint refused in a form that is not Entra's"),
    };
    let error = if error.advice().is_none() { error.with_advice(WHO) } else { error };
    error.with_status(status).with_code("foreign_answer")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn refused(status: u16, body: &Value) -> Error {
        let status = StatusCode::from_u16(status).unwrap();
        refusal(status, body.to_string().as_bytes(), &["my-assertion"], &Cloud::us_government())
    }

    fn coded(code: u64) -> Error {
        refused(
            400,
            &json!({"error": "invalid_request", "error_codes": [code],
            "error_description": format!("AADSTS{code}: Some text. Trace ID: t Correlation ID: c Timestamp: 2026-01-01")}),
        )
    }

    #[test]
    fn each_code_is_classified() {
        use ErrorKind::*;
        // codes, kind, transient
        let table: &[(&[u64], ErrorKind, bool)] = &[
            (&[70_021, 700_211, 700_212, 700_213, 7_002_138, 7_002_131, 7_002_121, 7_002_137], Trust, false),
            (&[70_025, 700_222, 700_226, 700_229, 700_227, 700_236, 70_022_204], Trust, false),
            (&[700_223, 700_238, 700_214, 700_231, 7_002_381], Denied, false),
            (&[700_024, 500_133], Identity, true),
            (&[50_013, 50_027, 5_002_727], Identity, false),
            (&[50_012, 700_027], Trust, false),
            (&[7_000_272], Trust, true),
            (&[50_166, 501_661, 90_061], Unavailable, true),
            (&[90_002, 700_016, 7_000_229, 500_011, 50_001], NotFound, false),
            (&[90_038, 900_382, 900_432, 900_439], Configuration, false),
            (&[7_000_112, 650_057, 501_051, 65_001, 53_003], Denied, false),
            (&[7_000_215, 7_000_222], Trust, false),
            (&[7_000_218, 700_025, 70_011, 700_022, 90_014, 900_144, 9_001_023, 50_059, 70_003], Configuration, false),
            (&[50_196, 90_055], Throttled, true),
            (&[50_033, 90_006, 90_012, 90_024, 90_033, 90_090], Unavailable, true),
            (&[90_036], Unavailable, false),
        ];
        for (codes, kind, is_transient) in table {
            for code in *codes {
                let error = coded(*code);
                assert_eq!((error.kind(), error.is_transient()), (*kind, *is_transient), "{error}");
                assert_eq!(error.code(), Some(format!("AADSTS{code}").as_str()));
            }
        }
    }

    #[test]
    fn what_a_person_can_mend_comes_with_advice() {
        for (code, word) in [
            (700_211, "issuer"),
            (700_212, "audience"),
            (700_213, "subject"),
            (7_002_138, "upper and lower case"),
            (70_021, "minutes"),
            (70_025, "minutes"),
            (700_016, "not the object id"),
            (7_000_215, "not its id"),
            (700_022, "one credential for each scope"),
            (50_166, "reachable from the internet"),
        ] {
            let text = coded(code).to_string();
            assert!(text.contains(word), "{text}");
        }
    }

    #[test]
    fn a_wrong_cloud_names_the_one_in_use() {
        for code in [90_002, 90_038, 900_382, 900_432, 900_439] {
            let text = coded(code).to_string();
            assert!(text.contains("Azure US Government") && text.contains("login.microsoftonline.us"), "{text}");
        }
    }

    #[test]
    fn what_support_asks_for_is_kept_and_the_text_said_once() {
        let error = coded(700_213);
        assert_eq!((error.request_id(), error.correlation_id()), (Some("t"), Some("c")));
        assert_eq!((error.time(), error.said()), (Some("2026-01-01"), Some("Some text.")));
    }

    #[test]
    fn without_a_known_code_name_and_status_decide() {
        use ErrorKind::*;
        for (status, name, kind, is_transient) in [
            (401, "invalid_client", Trust, false),
            (400, "invalid_grant", Identity, false),
            (400, "invalid_request", Configuration, false),
            (400, "invalid_scope", Configuration, false),
            (400, "invalid_resource", NotFound, false),
            (400, "unauthorized_client", Denied, false),
            (400, "unsupported_grant_type", Configuration, false),
            (400, "interaction_required", Denied, false),
            (400, "temporarily_unavailable", Unavailable, true),
            (429, "invalid_request", Throttled, true),
            (503, "invalid_request", Unavailable, true),
            (400, "never_heard_of", Other, false),
            (403, "never_heard_of", Denied, false),
            (404, "never_heard_of", NotFound, false),
            (302, "never_heard_of", Configuration, false),
        ] {
            let error = refused(status, &json!({ "error": name }));
            assert_eq!((error.kind(), error.is_transient()), (kind, is_transient), "{status} {name}: {error}");
            assert_eq!(error.code(), Some(name));
        }
        let unknown = refused(400, &json!({"error": "invalid_client", "error_codes": [123_456]}));
        assert_eq!((unknown.kind(), unknown.code()), (ErrorKind::Trust, Some("AADSTS123456")));
        assert!(unknown.to_string().contains("code=123456"), "{unknown}");
    }

    #[test]
    fn a_page_is_not_repeated_and_is_named_as_such() {
        use ErrorKind::*;
        for (status, body, kind) in [
            (502, "<html>hunter22</html>", Unavailable),
            (503, "", Unavailable),
            (429, "<html>", Throttled),
            (400, "{\"error\":\"invalid_client\",\"error_descr hunter22", Protocol),
            (403, "<html>hunter22</html>", Protocol),
            (302, "", Configuration),
        ] {
            let error = refusal(StatusCode::from_u16(status).unwrap(), body.as_bytes(), &[], &Cloud::public());
            assert_eq!((error.kind(), error.code(), error.said()), (kind, Some("foreign_answer"), None), "{error}");
            assert!(error.advice().is_some() && !format!("{error:?}").contains("hunter22"));
        }
    }

    #[test]
    fn what_was_sent_is_masked() {
        let body = json!({"error": "invalid_client", "error_description": "AADSTS50027: bad my-assertion here."});
        let error = refused(400, &body);
        assert_eq!(error.said(), Some("bad *** here."));
        assert_eq!(error.code(), Some("AADSTS50027"));
    }

    #[test]
    fn a_loop_is_left_for_minutes() {
        assert_eq!(coded(50_196).retry_after(), Some(Duration::from_secs(120)));
    }

    #[test]
    fn a_newer_assertion_is_worth_a_try_only_where_it_can_help() {
        for code in [700_024, 700_027, 50_012, 50_013, 500_133] {
            assert!(wants_new_assertion(&coded(code)));
        }
        for code in [700_213, 70_021, 700_016, 50_027, 90_033] {
            assert!(!wants_new_assertion(&coded(code)));
        }
    }
}
