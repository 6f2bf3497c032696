use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tonic::{Code, Status};
use tonic_types::ErrorDetails;

use crate::fake::{Fake, MODEL, SEED, drain, numbers, whole, with_reason};
use crate::{Client, Condition, RetryPolicy, RowBatches, Value};

#[tokio::test]
async fn rows_come_typed_and_one_by_one() {
    let fake = Fake::start(whole).await;
    let mut batches = fake.client().rows("numbers").count(10).offset(5).batches();
    assert!(batches.info().is_none());
    assert_eq!(batches.next().await.unwrap().unwrap().len(), 4);
    let info = batches.info().unwrap();
    assert_eq!((info.model.as_str(), info.seed), (MODEL, SEED));
    assert_eq!(drain(batches).await.0, [9, 10, 11, 12, 13, 14]);

    let mut rows = fake.client().rows("numbers@3").count(6).seed(SEED).rows();
    for index in 0..6 {
        let row = rows.next().await.unwrap().unwrap();
        assert_eq!((row.index(), row.get("id")), (index, Some(Value::Int64(index))));
    }
    assert!(rows.next().await.is_none());
    assert_eq!(rows.info().unwrap().seed, SEED);
}

#[tokio::test]
async fn a_request_has_what_was_asked_for() {
    let fake = Fake::start(whole).await;
    let request = fake
        .client()
        .rows("numbers")
        .count(3)
        .seed(SEED)
        .offset(2)
        .rows_per_message(9);
    let request = request
        .condition("color", "blue")
        .condition("open", true)
        .condition("color", "red");
    drain(request.batches()).await;
    let sent = &fake.requests()[0];
    assert_eq!(
        (sent.model.as_str(), sent.count, sent.seed, sent.offset),
        ("models/numbers", Some(3), Some(SEED), 2)
    );
    assert_eq!(sent.rows_per_message, 9);
    let condition = |name: &str, value: &str| Condition::from(value).on(name.to_owned()).unwrap();
    assert_eq!(sent.conditions, [condition("open", "true"), condition("color", "red")]);
    assert!(
        fake.headers("user-agent")[0]
            .as_ref()
            .unwrap()
            .starts_with("synthserve-rust/")
    );
}

#[tokio::test]
async fn a_stream_goes_on_after_each_lost_connection() {
    let fake = Fake::start(|call| async move {
        let end = call.end().min(call.request.offset + 4);
        call.send_until(2, end).await;
        if end < call.end() {
            call.answers.closed().await;
        }
    })
    .await;
    let mut batches = fake.client().rows("numbers").count(50).offset(3).batches();
    let mut got = Vec::new();
    while let Some(batch) = batches.next().await {
        got.extend(batch.unwrap().rows().map(|row| row.index()));
        if got.len() % 4 == 0 {
            fake.kill();
        }
    }
    assert_eq!(got, (3..53).collect::<Vec<_>>());
    let requests = fake.requests();
    assert_eq!(
        requests.iter().map(|it| it.offset).collect::<Vec<_>>(),
        (3..53).step_by(4).collect::<Vec<_>>()
    );
    for request in &requests {
        assert_eq!(request.offset + request.count.unwrap(), 53);
        if request.offset > 3 {
            assert_eq!((request.model.as_str(), request.seed), (MODEL, Some(SEED)));
        }
    }
}

#[tokio::test]
async fn what_means_that_the_server_went_down_is_tried_again() {
    let fake = Fake::start(|call| async move {
        match call.number {
            0 => call.send(Err(Status::unavailable("going down"))).await,
            1 => call.send(Err(Status::cancelled("going down"))).await,
            2 => {
                call.send(Ok(numbers(0, 2, true))).await;
                call.send(Err(with_reason(
                    Code::Unavailable,
                    "SHUTTING_DOWN",
                    ErrorDetails::new(),
                )))
                .await;
            }
            _ => whole(call).await,
        }
    })
    .await;
    let (got, error) = drain(fake.client().rows("numbers").count(6).batches()).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(got, [0, 1, 2, 3, 4, 5]);
    assert_eq!(
        fake.requests().iter().map(|request| request.offset).collect::<Vec<_>>(),
        [0, 0, 0, 2]
    );
}

#[tokio::test]
async fn a_limit_is_waited_for_only_where_the_server_says_how_long() {
    for (delay, calls) in [(Some(Duration::from_millis(1)), 2), (None, 1)] {
        let fake = Fake::start(move |call| async move {
            if call.number == 0 {
                let details = delay.map_or_else(ErrorDetails::new, |it| ErrorDetails::with_retry_info(Some(it)));
                return call
                    .send(Err(with_reason(Code::ResourceExhausted, "LIMIT_EXCEEDED", details)))
                    .await;
            }
            whole(call).await;
        })
        .await;
        let error = drain(fake.client().rows("numbers").count(1).batches()).await.1;
        assert_eq!(
            error.map(|error| error.code()),
            (calls == 1).then_some(Code::ResourceExhausted)
        );
        assert_eq!(fake.requests().len(), calls);
    }
}

