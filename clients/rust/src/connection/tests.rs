//! Clients and streams that outlive a runtime, or are used in several.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_core::Stream;
use tokio::runtime::{Builder, Runtime};

use super::{Authorization, Connection, Endpoint};
use crate::fake::{Fake, drain, numbers, whole};
use crate::{Client, Code};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A server in a thread of its own, until the sender is dropped; and its address.
fn server<F>(
    script: impl Fn(crate::fake::Call) -> F + Send + Sync + 'static,
) -> (String, tokio::sync::oneshot::Sender<()>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (tell, told) = mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        runtime().block_on(async move {
            tell.send(Fake::start(script).await.target()).unwrap();
            let _ = stopped.await;
        });
    });
    (told.recv().unwrap(), stop)
}

async fn read(client: &Client) {
    let (got, error) = drain(
        client
            .rows("numbers")
            .count(3)
            .timeout(Duration::from_secs(60))
            .batches(),
    )
    .await;
    assert_eq!((got, error.map(|error| error.to_string())), (vec![0, 1, 2], None));
    client.model("numbers").timeout(Duration::from_secs(60)).await.unwrap();
}

#[test]
fn a_client_is_made_without_a_runtime_and_used_in_one_after_the_other() {
    let (target, _server) = server(whole);
    let client = Client::new(target).unwrap();
    for _ in 0..3 {
        runtime().block_on(read(&client));
    }
}

#[test]
fn a_client_is_used_in_two_runtimes_at_once_though_one_rests() {
    let (target, _server) = server(whole);
    let (first, second) = (runtime(), runtime());
    let client = first.block_on(async { Client::new(target).unwrap() });
    for runtime in [&first, &second, &first, &second] {
        runtime.block_on(read(&client));
    }
    drop(first);
    second.block_on(read(&client));
}

#[test]
fn the_connections_of_runtimes_that_are_gone_are_let_go() {
    let endpoint = Endpoint::from_static("http://localhost:1");
    let connection = Connection::new(endpoint, Authorization::new(None, false));
    let lasting = runtime();
    for _ in 0..10 {
        for runtime in [&runtime(), &lasting] {
            runtime.block_on(async { connection.service().map(drop) }).unwrap();
        }
    }
    // The channel of the running runtime, and that of the last dropped one, whose end has not been noticed yet.
    assert_eq!(connection.channels.lock().unwrap().len(), 2);
}

#[test]
fn a_stream_goes_on_in_another_runtime_when_its_own_is_gone() {
    let (target, _server) = server(|call| async move {
        if call.request.offset == 0 {
            call.send(Ok(numbers(0, 2, true))).await;
            call.answers.closed().await;
        } else {
            whole(call).await;
        }
    });
    let client = Client::new(target).unwrap();
    let mut stream = client
        .rows("numbers")
        .count(6)
        .timeout(Duration::from_secs(60))
        .batches();
    let first = runtime().block_on(stream.next()).unwrap().unwrap();
    assert_eq!((first.first_index(), first.len()), (0, 2));
    assert_eq!(runtime().block_on(drain(stream)).0, [2, 3, 4, 5]);
}

#[test]
fn a_deadline_holds_in_another_runtime() {
    let (target, _server) = server(|call| async move { call.answers.closed().await });
    let client = Client::new(target).unwrap();
    let rows = client.rows("numbers").count(6).timeout(Duration::from_millis(500));
    let mut stream = rows.batches();
    runtime().block_on(poll_fn(|cx| {
        assert!(Pin::new(&mut stream).poll_next(cx).is_pending());
        Poll::Ready(())
    }));
    let error = runtime().block_on(drain(stream)).1.unwrap();
    assert_eq!(error.code(), Code::DeadlineExceeded, "{error}");
}

#[test]
fn without_any_runtime_calls_fail_and_say_why() {
    let client = Client::new("localhost:1").unwrap();
    let mut context = Context::from_waker(Waker::noop());
    for timeout in [None, Some(Duration::from_secs(1))] {
        let mut rows = client.rows("numbers").count(1);
        if let Some(timeout) = timeout {
            rows = rows.timeout(timeout);
        }
        let mut stream = rows.batches();
        let next = std::pin::pin!(stream.next()).poll(&mut context);
        let Poll::Ready(Some(Err(error))) = next else {
            panic!("it should fail: {next:?}");
        };
        assert_eq!(error.code(), Code::FailedPrecondition);
        assert!(error.message().contains("Tokio runtime"), "{error}");
    }
}
