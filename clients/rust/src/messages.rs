//! What the messages for rows and those for images have in common.

use std::future::Future;
use std::pin::Pin;

use tonic::{Status, Streaming};

use crate::client::Service;
use crate::v1::generation_service_client::GenerationServiceClient;
use crate::v1::{
    GenerateImagesRequest, GenerateImagesResponse, GenerateRowsRequest, GenerateRowsResponse, ImageSchema, TableSchema,
};
use crate::{Error, StreamInfo};

/// Where gRPC calls begin.
pub(crate) type Opening<R> = Pin<Box<dyn Future<Output = Result<Streaming<R>, Status>> + Send>>;

/// Asks for samples.
pub(crate) trait Request: Clone {
    type Response: Response;

    fn model(&self) -> &str;
    fn count(&self) -> Option<i64>;
    fn seed(&self) -> Option<i64>;
    fn offset(&self) -> i64;

    /// The same request for other samples.
    fn rest(&self, model: String, seed: i64, offset: i64, count: Option<i64>) -> Self;

    /// Makes the call.
    fn send(request: tonic::Request<Self>, stub: GenerationServiceClient<Service>) -> Opening<Self::Response>;
}

/// Some of the samples.
pub(crate) trait Response: Unpin + Send + 'static {
    type Schema: PartialEq;

    /// What the first response of a call says of the whole stream.
    fn info(&self) -> Option<Result<StreamInfo<Self::Schema>, Error>>;
    fn clear_info(&mut self);
    fn first_index(&self) -> i64;

    /// The number of samples.
    fn size(&self) -> i64;
}

macro_rules! messages {
    ($request:ty, $method:ident, $response:ty, $schema:ty, |$it:ident| $size:expr) => {
        impl Request for $request {
            type Response = $response;

            fn model(&self) -> &str {
                &self.model
            }

            fn count(&self) -> Option<i64> {
                self.count
            }

            fn seed(&self) -> Option<i64> {
                self.seed
            }

            fn offset(&self) -> i64 {
                self.offset
            }

            fn rest(&self, model: String, seed: i64, offset: i64, count: Option<i64>) -> Self {
                Self {
                    model,
                    seed: Some(seed),
                    offset,
                    count,
                    ..self.clone()
                }
            }

            fn send(
                request: tonic::Request<Self>,
                mut stub: GenerationServiceClient<Service>,
            ) -> Opening<Self::Response> {
                Box::pin(async move { stub.$method(request).await.map(tonic::Response::into_inner) })
            }
        }

        impl Response for $response {
            type Schema = $schema;

            fn info(&self) -> Option<Result<StreamInfo<$schema>, Error>> {
                let info = self.info.as_ref()?;
                let (model, seed) = (info.model.clone(), info.seed);
                let schema = info.schema.clone();
                let schema = schema.ok_or_else(|| Error::protocol("the first response has no schema"));
                Some(schema.map(|schema| StreamInfo { model, seed, schema }))
            }

            fn clear_info(&mut self) {
                self.info = None;
            }

            fn first_index(&self) -> i64 {
                self.first_index
            }

            fn size(&self) -> i64 {
                let $it = self;
                $size
            }
        }
    };
}

messages!(
    GenerateRowsRequest,
    generate_rows,
    GenerateRowsResponse,
    TableSchema,
    |it| it.row_count
);
messages!(
    GenerateImagesRequest,
    generate_images,
    GenerateImagesResponse,
    ImageSchema,
    |it| {
        // A message holds fewer images than 2^63.
        it.images.len() as i64
    }
);
