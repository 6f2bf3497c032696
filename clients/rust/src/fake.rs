//! A server in this process that a test scripts.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;
use tonic::body::Body;
use tonic::codegen::Service as _;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::v1::column_values::Values as Wire;
use crate::v1::generate_rows_response::Rows;
use crate::v1::generation_service_server::{GenerationService, GenerationServiceServer};
use crate::v1::model_service_server::ModelServiceServer;
use crate::v1::*;
use crate::{Client, ClientBuilder, Error, RetryPolicy, RowBatches};

mod models;
pub(crate) mod tls;

/// The version that the fake resolves every model to.
pub(crate) const MODEL: &str = "models/numbers/versions/3";

/// The seed that the fake draws.
pub(crate) const SEED: i64 = 11;

type Answer = Result<GenerateRowsResponse, Status>;
type Script = dyn Fn(Call) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

/// A call of `GenerateRows` that a test's script answers.
pub(crate) struct Call {
    /// The number of calls before this one.
    pub(crate) number: usize,
    pub(crate) request: GenerateRowsRequest,
    pub(crate) answers: mpsc::Sender<Answer>,
}

impl Call {
    pub(crate) async fn send(&self, answer: Answer) {
        // The client may have cancelled the call; that is not an error of the script.
        let _ = self.answers.send(answer).await;
    }

    /// Sends the requested rows, in messages of `size` rows, up to `end`.
    pub(crate) async fn send_until(&self, size: i64, end: i64) {
        let mut next = self.request.offset;
        while next < end {
            let rows = size.min(end - next);
            self.send(Ok(numbers(next, rows, next == self.request.offset))).await;
            next += rows;
        }
    }

    pub(crate) fn end(&self) -> i64 {
        self.request.offset + self.request.count.unwrap_or(i64::MAX - self.request.offset)
    }
}

/// Rows whose only value is their index.
pub(crate) fn numbers(first_index: i64, row_count: i64, first: bool) -> GenerateRowsResponse {
    let values = (first_index..first_index + row_count).collect();
    let values = Some(Wire::Int64s(Int64Values { values }));
    let columns = vec![ColumnValues {
        values,
        validity: Vec::new(),
    }];
    let id = Column {
        name: "id".to_owned(),
        r#type: ColumnType::Int64.into(),
        ..Column::default()
    };
    let info = RowStreamInfo {
        model: MODEL.to_owned(),
        seed: SEED,
        schema: Some(TableSchema {
            columns: vec![id],
            ..TableSchema::default()
        }),
        ..RowStreamInfo::default()
    };
    let rows = Some(Rows::Columns(ColumnBatch { columns }));
    GenerateRowsResponse {
        info: first.then_some(info),
        first_index,
        row_count,
        rows,
        part: None,
    }
}

/// How the server ends a call at the level of HTTP/2, without a gRPC status.
#[derive(Clone, Copy)]
pub(crate) enum Rude {
    /// An `RST_STREAM` frame with this reason.
    Reset(h2::Reason),
    /// The end of the stream, without a status.
    NoTrailers,
}

pub(crate) struct Fake {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    script: Box<Script>,
    /// How the next calls end, before they reach the script.
    rude: Mutex<Vec<Rude>>,
    calls: Mutex<Vec<(MetadataMap, GenerateRowsRequest)>>,
    models: models::Models,
    kill: Notify,
}

impl Fake {
    pub(crate) async fn start<F>(script: impl Fn(Call) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::start_with(None, script).await
    }

    /// A server that speaks TLS.
    pub(crate) async fn start_tls(acceptor: TlsAcceptor) -> Self {
        Self::start_with(Some(acceptor), whole).await
    }

    async fn start_with<F>(tls: Option<TlsAcceptor>, script: impl Fn(Call) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            script: Box::new(move |call| Box::pin(script(call))),
            rude: Mutex::default(),
            calls: Mutex::default(),
            models: models::Models::default(),
            kill: Notify::new(),
        });
        tokio::spawn(accept(listener, tls, state.clone()));
        Self { address, state }
    }

    /// Cuts all connections.
    pub(crate) fn kill(&self) {
        self.state.kill.notify_waiters();
    }

    /// Ends the next call abruptly.
    pub(crate) fn be_rude(&self, how: Rude) {
        self.state.rude.lock().unwrap().push(how);
    }

    pub(crate) fn target(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn builder(&self) -> ClientBuilder {
        let start_attempts = RetryPolicy::default().start_attempts;
        // Tests must not wait between attempts.
        let policy = RetryPolicy {
            start_attempts,
            max_backoff: Default::default(),
            initial_backoff: Default::default(),
            ..RetryPolicy::default()
        };
        Client::builder(self.target()).retry(policy)
    }

    pub(crate) fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    /// The requests, call by call.
    pub(crate) fn requests(&self) -> Vec<GenerateRowsRequest> {
        self.state
            .calls
            .lock()
            .unwrap()
            .iter()
            .map(|(_, request)| request.clone())
            .collect()
    }

    /// A header of each call.
    pub(crate) fn headers(&self, name: &str) -> Vec<Option<String>> {
        let calls = self.state.calls.lock().unwrap();
        let header = |headers: &MetadataMap| Some(headers.get(name)?.to_str().unwrap().to_owned());
        calls.iter().map(|(headers, _)| header(headers)).collect()
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        let (tls, state) = (tls.clone(), state.clone());
        tokio::spawn(async move {
            match tls {
                None => serve(socket, state).await,
                Some(tls) => {
                    if let Ok(secure) = tls.accept(socket).await {
                        serve(secure, state).await;
                    }
                }
            }
        });
    }
}

