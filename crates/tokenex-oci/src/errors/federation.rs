//! Refusals on the way to an instance's token: of the metadata service, and of the federation endpoint.

use http::StatusCode;
use tokenex_core::ErrorKind;
use tokenex_core::refusal::{Meaning, terminal, transient};

/// The metadata service says nothing beside its status.
pub(super) fn of_metadata(status: StatusCode) -> Option<Meaning> {
    use ErrorKind::{Denied, NotFound, Unavailable};
    Some(match status.as_u16() {
        403 => terminal(
            Denied,
            "the metadata service refuses this program",
            "is a proxy in between, which adds headers on the way? Reach 169.254.169.254 without one",
        ),
        // Right after the start of an instance its certificate is not there yet; Oracle's own clients try again too.
        404 => transient(
            Unavailable,
            "the metadata service does not have the identity of this instance",
            "is this a compute instance of Oracle Cloud, whose agent has had a minute to start?",
        ),
        300..=399 => terminal(
            NotFound,
            "something else than the metadata service answers at its address",
            "is the address that of Oracle's metadata service?",
        ),
        _ => return None,
    })
}

/// The federation endpoint speaks as the services do.
pub(super) fn meaning(code: &str) -> Option<Meaning> {
    use ErrorKind::{Configuration, Denied, Trust};
    Some(match code {
        // The certificate is read anew each time, so another attempt may do better.
        "NotAuthenticated" => transient(
            Trust,
            "the federation endpoint does not accept the certificate of the instance",
            "is the machine's clock within 5 minutes of Oracle's, and the region the instance's own?",
        ),
        "NotAuthorizedOrNotFound" | "NotAuthorized" => terminal(
            Denied,
            "the federation endpoint gives this instance no token",
            "is the instance active, and in a tenancy that is?",
        ),
        "InvalidParameter" | "CannotParseRequest" | "MissingParameter" => terminal(
            Configuration,
            "the federation endpoint does not take this request",
            "choose RSA with 2048 bits for the session key, which all of Oracle's own clients have used",
        ),
        _ => return None,
    })
}
