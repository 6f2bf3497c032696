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
