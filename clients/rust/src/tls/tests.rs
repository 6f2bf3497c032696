use super::*;
use crate::child::is_child;
use crate::fake::Fake;
use crate::fake::tls::{Authority, P521, P521_AUTHORITY, RSA_1024, VALID, acceptor, key, usable_keys};
use crate::{Code, RetryPolicy};

#[track_caller]
fn refused(tls: Tls, field: &str, reason: &str) {
    let error = tls.config().unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert_eq!(error.field_violations()[0].field, field);
    assert!(error.message().contains(reason), "{error}");
    assert!(!error.message().contains("-----BEGIN PRIVATE"), "{error}");
}

/// Asks a server for a model over TLS.
async fn ask(fake: &Fake, tls: Tls) -> Result<(), Error> {
    let builder = fake.builder().retry(RetryPolicy::never()).tls(tls);
    builder.build()?.model("numbers").await.map(drop)
}

#[tokio::test]
async fn each_kind_of_key_that_is_accepted_makes_connections() {
    for authority in usable_keys().map(Authority::with_key) {
        for (server, client) in usable_keys().into_iter().zip(usable_keys()) {
            let server = authority.issue_for(&["127.0.0.1"], VALID, server);
            let client = authority.issue_for(&["client"], VALID, client);
            let fake = Fake::start_tls(acceptor(&server, Some(&authority))).await;
            ask(&fake, client.of(authority.trusted())).await.unwrap();
        }
    }
}

#[tokio::test]
async fn files_work_however_an_editor_wrote_them() {
    let authority = Authority::new();
    let client = authority.issue();
    let fake = Fake::start_tls(acceptor(&authority.issue(), Some(&authority))).await;
    let marked = |text: &str| format!("\u{feff}{text}").into_bytes();
    let lines = |text: &str| text.replace('\n', "\r\n").into_bytes();
    let wide = |text: &str| {
        format!("\u{feff}{text}")
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect()
    };
    for write in [marked as fn(&str) -> Vec<u8>, lines, wide] {
        let tls = Tls::new()
            .ca(write(&authority.certificate))
            .identity(write(&client.certificate), write(&client.key));
        ask(&fake, tls).await.unwrap();
    }
}

#[test]
fn what_is_no_authority_is_refused() {
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (file, reason) in [
        ("", "no PEM certificate"),
        ("not PEM", "no PEM certificate"),
        (P521, "no PEM certificate"),
        (garbage, "no certificate of X.509"),
        (P521_AUTHORITY, "not supported"),
    ] {
        refused(Tls::new().ca(file), "tls.ca", reason);
    }
}

#[test]
fn a_bundle_is_taken_for_what_can_be_used_of_it() {
    let authority = Authority::new();
    let bundle = [P521_AUTHORITY, &authority.certificate].concat();
    assert!(Tls::new().ca(bundle).config().is_ok());
}

#[test]
fn an_identity_that_no_connection_could_use_is_refused_with_the_reason() {
    let authority = Authority::new();
    let (mine, other) = (authority.issue(), authority.issue());
    let (leaf, key) = (mine.certificate.as_str(), mine.key.as_str());
    let chain = [leaf, &authority.certificate].concat();
    let reversed = [authority.certificate.as_str(), leaf].concat();
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let garbage_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for (certificate, key) in [(leaf, key), (&chain, key), (leaf, &[leaf, key].concat())] {
        assert!(Tls::new().ca(leaf).identity(certificate, key).config().is_ok());
    }
    for (certificate, key, reason) in [
        ("", key, "the certificate file holds no PEM certificate"),
        (key, key, "the certificate file holds no PEM certificate"),
        (
            garbage,
            key,
            "the certificate file holds what is no certificate of X.509",
        ),
        (leaf, "", "the key file holds no PEM private key"),
        (leaf, leaf, "the key file holds no PEM private key"),
        (leaf, encrypted, "the key file has a password"),
        (leaf, garbage_key, "of a kind that is not supported"),
        (leaf, P521, "of a kind that is not supported"),
        (leaf, RSA_1024, "of a kind that is not supported"),
        (leaf, &other.key, "do not belong together"),
        (&chain, &other.key, "do not belong together"),
        (&reversed, key, "wrong order"),
    ] {
        refused(Tls::new().ca(leaf).identity(certificate, key), "tls.identity", reason);
    }
}

#[test]
fn a_key_in_each_form_is_read() {
    let authority = Authority::new();
    let mine = authority.issue_for(&["client"], VALID, key(&rcgen::PKCS_ECDSA_P384_SHA384));
    let parameters = "-----BEGIN EC PARAMETERS-----\nBgUrgQQAIg==\n-----END EC PARAMETERS-----\n";
    let tls = Tls::new().ca(authority.certificate);
    assert!(
        tls.identity(mine.certificate, [parameters, &mine.key].concat())
            .config()
            .is_ok()
    );
}

#[test]
fn a_unix_socket_has_no_tls() {
    let tls = Authority::new().trusted();
    let error = crate::Client::builder("unix:/run/synthserve")
        .tls(tls)
        .build()
        .unwrap_err();
    assert_eq!(error.field_violations()[0].field, "tls");
}

#[test]
#[cfg(all(unix, not(target_os = "macos")))]
fn an_empty_variable_is_an_unset_one() {
    let name = "tls::tests::an_empty_variable_is_an_unset_one";
    if is_child(name, &[("SSL_CERT_FILE", ""), ("SSL_CERT_DIR", "")]) {
        let file = openssl_probe::probe().cert_file;
        let of_machine = rustls_native_certs::load_certs_from_paths(file.as_deref(), None);
        let client = crate::Client::builder("synth.example:443").tls(Tls::new());
        assert_eq!(client.build().is_ok(), !of_machine.certs.is_empty());
    }
}

#[test]
fn a_machine_without_authorities_is_told_of() {
    let name = "tls::tests::a_machine_without_authorities_is_told_of";
    if is_child(name, &[("SSL_CERT_FILE", "/no/such/file"), ("SSL_CERT_DIR", "")]) {
        refused(Tls::new(), "tls.ca", "/no/such/file");
        refused(Tls::new(), "tls.ca", "give one with Tls::ca()");
    }
}
