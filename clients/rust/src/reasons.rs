//! Why there is no connection: explains the errors of the libraries, and keeps their own messages in brackets.

use std::error::Error as StdError;
use std::io::{self, ErrorKind};

use rustls::{AlertDescription, CertificateError, Error as TlsError};

use crate::peer::{Peer, Security};
use crate::status::{causes, chain};

/// The message of hyper for a name that could not be resolved. Its error type is not public.
const LOOKUP: &str = "dns error";

/// The message of rustls for a server that presents the certificate of an authority as its own.
const AUTHORITY_AS_SERVER: &str = "CaUsedAsEndEntity";

/// The message for a connection that could not be made.
pub(crate) fn not_connected(refused: &(dyn StdError + 'static), peer: &Peer) -> String {
    let target = peer.target();
    let sentence = match (tls(refused), io(refused)) {
        (Some(error), _) => handshake(error, target, peer.security()),
        _ if causes(refused).any(|error| error.to_string() == LOOKUP) => {
            format!("cannot find the host of {target}: check the address")
        }
        (None, Some(error)) => socket(error, target, peer.security()),
        (None, None) => format!("cannot connect to {target}"),
    };
    format!("{sentence} ({})", chain(refused))
}

/// The message for a connection that was lost before the call was over.
pub(crate) fn lost(cause: &(dyn StdError + 'static), peer: &Peer) -> String {
    let target = peer.target();
    let sentence = match (tls(cause), peer.security()) {
        (Some(TlsError::AlertReceived(alert)), security) if is_about_certificates(*alert) => {
            refused_by(target, security)
        }
        _ if peer.is_known() => format!("lost the connection to {target}"),
        (_, Security::Plain) if is_garbage(cause) => {
            format!("what answers at {target} does not speak gRPC in plain text: it may want TLS (ClientBuilder::tls)")
        }
        (_, Security::Plain) => {
            format!("{target} closed the connection before it answered: it may want TLS (ClientBuilder::tls)")
        }
        (_, Security::Tls { identity }) => {
            let wish = want_certificate(identity);
            format!("{target} closed the connection before it answered: {wish}")
        }
    };
    format!("{sentence} ({})", chain(cause))
}

/// The error of rustls among the causes.
fn tls<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a TlsError> {
    causes(error).find_map(|error| match error.downcast_ref::<io::Error>() {
        // rustls wraps the error, which is not its `source()`.
        Some(error) => error.get_ref()?.downcast_ref(),
        None => match error.downcast_ref::<h2::Error>() {
            Some(error) => error.get_io()?.get_ref()?.downcast_ref(),
            None => error.downcast_ref(),
        },
    })
}

/// The I/O error among the causes: of the operating system, or of a library that reports errors in the same way.
fn io<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a io::Error> {
    causes(error).filter_map(|error| error.downcast_ref()).last()
}

/// Whether the peer sent bytes that are not HTTP/2.
fn is_garbage(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(|error| error.downcast_ref::<h2::Error>().is_some_and(h2::Error::is_library))
}

fn handshake(error: &TlsError, target: &str, security: Security) -> String {
    use CertificateError as Bad;
    match error {
        TlsError::InvalidCertificate(problem) => match problem {
            // The signature is that of another authority with the same name.
            Bad::UnknownIssuer | Bad::BadSignature => format!(
                "the certificate of {target} was not issued by an authority that this client trusts: give its authority to \
                 Tls::ca()"
            ),
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
                format!("the certificate of {target} is for other names: connect by a name that is in it")
            }
            Bad::Expired | Bad::ExpiredContext { .. } => {
                format!("the certificate of {target} has expired: renew it, or check the clock of this machine")
            }
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => {
                format!("the certificate of {target} is not valid yet: check the clocks of both machines")
            }
            Bad::Other(_) if problem.to_string().contains(AUTHORITY_AS_SERVER) => format!(
                "the certificate of {target} is that of an authority (CA:TRUE): give the server one that the authority \
                 issued"
            ),
            Bad::UnsupportedSignatureAlgorithmContext { .. }
            | Bad::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => format!(
                "the certificate of {target} has a key or a signature of a kind that this client cannot verify: use \
                 RSA, P-256, P-384 or Ed25519"
            ),
            _ => format!("the certificate of {target} cannot be verified"),
        },
        TlsError::InvalidMessage(_) => {
            format!("{target} does not speak TLS: connect without TLS, or start the server with a certificate")
        }
        TlsError::AlertReceived(alert) if is_about_certificates(*alert) => refused_by(target, security),
        _ => format!("cannot agree on TLS with {target}"),
    }
}

/// Whether a server that requires a client certificate sends this alert.
fn is_about_certificates(alert: AlertDescription) -> bool {
    use AlertDescription as Alert;
    matches!(
        alert,
        Alert::CertificateRequired
            | Alert::NoCertificate
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::HandshakeFailure
    )
}

fn refused_by(target: &str, security: Security) -> String {
    let wish = want_certificate(security == Security::Tls { identity: true });
    format!("{target} refused the TLS handshake: {wish}")
}

fn want_certificate(identity: bool) -> &'static str {
    if identity {
        "it may not accept the client's certificate (Tls::identity), by its authority, its date or the kind of its key"
    } else {
        "it may want a client's certificate (Tls::identity)"
    }
}

fn socket(error: &io::Error, target: &str, security: Security) -> String {
    match (error.kind(), security) {
        (ErrorKind::ConnectionRefused, _) => format!("no server at {target}: connection refused: is it running?"),
        (ErrorKind::NotFound, _) => format!("no server at {target}: there is no such socket: is it running?"),
        (ErrorKind::PermissionDenied, _) => format!("may not connect to {target}: permission denied"),
        (ErrorKind::TimedOut, _) => {
            format!("no answer from {target}: timed out: check the address, and firewalls on the way")
        }
        (ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable, _) => {
            format!("there is no route to {target}: check the address and the network")
        }
        (
            ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe,
            Security::Tls { .. },
        ) => format!(
            "{target} closed the connection during the TLS handshake: it may not speak TLS, or have no certificate of \
             a kind that this client can verify (RSA, P-256, P-384, Ed25519)"
        ),
        _ => format!("cannot connect to {target}"),
    }
}

#[cfg(test)]
mod tests;
