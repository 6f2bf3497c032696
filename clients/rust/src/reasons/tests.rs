use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tonic::ConnectError;

use super::*;
use crate::fake::tls::{Authority, VALID, acceptor, key};
use crate::fake::{Fake, whole};
use crate::{Client, Code, RetryPolicy, Tls};

fn p256() -> rcgen::KeyPair {
    key(&rcgen::PKCS_ECDSA_P256_SHA256)
}

/// The error of a client that asks for a model at a target.
async fn told(target: &str, tls: Option<Tls>) -> String {
    let mut builder = Client::builder(target).retry(RetryPolicy::never());
    if let Some(tls) = tls {
        builder = builder.tls(tls);
    }
    let error = builder.build().unwrap().model("numbers").await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error}");
    error.message().to_owned()
}

#[track_caller]
fn says(message: &str, target: &str, parts: &[&str]) {
    for part in [&[target], parts].concat() {
        assert!(message.contains(part), "{part:?} is missing: {message}");
    }
    // The library's own message follows.
    assert!(message.ends_with(')') && !message.ends_with("()"), "{message}");
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_has_its_reason() {
    let authority = Authority::new();
    let issue = |names: &[&str], years| authority.issue_for(names, years, p256());
    let here = ["127.0.0.1"];
    for (server, trusted, parts) in [
        (
            issue(&here, VALID),
            Authority::new().trusted(),
            ["not issued by an authority that this client trusts", "Tls::ca()"],
        ),
        (
            issue(&["other.example"], VALID),
            authority.trusted(),
            ["for other names", "other.example"],
        ),
        (
            issue(&here, (2020, 2021)),
            authority.trusted(),
            ["has expired", "clock"],
        ),
        (
            issue(&here, (2119, 2120)),
            authority.trusted(),
            ["not valid yet", "clock"],
        ),
        (
            authority.as_server(),
            authority.trusted(),
            ["that of an authority", "CA:TRUE"],
        ),
    ] {
        let fake = Fake::start_tls(acceptor(&server, None)).await;
        says(&told(&fake.target(), Some(trusted)).await, &fake.target(), &parts);
    }
}

#[tokio::test]
async fn a_server_without_tls_is_told_from_one_that_is_not_there() {
    let plain = Fake::start(whole).await;
    let message = told(&plain.target(), Some(Authority::new().trusted())).await;
    says(
        &message,
        &plain.target(),
        &["does not speak TLS", "connect without TLS"],
    );

    let silent = one_that_answers(b"").await;
    let message = told(&silent, Some(Authority::new().trusted())).await;
    says(
        &message,
        &silent,
        &["closed the connection during the TLS handshake", "may not speak TLS"],
    );
}

#[tokio::test]
async fn a_server_with_tls_is_told_from_one_that_is_not_there() {
    let fake = Fake::start_tls(acceptor(&Authority::new().issue(), None)).await;
    says(
        &told(&fake.target(), None).await,
        &fake.target(),
        &["may want TLS (ClientBuilder::tls)"],
    );

    for answer in [
        b"".as_slice(),
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
    ] {
        let target = one_that_answers(answer).await;
        says(
            &told(&target, None).await,
            &target,
            &["may want TLS (ClientBuilder::tls)"],
        );
    }
}

#[tokio::test]
async fn a_server_that_wants_a_client_certificate_is_told_of() {
    let (authority, other) = (Authority::new(), Authority::new());
    let fake = Fake::start_tls(acceptor(&authority.issue(), Some(&authority))).await;
    let message = told(&fake.target(), Some(authority.trusted())).await;
    says(
        &message,
        &fake.target(),
        &["it may want a client's certificate (Tls::identity)"],
    );
    let expired = authority.issue_for(&["client"], (2020, 2021), p256());
    for refused in [other.issue(), expired] {
        let message = told(&fake.target(), Some(refused.of(authority.trusted()))).await;
        says(
            &message,
            &fake.target(),
            &["it may not accept the client's certificate (Tls::identity)"],
        );
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_has_its_reason() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    for tls in [None, Some(Authority::new().trusted())] {
        says(
            &told(&address, tls).await,
            "no server at 127.0.0.1:",
            &["connection refused", "is it running?"],
        );
    }
    let host = "no-such-host.invalid:1";
    says(
        &told(host, None).await,
        "cannot find the host of no-such-host.invalid:1",
        &["check the address"],
    );
    let socket = "unix:/no/such/socket";
    says(
        &told(socket, None).await,
        "no server at unix:/no/such/socket",
        &["no such socket", "is it running?"],
    );
}

#[tokio::test]
async fn a_server_that_goes_away_after_it_answered_is_not_said_to_want_tls() {
    let fake = Fake::start(|call| async move { call.answers.closed().await }).await;
    let client = Client::builder(fake.target())
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    client.model("numbers").await.unwrap();
    let mut rows = client.rows("numbers").batches();
    let (error, ()) = tokio::join!(rows.next(), async {
        while fake.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        fake.kill();
    });
    let error = error.unwrap().unwrap_err();
    says(error.message(), &fake.target(), &["lost the connection"]);
    assert!(!error.message().contains("TLS"), "{error}");
}

#[test]
fn errors_of_the_system_have_words() {
    let peer = |security| Peer::new("host:1".to_owned(), security);
    let secure = Security::Tls { identity: false };
    for (kind, security, part) in [
        (ErrorKind::TimedOut, Security::Plain, "timed out"),
        (ErrorKind::NetworkUnreachable, Security::Plain, "no route"),
        (ErrorKind::HostUnreachable, secure, "no route"),
        (ErrorKind::PermissionDenied, Security::Plain, "permission denied"),
        (ErrorKind::ConnectionReset, secure, "may not speak TLS"),
        (ErrorKind::ConnectionReset, Security::Plain, "cannot connect"),
        (ErrorKind::Other, secure, "cannot connect"),
    ] {
        let refused = ConnectError(io::Error::new(kind, "the library's words").into());
        let message = not_connected(&refused, &peer(security));
        says(&message, "host:1", &[part]);
        assert!(message.ends_with("(the library's words)"), "{message}");
    }
}

/// A listener that answers the first bytes of each connection with `answer`, and closes it.
async fn one_that_answers(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            // Reads what is available, so that closing the socket does not reset the connection.
            let _ = socket.read(&mut [0; 64 * 1024]).await;
            let _ = socket.write_all(answer).await;
        }
    });
    target
}
