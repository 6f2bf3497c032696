//! The authorities that this machine trusts.

use rustls::RootCertStore;
use rustls::pki_types::TrustAnchor;
use rustls_native_certs::{CertificateResult, load_native_certs};

/// Loads the authorities; at least one.
///
/// # Errors
///
/// No authority could be loaded; the error has the reasons.
pub(super) fn authorities() -> Result<Vec<TrustAnchor<'static>>, String> {
    let CertificateResult { certs, errors, .. } = load();
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(certs);
    if store.is_empty() {
        let reasons: String = errors.iter().map(|problem| format!(": {problem}")).collect();
        return Err(format!(
            "this machine has no authorities to trust; give one with Tls::ca(){reasons}"
        ));
    }
    Ok(store.roots)
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn load() -> CertificateResult {
    load_native_certs()
}

/// An empty variable counts as unset. rustls-native-certs would read an empty `SSL_CERT_FILE` as the name of a file.
#[cfg(all(unix, not(target_os = "macos")))]
fn load() -> CertificateResult {
    let found = load_native_certs();
    if found.certs.is_empty() && std::env::var_os("SSL_CERT_FILE").is_some_and(|file| file.is_empty()) {
        return rustls_native_certs::load_certs_from_paths(openssl_probe::probe().cert_file.as_deref(), None);
    }
    found
}