async fn serve(io: impl AsyncRead + AsyncWrite + Unpin, state: Arc<State>) {
    let service = service_fn({
        let state = state.clone();
        move |request| answer(state.clone(), request)
    });
    let connection = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(io), service);
    tokio::select! {
        _ = connection => {}
        () = state.kill.notified() => {}
    }
}

async fn answer(
    state: Arc<State>,
    request: hyper::Request<hyper::body::Incoming>,
) -> Result<hyper::Response<Body>, std::convert::Infallible> {
    let rude = state.rude.lock().unwrap().pop();
    if let Some(rude) = rude {
        let body = match rude {
            Rude::Reset(reason) => Body::new(Resets(reason)),
            Rude::NoTrailers => Body::empty(),
        };
        return Ok(hyper::Response::builder()
            .header("content-type", "application/grpc")
            .body(body)
            .unwrap());
    }
    if request.uri().path().starts_with("/synthserve.v1.ModelService/") {
        return ModelServiceServer::new(state.models.clone()).call(request).await;
    }
    GenerationServiceServer::new(Generation(state)).call(request).await
}

/// A body that ends in `RST_STREAM`.
struct Resets(h2::Reason);

impl hyper::body::Body for Resets {
    type Data = bytes::Bytes;
    type Error = h2::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        Poll::Ready(Some(Err(self.0.into())))
    }
}

struct Generation(Arc<State>);

#[tonic::async_trait]
impl GenerationService for Generation {
    type GenerateRowsStream = ReceiverStream<Answer>;
    type GenerateImagesStream = ReceiverStream<Result<GenerateImagesResponse, Status>>;

    async fn generate_rows(
        &self,
        request: Request<GenerateRowsRequest>,
    ) -> Result<Response<Self::GenerateRowsStream>, Status> {
        let (headers, _, request) = request.into_parts();
        let (answers, receiver) = mpsc::channel(1);
        let number = {
            let mut calls = self.0.calls.lock().unwrap();
            calls.push((headers, request.clone()));
            calls.len() - 1
        };
        let call = Call {
            number,
            request,
            answers,
        };
        tokio::spawn((self.0.script)(call));
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    /// Messages of two images each, which are their indices.
    async fn generate_images(
        &self,
        request: Request<GenerateImagesRequest>,
    ) -> Result<Response<Self::GenerateImagesStream>, Status> {
        let request = request.into_inner();
        let (offset, count) = (request.offset, request.count.unwrap());
        let (sender, receiver) = mpsc::channel(count as usize);
        for first_index in (offset..offset + count).step_by(2) {
            let schema = Some(ImageSchema {
                height: 1,
                width: 1,
                channels: 1,
            });
            let info = ImageStreamInfo {
                model: MODEL.to_owned(),
                seed: request.seed.unwrap_or(SEED),
                schema,
                ..Default::default()
            };
            let images = [first_index, first_index + 1]
                .map(|index| bytes::Bytes::from(vec![index as u8]))
                .to_vec();
            let info = (first_index == offset).then_some(info);
            sender
                .send(Ok(GenerateImagesResponse {
                    info,
                    first_index,
                    images,
                }))
                .await
                .unwrap();
        }
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}

/// The indices that a stream gives, and the error that ends it.
pub(crate) async fn drain(mut batches: RowBatches) -> (Vec<i64>, Option<Error>) {
    let mut got = Vec::new();
    while let Some(batch) = batches.next().await {
        match batch {
            Ok(batch) => match batch.column("id").unwrap().values() {
                crate::Values::Int64s(values) => {
                    assert_eq!(values.first(), Some(&batch.first_index()));
                    got.extend(values);
                }
                other => panic!("{other:?}"),
            },
            Err(error) => {
                assert!(batches.next().await.is_none(), "a stream goes on after its error");
                return (got, Some(error));
            }
        }
    }
    assert!(batches.next().await.is_none(), "a stream goes on after its end");
    (got, None)
}

/// A script that sends the requested rows.
pub(crate) async fn whole(call: Call) {
    call.send_until(4, call.end()).await;
}

/// An error with details, as the server raises it.
pub(crate) fn with_reason(code: Code, reason: &str, mut details: ErrorDetails) -> Status {
    details.set_error_info(reason, "synthserve", [("role".to_owned(), "admin".to_owned())]);
    Status::with_error_details(code, "not now", details)
}
