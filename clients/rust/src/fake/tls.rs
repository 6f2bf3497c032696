//! Authorities, certificates and servers of TLS.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SignatureAlgorithm};
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use tokio_rustls::TlsAcceptor;

use crate::Tls;

/// Test keys in files: ring generates no RSA keys, and does not accept keys of 1024 bits or of P-521.
pub(crate) const RSA_2048: &str = include_str!("rsa-2048.pem");
pub(crate) const RSA_1024: &str = include_str!("rsa-1024.pem");
pub(crate) const P521: &str = include_str!("p521.pem");
pub(crate) const P521_AUTHORITY: &str = include_str!("p521-authority.pem");

/// A certificate and its key, PEM.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Identity {
    pub(crate) fn of(self, tls: Tls) -> Tls {
        tls.identity(self.certificate, self.key)
    }
}

/// An authority that issues certificates.
pub(crate) struct Authority {
    pub(crate) certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

/// The first and last year of a certificate, which is valid from the beginning of one to the beginning of the other.
pub(crate) const VALID: (i32, i32) = (2020, 2120);

impl Authority {
    pub(crate) fn new() -> Self {
        Self::with_key(key(&rcgen::PKCS_ECDSA_P256_SHA256))
    }

    pub(crate) fn with_key(key: KeyPair) -> Self {
        let mut params = params(&[], VALID);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "an authority");
        let certificate = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        Self { certificate, issuer }
    }

    /// The authority as a trust anchor.
    pub(crate) fn trusted(&self) -> Tls {
        Tls::new().ca(self.certificate.clone())
    }

    /// A certificate for this machine.
    pub(crate) fn issue(&self) -> Identity {
        self.issue_for(&["localhost", "127.0.0.1"], VALID, key(&rcgen::PKCS_ECDSA_P256_SHA256))
    }

    pub(crate) fn issue_for(&self, names: &[&str], years: (i32, i32), key: KeyPair) -> Identity {
        let certificate = params(names, years).signed_by(&key, &self.issuer).unwrap();
        Identity {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }

    /// The authority's own certificate, as a server would present it.
    pub(crate) fn as_server(&self) -> Identity {
        Identity {
            certificate: self.certificate.clone(),
            key: self.issuer.key().serialize_pem(),
        }
    }
}

pub(crate) fn key(kind: &'static SignatureAlgorithm) -> KeyPair {
    KeyPair::generate_for(kind).unwrap()
}

/// A key of each kind that the client can use.
pub(crate) fn usable_keys() -> [KeyPair; 4] {
    [
        KeyPair::from_pem(RSA_2048).unwrap(),
        key(&rcgen::PKCS_ECDSA_P256_SHA256),
        key(&rcgen::PKCS_ECDSA_P384_SHA384),
        key(&rcgen::PKCS_ED25519),
    ]
}

fn params(names: &[&str], (first, last): (i32, i32)) -> CertificateParams {
    let mut params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    params.not_before = rcgen::date_time_ymd(first, 1, 1);
    params.not_after = rcgen::date_time_ymd(last, 1, 1);
    params
}

/// Accepts TLS connections with this certificate. With an authority, clients need a certificate that it issued.
pub(crate) fn acceptor(identity: &Identity, clients: Option<&Authority>) -> TlsAcceptor {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            let certificate = CertificateDer::from_pem_slice(authority.certificate.as_bytes()).unwrap();
            roots.add(certificate).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let chain = CertificateDer::pem_slice_iter(identity.certificate.as_bytes());
    let chain = chain.collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
    let mut config = builder.with_single_cert(chain, key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}
