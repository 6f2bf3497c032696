//! What a connection over TLS trusts and shows.

use std::fmt;

use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use crate::Error;

/// TLS for [`ClientBuilder::tls`](crate::ClientBuilder::tls).
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use synthserve::Tls;
///
/// let system = Tls::new();
/// let own = Tls::new().ca(std::fs::read("ca.pem")?);
/// let mutual = own.clone().identity(std::fs::read("client.pem")?, std::fs::read("client-key.pem")?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Tls {
    ca: Option<Vec<u8>>,
    identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl Tls {
    /// Trusts the authorities that this machine trusts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts these authorities, PEM, and no others.
    #[must_use]
    pub fn ca(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca = Some(pem.into());
        self
    }

    /// Shows the server this certificate, PEM, with its chain, and has this key for it, PEM.
    #[must_use]
    pub fn identity(mut self, certificate: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.identity = Some((certificate.into(), key.into()));
        self
    }

    pub(crate) fn config(&self) -> Result<ClientTlsConfig, Error> {
        let config = match &self.ca {
            None => ClientTlsConfig::new().with_native_roots(),
            Some(pem) => {
                holds(pem, "CERTIFICATE", "tls.ca")?;
                ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem))
            }
        };
        Ok(match &self.identity {
            None => config,
            Some((certificate, key)) => {
                holds(certificate, "CERTIFICATE", "tls.identity")?;
                holds(key, "PRIVATE KEY", "tls.identity")?;
                config.identity(Identity::from_pem(certificate, key))
            }
        })
    }
}

/// Refuses a file of another kind: rustls takes one without certificates for an authority that nobody is trusted by.
fn holds(pem: &[u8], what: &str, field: &str) -> Result<(), Error> {
    let end = format!("{what}-----");
    if pem.windows(end.len()).any(|window| window == end.as_bytes()) {
        return Ok(());
    }
    Err(Error::invalid(field, &format!("must be PEM with a {what}")))
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("ca", &self.ca.is_some())
            .field("identity", &self.identity.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_another_kind_are_refused() {
        let certificate = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
        assert!(Tls::new().ca(certificate).config().is_ok());
        for tls in [
            Tls::new().ca(""),
            Tls::new().ca("not PEM"),
            Tls::new().identity("", "-----BEGIN PRIVATE KEY-----"),
            Tls::new().identity(certificate, certificate),
        ] {
            assert!(
                tls.config().unwrap_err().field_violations()[0]
                    .field
                    .starts_with("tls.")
            );
        }
    }
}