#[tokio::test]
async fn attempts_are_bounded_and_can_be_turned_off() {
    let fake = Fake::start(|call| async move { call.send(Err(Status::unavailable("gone"))).await }).await;
    let error = drain(fake.client().rows("numbers").batches()).await.1.unwrap();
    assert_eq!(error.code(), Code::Unavailable);
    assert_eq!(fake.requests().len(), 4);

    let impatient = fake.builder().retry(RetryPolicy::never()).build().unwrap();
    assert!(drain(impatient.rows("numbers").batches()).await.1.is_some());
    assert_eq!(fake.requests().len(), 5);
}

#[tokio::test]
async fn an_error_after_the_last_row_does_not_matter() {
    let fake = Fake::start(|call| async move {
        call.send_until(4, call.end()).await;
        call.send(Err(Status::internal("too late"))).await;
    })
    .await;
    let (got, error) = drain(fake.client().rows("numbers").count(3).batches()).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!((got.len(), fake.requests().len()), (3, 1));
}

#[tokio::test]
async fn an_early_end_and_columns_that_do_not_fit_end_the_stream() {
    let fake = Fake::start(|call| async move { call.send_until(4, call.end() - 1).await }).await;
    let (got, error) = drain(fake.client().rows("numbers").count(10).batches()).await;
    assert_eq!((got.len(), error.unwrap().code()), (9, Code::Internal));

    let fake = Fake::start(|call| async move {
        call.send(Ok(numbers(0, 4, true))).await;
        call.send(Ok(crate::v1::GenerateRowsResponse {
            first_index: 4,
            row_count: 1,
            ..numbers(4, 2, false)
        }))
        .await;
        call.answers.closed().await;
    })
    .await;
    let (got, error) = drain(fake.client().rows("numbers").count(10).batches()).await;
    assert_eq!((got.len(), error.unwrap().code()), (4, Code::Internal));
}

