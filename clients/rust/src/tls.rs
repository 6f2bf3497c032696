//! The authorities and the identity of a TLS connection.
//!
//! rustls, which makes the connections, reads each certificate and key when the client is made. So exactly those that
//! it can use are accepted.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, TrustAnchor};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, RootCertStore};
use tonic::transport::{ClientTlsConfig, Identity};

use crate::{Error, pem};

mod system;

/// TLS for [`ClientBuilder::tls`](crate::ClientBuilder::tls).
///
/// PEM files may begin with a byte order mark, have any line ends, and be UTF-8 or UTF-16. Keys are RSA of 2048 bits or
/// more, P-256, P-384 or Ed25519, in PKCS#8, PKCS#1 or SEC 1, without a password.
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
    /// Trusts the authorities that this machine trusts. `SSL_CERT_FILE` and `SSL_CERT_DIR` name others; an empty
    /// variable counts as unset.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts these authorities, PEM, and no others.
    #[must_use]
    pub fn ca(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca = Some(pem.into());
        self
    }

    /// Presents this certificate, PEM, followed by its chain, to the server. `key` is its private key, PEM.
    ///
    /// A synthserve server accepts RSA, P-256 and P-384 here; other servers may accept Ed25519 too.
    #[must_use]
    pub fn identity(mut self, certificate: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.identity = Some((certificate.into(), key.into()));
        self
    }

    pub(crate) fn has_identity(&self) -> bool {
        self.identity.is_some()
    }

    /// The configuration for tonic.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` for `tls.ca` or `tls.identity`: the connection could not use it.
    pub(crate) fn config(&self) -> Result<ClientTlsConfig, Error> {
        let provider = provider();
        let roots = match &self.ca {
            None => system::authorities(),
            Some(file) => authorities(&pem::text(file), &provider).map_err(|problem| format!("the file {problem}")),
        };
        let config = ClientTlsConfig::new().trust_anchors(roots.map_err(|problem| Error::invalid("tls.ca", &problem))?);
        let Some((certificate, key)) = &self.identity else {
            return Ok(config);
        };
        let (certificate, key) = (pem::text(certificate), pem::text(key));
        check_identity(&certificate, &key, &provider).map_err(|problem| Error::invalid("tls.identity", &problem))?;
        Ok(config.identity(Identity::from_pem(certificate, key)))
    }
}

/// The cryptography that tonic uses too.
fn provider() -> Arc<CryptoProvider> {
    CryptoProvider::get_default().map_or_else(|| Arc::new(ring::default_provider()), Arc::clone)
}

/// The authorities in a PEM text. Unusable ones are left out: a bundle can hold many, some of them outdated.
fn authorities(text: &str, provider: &CryptoProvider) -> Result<Vec<TrustAnchor<'static>>, String> {
    let certificates = pem::certificates(text)?;
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(certificates);
    if store.is_empty() {
        return Err("holds no certificate of X.509: it is damaged".to_owned());
    }
    store.roots.retain(|root| can_verify(root, provider));
    if store.is_empty() {
        return Err("has keys of kinds that are not supported: use RSA, P-256, P-384 or Ed25519".to_owned());
    }
    Ok(store.roots)
}

/// Whether signatures by this authority can be verified.
fn can_verify(root: &TrustAnchor<'_>, provider: &CryptoProvider) -> bool {
    // A SubjectPublicKeyInfo begins with an AlgorithmIdentifier: a SEQUENCE, which is shorter than 128 bytes.
    let [0x30, length, rest @ ..] = root.subject_public_key_info.as_ref() else {
        return false;
    };
    let kind = rest.get(..usize::from(*length));
    let known = provider.signature_verification_algorithms.all;
    known
        .iter()
        .any(|algorithm| kind == Some(algorithm.public_key_alg_id().as_ref()))
}

/// Refuses a certificate and a key that cannot be presented to a server.
fn check_identity(certificate: &str, key: &str, provider: &CryptoProvider) -> Result<(), String> {
    let chain = pem::certificates(certificate).map_err(|problem| format!("the certificate file {problem}"))?;
    let key = pem::private_key(key).map_err(|problem| format!("the key file {problem}"))?;
    let belongs = |leaf: &CertificateDer<'static>| belongs(leaf, &key, provider);
    if belongs(&chain[0])? {
        return Ok(());
    }
    for other in &chain[1..] {
        if belongs(other)? {
            return Err(
                "the certificate file is in the wrong order: the certificate of the key comes first".to_owned(),
            );
        }
    }
    Err("the certificate and the key do not belong together".to_owned())
}

/// Whether the certificate is that of the key.
fn belongs(
    certificate: &CertificateDer<'static>,
    key: &PrivateKeyDer<'static>,
    provider: &CryptoProvider,
) -> Result<bool, String> {
    let key = provider.key_provider.load_private_key(key.clone_key()).map_err(|problem| {
        format!("the key is of a kind that is not supported: use RSA of 2048 bits or more, P-256, P-384 or Ed25519 ({problem})")
    })?;
    match CertifiedKey::new(vec![certificate.clone()], key).keys_match() {
        // Not every kind of key gives its public part.
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(true),
        Err(rustls::Error::InconsistentKeys(_)) => Ok(false),
        Err(problem) => Err(format!(
            "the certificate file holds what is no certificate of X.509 ({problem})"
        )),
    }
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
mod tests;
