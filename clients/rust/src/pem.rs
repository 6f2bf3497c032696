//! PEM files as people's editors write them.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The text of a PEM file with plain line ends: UTF-8 with or without a byte order mark, or UTF-16.
pub(crate) fn text(file: &[u8]) -> String {
    let decoded = match file {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        // UTF-16 without a byte order mark: the text begins with ASCII.
        [_, 0, ..] => utf16(file, u16::from_le_bytes),
        [0, _, ..] => utf16(file, u16::from_be_bytes),
        // Comments between the sections may be in any encoding.
        _ => String::from_utf8_lossy(file).into_owned(),
    };
    let lines = decoded.trim_start_matches('\u{feff}').split(['\r', '\n']);
    lines.flat_map(|line| [line.trim(), "\n"]).collect()
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&units)
}

/// The certificates in a PEM text; at least one.
///
/// # Errors
///
/// What is wrong with the text, and what to do.
pub(crate) fn certificates(text: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    match found {
        Ok(found) if found.is_empty() => Err("holds no PEM certificate (-----BEGIN CERTIFICATE-----)".to_owned()),
        Ok(found) => Ok(found),
        Err(problem) => Err(format!("is damaged PEM: {problem}")),
    }
}

/// The first private key in a PEM text.
///
/// # Errors
///
/// What is wrong with the text, and what to do; it repeats nothing of the key.
pub(crate) fn private_key(text: &str) -> Result<PrivateKeyDer<'static>, &'static str> {
    if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err("has a password: give the key without one (openssl pkey -in KEY -out PLAIN)");
    }
    match PrivateKeyDer::pem_slice_iter(text.as_bytes()).next() {
        None => Err("holds no PEM private key (PKCS#8, PKCS#1 or SEC 1)"),
        Some(Err(_)) => Err("is damaged PEM"),
        Some(Ok(key)) => Ok(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

    fn in_utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn a_file_is_read_however_an_editor_wrote_it() {
        let marked = format!("\u{feff}{LINES}");
        for file in [
            LINES.as_bytes().to_vec(),
            marked.clone().into_bytes(),
            LINES.replace('\n', "\r\n").into_bytes(),
            marked.replace('\n', "\r\n").into_bytes(),
            LINES.replace('\n', "\r").into_bytes(),
            LINES.replace('\n', " \t\n  ").into_bytes(),
            LINES.trim_end().as_bytes().to_vec(),
            [b"a comment in Latin-1: \xe4\n".as_slice(), LINES.as_bytes()].concat(),
            in_utf16(LINES, u16::to_le_bytes),
            in_utf16(LINES, u16::to_be_bytes),
            in_utf16(&marked, u16::to_le_bytes),
            in_utf16(&marked, u16::to_be_bytes),
            in_utf16(&marked.replace('\n', "\r\n"), u16::to_le_bytes),
        ] {
            let found = certificates(&text(&file)).unwrap();
            assert_eq!(found, [CertificateDer::from(vec![0; 3])], "{file:?}");
        }
    }

    #[test]
    fn what_is_no_certificate_is_refused_with_the_reason() {
        for (file, reason) in [
            ("", "no PEM certificate"),
            ("not PEM", "no PEM certificate"),
            ("\0", "no PEM certificate"),
            (
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
                "no PEM certificate",
            ),
            ("-----BEGIN CERTIFICATE-----\nAAAA", "damaged"),
            ("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----", "damaged"),
        ] {
            let problem = certificates(&text(file.as_bytes())).unwrap_err();
            assert!(problem.contains(reason), "{problem}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused_with_the_reason() {
        let legacy = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n\
                      -----END RSA PRIVATE KEY-----";
        for (file, reason) in [
            ("", "no PEM private key"),
            (LINES, "no PEM private key"),
            (
                "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----",
                "no PEM private key",
            ),
            (
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----",
                "password",
            ),
            (legacy, "password"),
            ("-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----", "damaged"),
        ] {
            let problem = private_key(&text(file.as_bytes())).unwrap_err();
            assert!(problem.contains(reason), "{file}: {problem}");
        }
    }
}
