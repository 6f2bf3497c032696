//! Traits that the messages for rows and those for images share.

use std::future::Future;
use std::pin::Pin;

use tonic::{Status, Streaming};

use crate::connection::Service;
use crate::parts;
use crate::v1::generation_service_client::GenerationServiceClient;
use crate::v1::{
    GenerateImagesRequest, GenerateImagesResponse, GenerateRowsRequest, GenerateRowsResponse, ImageSchema,
    ImageStreamInfo, RowStreamInfo, SchemaPart, TableSchema,
};
use crate::{Error, StreamInfo};

/// The connection that stubs make calls through.
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
    type Info: Info;

    /// The description of the stream, in the first response of a call.
    fn info(&mut self) -> &mut Option<Self::Info>;

    /// A further part of the description, in one of the responses that follow.
    fn take_part(&mut self) -> Option<SchemaPart>;

    fn first_index(&self) -> i64;

    /// The number of samples.
    fn size(&self) -> i64;
}

/// The description of a stream.
pub(crate) trait Info: Unpin + Send + 'static {
    type Schema: PartialEq;

    /// How many parts follow.
    fn part_count(&self) -> i32;
    fn append(&mut self, part: SchemaPart) -> Result<(), Error>;

    /// The properties of the stream. The schema is moved there, unless it is incomplete.
    fn take(&mut self) -> Result<StreamInfo<Self::Schema>, Error>;
}

fn whole<Schema>(model: String, seed: i64, schema: Option<Schema>) -> Result<StreamInfo<Schema>, Error> {
    let schema = schema.ok_or_else(|| Error::protocol("the first response has no schema"))?;
    Ok(StreamInfo { model, seed, schema })
}

macro_rules! request {
    ($request:ty, $method:ident, $response:ty) => {
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
    };
}

request!(GenerateRowsRequest, generate_rows, GenerateRowsResponse);
request!(GenerateImagesRequest, generate_images, GenerateImagesResponse);

impl Response for GenerateRowsResponse {
    type Info = RowStreamInfo;

    fn info(&mut self) -> &mut Option<RowStreamInfo> {
        &mut self.info
    }

    fn take_part(&mut self) -> Option<SchemaPart> {
        self.part.take()
    }

    fn first_index(&self) -> i64 {
        self.first_index
    }

    fn size(&self) -> i64 {
        self.row_count
    }
}

impl Info for RowStreamInfo {
    type Schema = TableSchema;

    fn part_count(&self) -> i32 {
        self.part_count
    }

    fn append(&mut self, part: SchemaPart) -> Result<(), Error> {
        let columns = self.schema.as_mut().map_or(&mut [][..], |schema| &mut schema.columns);
        parts::append(columns, part.columns)?;
        // A buffer that is not shared is not copied.
        let mut preamble = Vec::from(std::mem::take(&mut self.preamble));
        preamble.extend_from_slice(&part.preamble);
        self.preamble = preamble.into();
        Ok(())
    }

    fn take(&mut self) -> Result<StreamInfo<TableSchema>, Error> {
        let info = whole(self.model.clone(), self.seed, self.schema.take())?;
        parts::check_complete(&info.schema.columns)?;
        Ok(info)
    }
}

impl Response for GenerateImagesResponse {
    type Info = ImageStreamInfo;

    fn info(&mut self) -> &mut Option<ImageStreamInfo> {
        &mut self.info
    }

    fn take_part(&mut self) -> Option<SchemaPart> {
        None
    }

    fn first_index(&self) -> i64 {
        self.first_index
    }

    fn size(&self) -> i64 {
        // A message holds fewer images than 2^63.
        self.images.len() as i64
    }
}

impl Info for ImageStreamInfo {
    type Schema = ImageSchema;

    fn part_count(&self) -> i32 {
        0
    }

    fn append(&mut self, _: SchemaPart) -> Result<(), Error> {
        Err(Error::protocol("images have no schema in parts"))
    }

    fn take(&mut self) -> Result<StreamInfo<ImageSchema>, Error> {
        whole(self.model.clone(), self.seed, self.schema.take())
    }
}
