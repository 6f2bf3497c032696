use std::net::TcpListener;

use tonic::Code;

use super::*;
use crate::child::is_child;
use crate::fake::tls::{Authority, acceptor};
use crate::fake::{Fake, drain, whole};
use crate::v1::GetModelRequest;
use crate::v1::model_service_client::ModelServiceClient;

#[tokio::test]
async fn nothing_goes_through_a_proxy() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let address = format!("http://user:secret@{}", proxy.local_addr().unwrap());
    let names = [
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "grpc_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "GRPC_PROXY",
    ];
    let mut variables = names.map(|name| (name, address.as_str())).to_vec();
    variables.extend([("no_proxy", ""), ("NO_PROXY", "")]);
    if is_child("client::tests::nothing_goes_through_a_proxy", &variables) {
        let authority = Authority::new();
        let plain = Fake::start(whole).await;
        let secure = Fake::start_tls(acceptor(&authority.issue(), None)).await;
        let port = |fake: &Fake| fake.target().rsplit_once(':').unwrap().1.to_owned();
        for host in ["127.0.0.1", "localhost", "LOCALHOST", "[::ffff:127.0.0.1]"] {
            let client = Client::builder(format!("{host}:{}", port(&plain)))
                .token("abc")
                .build()
                .unwrap();
            assert!(
                drain(client.rows("numbers").count(1).batches()).await.1.is_none(),
                "{host}"
            );
        }
        for host in ["127.0.0.1", "localhost"] {
            let builder = Client::builder(format!("{host}:{}", port(&secure)))
                .token("abc")
                .tls(authority.trusted());
            builder.build().unwrap().model("numbers").await.unwrap();
        }
        // A proxy would be asked to find this host.
        let away = Client::builder("no-such-host.invalid:1").retry(RetryPolicy::never());
        let away = away.token("abc").allow_insecure_token().build().unwrap();
        let error = away.model("numbers").await.unwrap_err();
        assert!(
            error
                .message()
                .starts_with("cannot find the host of no-such-host.invalid:1"),
            "{error}"
        );
        return;
    }
    assert_eq!(
        proxy.accept().unwrap_err().kind(),
        std::io::ErrorKind::WouldBlock,
        "something came"
    );
}

#[tokio::test]
async fn a_token_of_the_stubs_is_not_sent_in_plain_text_to_another_machine() {
    let request = || {
        let mut request = tonic::Request::new(GetModelRequest::default());
        request
            .metadata_mut()
            .insert("authorization", "Bearer abc".parse().unwrap());
        request
    };
    let client = Client::new("no-such-host.invalid:1").unwrap();
    let status = ModelServiceClient::new(client.service())
        .get_model(request())
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(
        status.message().contains("plain text") && !status.message().contains("abc"),
        "{status}"
    );

    let fake = Fake::start(whole).await;
    ModelServiceClient::new(fake.client().service())
        .get_model(request())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_quality_of_0_is_refused() {
    let fake = Fake::start(whole).await;
    let mut images = fake.client().images("numbers").count(2).jpeg_quality(0).jpeg();
    let error = images.next().await.unwrap().unwrap_err();
    assert_eq!(
        (error.code(), error.field_violations()[0].field.as_str()),
        (Code::InvalidArgument, "jpeg_quality")
    );
}
