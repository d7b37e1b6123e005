//! What went wrong, and what to do about it.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError};

use super::clients::Unresolved;
use super::destination::Destination;
use crate::{Error, ErrorKind};

/// The answer was not complete in time.
pub(super) fn timeout(destination: &Destination, limit: Duration) -> Error {
    Error::new(
        ErrorKind::Timeout,
        format!("there was no complete answer from {destination} within {:.1} s", limit.as_secs_f64()),
    )
    .with_advice("see whether the server is overloaded or stopped, and whether a firewall swallows packets to it")
}

/// The answer is longer than allowed.
pub(super) fn too_long(destination: &Destination, max: usize) -> Error {
    Error::new(ErrorKind::Protocol, format!("the answer from {destination} is longer than {max} bytes"))
        .with_code("too_long")
        .with_advice("see whether the address is that of the right server; else build the transport with `body_max`")
}

/// Why there was no answer, or only a part of one.
pub(super) fn explain(why: reqwest::Error, destination: &Destination, connect_timeout: Duration) -> Error {
    // The URL would bring the query along.
    let why = why.without_url();
    let error = match Cause::of(&why) {
        Cause::Tls(tls) => untrusted(tls, destination),
        Cause::Unresolved(reason) => unavailable(
            format!("the name in {destination} cannot be resolved: {reason}"),
            "check the host name and the DNS",
        ),
        Cause::Io(io) if why.is_connect() => unavailable(
            format!("cannot connect to {destination}: {io}"),
            "check the address and the port, and whether the server is running",
        ),
        _ if why.is_connect() && why.is_timeout() => unavailable(
            format!("there was no connection to {destination} within {:.1} s", connect_timeout.as_secs_f64()),
            "check the address, and whether a firewall swallows packets to it",
        ),
        _ if why.is_connect() => unavailable(
            format!("cannot connect to {destination}: {}", innermost(&why)),
            "check the address and the port, and the proxy if one is set",
        ),
        Cause::NotHttp(reason) => {
            Error::new(ErrorKind::Protocol, format!("{destination} does not answer in HTTP: {reason}"))
                .with_advice("check the port, and whether the address should begin with https")
        }
        Cause::Io(_) | Cause::Other => unavailable(
            format!("{destination} cut the connection before its answer was complete"),
            "see whether the server was restarted, or a proxy in between closes connections early",
        ),
    };
    error.with_source(why)
}

/// The cause that says most.
enum Cause<'a> {
    Tls(&'a rustls::Error),
    Unresolved(&'a Unresolved),
    Io(&'a io::Error),
    NotHttp(&'a hyper::Error),
    Other,
}

impl<'a> Cause<'a> {
    fn of(error: &'a (dyn StdError + 'static)) -> Self {
        let mut found = Self::Other;
        for cause in chain(error) {
            if let Some(tls) = cause.downcast_ref() {
                return Self::Tls(tls);
            } else if let Some(unresolved) = cause.downcast_ref() {
                return Self::Unresolved(unresolved);
            } else if let Some(io) = cause.downcast_ref() {
                found = Self::Io(io);
            } else if let Some(http) = cause.downcast_ref::<hyper::Error>().filter(|e| e.is_parse()) {
                found = Self::NotHttp(http);
            }
        }
        found
    }
}

/// The error and its causes. An `io::Error` names as its source not what it wraps but the source of that.
fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    fn next<'a>(error: &&'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
        let error: &'a (dyn StdError + 'static) = *error;
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        }
    }
    std::iter::successors(Some(error), next)
}

fn innermost<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    chain(error).last().unwrap_or(error)
}

fn unavailable(what: String, advice: &'static str) -> Error {
    Error::new(ErrorKind::Unavailable, what).with_advice(advice)
}

fn untrusted(tls: &rustls::Error, destination: &Destination) -> Error {
    use AlertDescription as Alert;
    use rustls::Error as Tls;

    let advice = match tls {
        Tls::InvalidCertificate(certificate) => untrusted_certificate(certificate),
        Tls::AlertReceived(
            Alert::CertificateRequired
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::DecryptError,
        ) => "the server wants a client certificate, or another one; set it with `client_identity_pem`",
        Tls::AlertReceived(Alert::UnrecognisedName) => {
            "the server does not know this name; address it by another one, or set `server_name`"
        }
        Tls::AlertReceived(Alert::ProtocolVersion | Alert::HandshakeFailure | Alert::InsufficientSecurity)
        | Tls::PeerIncompatible(_) => "the server must speak TLS 1.2 or newer with a cipher of today",
        Tls::InvalidMessage(_) => "the server does not speak TLS at this port; check the port, or whether it is http",
        // What is left are servers that are in trouble themselves.
        _ => {
            return unavailable(
                format!("the TLS connection to {destination} failed: {tls}"),
                "see the server's log; it may be restarting",
            );
        }
    };
    Error::new(ErrorKind::Tls, format!("there is no trusted connection to {destination}: {tls}")).with_advice(advice)
}

fn untrusted_certificate(certificate: &CertificateError) -> &'static str {
    match certificate {
        CertificateError::UnknownIssuer => {
            "if the server has a CA of its own, give that CA with `ca_pem`; it then counts alone"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "address the server by a name in its certificate, or give such a name with `server_name`"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "renew the server's certificate, or set this machine's clock right"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "set this machine's clock right, or that of whoever made the certificate"
        }
        CertificateError::ApplicationVerificationFailure => {
            "the server shows another certificate than the one with the pinned thumbprint; ask the platform for it anew"
        }
        _ => "have the server's certificate replaced, or check the CA given with `ca_pem`",
    }
}
