use std::time::Duration;

use tonic::Status;

use super::*;
use crate::fake::{Fake, Rude, drain, numbers, whole, with_reason};
use crate::{Client, RetryPolicy};

#[tokio::test]
async fn what_http_says_of_a_call_has_the_code_of_grpc() {
    let fake = Fake::start(whole).await;
    let client = fake.builder().retry(RetryPolicy::never()).build().unwrap();
    for (rude, code) in [
        (Rude::NoTrailers, Code::Unavailable),
        (Rude::Reset(h2::Reason::CANCEL), Code::Unavailable),
        (Rude::Reset(h2::Reason::REFUSED_STREAM), Code::Unavailable),
        (Rude::Reset(h2::Reason::ENHANCE_YOUR_CALM), Code::ResourceExhausted),
        (Rude::Reset(h2::Reason::INADEQUATE_SECURITY), Code::PermissionDenied),
        (Rude::Reset(h2::Reason::INTERNAL_ERROR), Code::Internal),
    ] {
        fake.be_rude(rude);
        let error = drain(client.rows("numbers").count(1).batches()).await.1.unwrap();
        assert_eq!(error.code(), code, "{error:?}");
    }
    fake.be_rude(Rude::NoTrailers);
    assert_eq!(drain(fake.client().rows("numbers").count(1).batches()).await.0, [0]);
}

#[tokio::test]
async fn an_error_tells_its_details_and_is_not_tried_again() {
    let fake = Fake::start(|call| async move {
        let mut details = ErrorDetails::with_resource_info("model", "models/numbers", "", "");
        details.add_bad_request_violation("count", "too large");
        details.add_quota_failure_violation("caller:me", "1 stream");
        details.add_precondition_failure_violation("MODEL", "models/numbers/versions/3", "broken");
        details.set_retry_info(Some(Duration::from_millis(1_500)));
        let mut status = with_reason(Code::NotFound, "MODEL_NOT_FOUND", details);
        status.metadata_mut().insert("x-request-id", "r-1".parse().unwrap());
        call.send(Err(status)).await;
    })
    .await;
    let error = drain(fake.client().rows("numbers").batches()).await.1.unwrap();
    assert_eq!((error.code(), error.message()), (Code::NotFound, "not now"));
    assert_eq!(
        (error.reason(), error.request_id()),
        (Some("MODEL_NOT_FOUND"), Some("r-1"))
    );
    assert_eq!((error.metadata("role"), error.metadata("other")), (Some("admin"), None));
    assert_eq!(error.resource_name(), Some("models/numbers"));
    assert_eq!(error.retry_delay(), Some(Duration::from_millis(1_500)));
    assert_eq!(error.field_violations()[0].field, "count");
    assert_eq!(error.quota_violations()[0].subject, "caller:me");
    assert_eq!(error.precondition_violations()[0].subject, "models/numbers/versions/3");
    assert_eq!(fake.requests().len(), 1);
}

#[tokio::test]
async fn details_of_another_status_are_left_out() {
    let fake = Fake::start(|call| async move {
        let status = with_reason(Code::NotFound, "MODEL_NOT_FOUND", ErrorDetails::new());
        let changed = Status::with_details(Code::PermissionDenied, "a proxy", status.details().to_vec().into());
        call.send(Err(changed)).await;
    })
    .await;
    let error = drain(fake.client().rows("numbers").batches()).await.1.unwrap();
    assert_eq!((error.code(), error.reason()), (Code::PermissionDenied, None));
    assert!(error.resource_name().is_none() && error.field_violations().is_empty());
}

#[tokio::test]
async fn no_server_is_unavailable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let client = Client::builder(&address).retry(RetryPolicy::never()).build().unwrap();
    let error = client.model("numbers").await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(
        error.message().starts_with(&format!("no server at {address}: ")),
        "{error}"
    );
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused() {
    let fake = Fake::start(|call| async move { call.send(Ok(numbers(0, 9 << 20, true))).await }).await;
    let error = drain(fake.client().rows("numbers").batches()).await.1.unwrap();
    assert_eq!((error.code(), error.retry_delay()), (Code::ResourceExhausted, None));
}

/// A status with a delay that no protobuf library would write.
fn with_delay(code: Code, seconds: i64, nanos: i32) -> Status {
    let mut info = pb::RetryInfo {
        retry_delay: Some(Default::default()),
    };
    let delay = info.retry_delay.as_mut().unwrap();
    (delay.seconds, delay.nanos) = (seconds, nanos);
    let mut packed = pb::Status {
        code: code as i32,
        details: vec![Default::default()],
        ..Default::default()
    };
    packed.details[0].type_url = RetryInfo::TYPE_URL.to_owned();
    packed.details[0].value = info.encode_to_vec();
    Status::with_details(code, "not now", packed.encode_to_vec().into())
}

#[test]
fn a_delay_of_any_size_is_read() {
    const LONGEST: Duration = RetryInfo::MAX_RETRY_DELAY;
    for (seconds, nanos, delay) in [
        (0, 0, Duration::ZERO),
        (1, 500_000_000, Duration::from_millis(1_500)),
        (1, 2_000_000_000, Duration::from_secs(3)),
        (2, -500_000_000, Duration::from_millis(1_500)),
        (1, -1_500_000_000, Duration::ZERO),
        (-1, 0, Duration::ZERO),
        (0, -1, Duration::ZERO),
        (i64::MIN, 0, Duration::ZERO),
        (i64::MIN, i32::MIN, Duration::ZERO),
        (i64::MIN, i32::MAX, Duration::ZERO),
        (1 << 31, 0, Duration::from_secs(1 << 31)),
        (1_000_000_000_000_000, 0, LONGEST),
        (1 << 53, 0, LONGEST),
        (i64::MAX, i32::MAX, LONGEST),
        (i64::MAX, i32::MIN, LONGEST),
    ] {
        for code in [Code::Unavailable, Code::ResourceExhausted] {
            let peer = Peer::new("here".to_owned(), crate::peer::Security::Plain);
            let error = error(&with_delay(code, seconds, nanos), &peer);
            assert_eq!(error.retry_delay(), Some(delay), "{seconds} s {nanos} ns");
            let wait = RetryPolicy::default().delay(1, &error, false, 1.0).unwrap();
            assert!(
                Duration::from_millis(100) <= wait && wait <= crate::alarm::FOREVER,
                "{wait:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_stream_survives_any_delay() {
    let fake = Fake::start(|call| async move {
        match call.number {
            0 => call.send(Err(with_delay(Code::Unavailable, i64::MIN, i32::MIN))).await,
            1 => call.send(Err(with_delay(Code::ResourceExhausted, -1, -1))).await,
            2 => whole(call).await,
            _ => call.send(Err(with_delay(Code::Unavailable, i64::MAX, i32::MAX))).await,
        }
    })
    .await;
    let client = fake.client();
    let (got, error) = drain(client.rows("numbers").count(1).batches()).await;
    assert_eq!((got, error.map(|error| error.to_string())), (vec![0], None));
    let rows = client.rows("numbers").count(1).timeout(Duration::from_secs(100_000));
    assert_eq!(drain(rows.batches()).await.1.unwrap().code(), Code::DeadlineExceeded);
}