#[tokio::test]
async fn a_deadline_ends_a_stream_that_hangs() {
    let fake = Fake::start(|call| async move {
        call.send(Ok(numbers(0, 4, true))).await;
        call.answers.closed().await;
    })
    .await;
    let stream = fake
        .client()
        .rows("numbers")
        .timeout(Duration::from_millis(300))
        .batches();
    assert_eq!(drain(stream).await.1.unwrap().code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn a_wait_that_would_pass_the_deadline_is_not_begun() {
    let fake = Fake::start(|call| async move {
        let details = ErrorDetails::with_retry_info(Some(Duration::from_secs(1_000_000)));
        call.send(Err(with_reason(Code::Unavailable, "MODEL_LOADING", details)))
            .await;
    })
    .await;
    let stream = fake
        .client()
        .rows("numbers")
        .timeout(Duration::from_secs(100_000))
        .batches();
    let error = drain(stream).await.1.unwrap();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert!(error.message().contains("not now"), "{error}");
    assert_eq!(fake.requests().len(), 1);
    assert!(fake.headers("grpc-timeout")[0].is_some(), "the server was not told");
}

#[tokio::test]
async fn dropping_a_stream_cancels_its_call() {
    let cancelled = Arc::new(Notify::new());
    let fake = Fake::start({
        let cancelled = cancelled.clone();
        move |call| {
            let cancelled = cancelled.clone();
            async move {
                call.send(Ok(numbers(0, 4, true))).await;
                call.answers.closed().await;
                cancelled.notify_one();
            }
        }
    })
    .await;
    let mut batches = fake.client().rows("numbers").batches();
    batches.next().await.unwrap().unwrap();
    drop(batches);
    cancelled.notified().await;
}

#[tokio::test]
async fn a_reader_who_rests_holds_the_server_back() {
    const ROWS: i64 = 8 * 1024;
    const MESSAGES: i64 = 4 * 1024;
    let sent = Arc::new(AtomicI64::new(0));
    let all_sent = Arc::new(Notify::new());
    let fake = Fake::start({
        let (sent, all_sent) = (sent.clone(), all_sent.clone());
        move |call| {
            let (sent, all_sent) = (sent.clone(), all_sent.clone());
            async move {
                for message in 0..MESSAGES {
                    call.send(Ok(numbers(message * ROWS, ROWS, message == 0))).await;
                    sent.fetch_add(1, Ordering::Relaxed);
                }
                all_sent.notify_one();
            }
        }
    })
    .await;
    let mut batches = fake.client().rows("numbers").count(MESSAGES * ROWS).batches();
    batches.next().await.unwrap().unwrap();
    tokio::select! {
        () = all_sent.notified() => panic!("256 MiB went into memory"),
        () = tokio::time::sleep(Duration::from_millis(200)) => {}
    }
    // Messages are of 64 KiB; the windows of HTTP/2 and the buffers of both sides hold less than 16 MiB.
    let before = sent.load(Ordering::Relaxed);
    assert!(before < 256, "{before} messages went into memory");
    // The server is held back, not stuck.
    while batches.next().await.unwrap().unwrap().first_index() < 2 * before * ROWS {}
}

#[tokio::test]
async fn what_cannot_be_sent_is_told_by_the_stream() {
    let fake = Fake::start(whole).await;
    let error = drain(fake.client().rows("no/name").count(1).batches()).await.1.unwrap();
    assert_eq!(
        (error.code(), error.field_violations()[0].field.as_str()),
        (Code::InvalidArgument, "model")
    );
    let rows = fake
        .client()
        .rows("numbers")
        .condition("size", f64::NAN)
        .condition("id", f64::INFINITY);
    let error = drain(rows.batches()).await.1.unwrap();
    assert_eq!(
        (error.code(), error.field_violations()[0].field.as_str()),
        (Code::InvalidArgument, "conditions[size]")
    );
    let mut images = fake.client().images("numbers").condition("digit", ..=f64::NAN).png();
    let error = images.next().await.unwrap().unwrap_err();
    assert_eq!(error.field_violations()[0].field, "conditions[digit]");
    assert!(fake.requests().is_empty());

    let client = fake.builder().token_source(|| "two\nlines".to_owned()).build().unwrap();
    let error = drain(client.rows("numbers").count(1).batches()).await.1.unwrap();
    assert_eq!(
        (error.code(), error.field_violations()[0].field.as_str()),
        (Code::InvalidArgument, "token")
    );
    assert!(fake.requests().is_empty());
}

#[tokio::test]
async fn a_token_goes_with_every_call() {
    let fake = Fake::start(|call| async move {
        match call.number {
            0 => call.send(Err(Status::unavailable("gone"))).await,
            _ => whole(call).await,
        }
    })
    .await;
    let client = fake.builder().token("abc").build().unwrap();
    assert!(drain(client.rows("numbers").count(1).batches()).await.1.is_none());
    assert_eq!(
        fake.headers("authorization"),
        [Some("Bearer abc".to_owned()), Some("Bearer abc".to_owned())]
    );
    assert!(!format!("{client:?}{:?}", client.service()).contains("abc"));
}

#[tokio::test]
async fn images_come_one_by_one() {
    let fake = Fake::start(whole).await;
    let mut images = fake.client().images("numbers").count(6).offset(10).png();
    for index in 10..16 {
        let image = images.next().await.unwrap().unwrap();
        assert_eq!((image.index, image.data.as_ref()), (index, [index as u8].as_slice()));
    }
    assert!(images.next().await.is_none());
    assert_eq!(images.info().unwrap().schema.height, 1);
}

#[test]
fn clients_and_streams_can_move_to_other_tasks() {
    fn check<T: Send>() {}
    fn check_shared<T: Send + Sync>() {}
    check_shared::<Client>();
    check_shared::<crate::Error>();
    check::<RowBatches>();
    check::<crate::Rows>();
    check::<crate::RowChunks>();
    check::<crate::Images>();
    check::<crate::Models>();
}

#[tokio::test]
async fn a_timeout_of_any_length_is_taken() {
    let fake = Fake::start(whole).await;
    let client = fake.client();
    let powers = (20..64).map(|bits| Duration::from_secs(1 << bits));
    let edges = powers.flat_map(|it| [it, it - Duration::from_nanos(1)]);
    for timeout in edges.chain([
        Duration::MAX,
        Duration::from_secs(u64::MAX),
        Duration::from_secs(i64::MAX as u64),
    ]) {
        let rows = client.rows("numbers").count(1).timeout(timeout);
        assert!(drain(rows.batches()).await.1.is_none(), "{timeout:?}");
        client.model("numbers").timeout(timeout).await.unwrap();
        client.models().timeout(timeout).next().await.unwrap().unwrap();
    }
    for told in fake.headers("grpc-timeout").into_iter().flatten() {
        assert!(told.len() <= 9, "{told}");
    }
}

#[tokio::test]
async fn a_timeout_of_nothing_is_over_before_anything_is_sent() {
    let fake = Fake::start(whole).await;
    let client = fake.client();
    let rows = client.rows("numbers").count(1).timeout(Duration::ZERO);
    assert_eq!(drain(rows.batches()).await.1.unwrap().code(), Code::DeadlineExceeded);
    let model = client.model("numbers").timeout(Duration::ZERO);
    assert_eq!(model.await.unwrap_err().code(), Code::DeadlineExceeded);
    let model = client.models().timeout(Duration::ZERO).next().await;
    assert_eq!(model.unwrap().unwrap_err().code(), Code::DeadlineExceeded);
    assert!(fake.requests().is_empty());
}

#[tokio::test]
async fn rows_at_the_end_of_the_indices_come() {
    let fake = Fake::start(whole).await;
    for offset in [1 << 31, 1 << 53, i64::MAX - 3] {
        let (got, error) = drain(fake.client().rows("numbers").offset(offset).count(3).batches()).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(got, [offset, offset + 1, offset + 2]);
        let mut rows = fake.client().rows("numbers").offset(offset).count(3).rows();
        for index in offset..offset + 3 {
            assert_eq!(rows.next().await.unwrap().unwrap().index(), index);
        }
        assert!(rows.next().await.is_none());
    }
}
