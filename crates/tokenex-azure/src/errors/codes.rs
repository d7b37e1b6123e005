//! The AADSTS codes that a workload can meet.

use tokenex_core::ErrorKind;
use tokenex_core::refusal::{Meaning, terminal, transient};

/// "The client has asked for the same too often", which lasts for minutes.
pub(super) const LOOP: u64 = 50_196;

/// The meaning of the number after `AADSTS`.
pub(super) fn by_code(code: u64) -> Option<Meaning> {
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
        70_011 | 1_002_012 => terminal(
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
