//! Images: the request, and the stream of results.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;

use crate::caller::Caller;
use crate::names::resource_name;
use crate::options::stream_options;
use crate::samples::{self, Samples};
use crate::v1::{GenerateImagesRequest, ImageFormat, ImageSchema};
use crate::{Condition, Error, StreamInfo};

/// Asks for images; made by [`Client::images`](crate::Client::images).
///
/// Nothing is sent before the stream that it makes is polled. If the request is refused, the first item is the error.
#[must_use = "nothing is asked for until a stream is made of it and polled"]
#[derive(Debug)]
pub struct ImagesRequest {
    caller: Arc<Caller>,
    request: GenerateImagesRequest,
    refused: Option<Error>,
    timeout: Option<Duration>,
}

impl ImagesRequest {
    stream_options!(GenerateImagesRequest);

    /// A hint: how many images to put into one message, at least 1. It never changes the images. Default, and 0: the
    /// server chooses.
    pub fn images_per_message(mut self, images: i32) -> Self {
        self.request.images_per_message = images;
        self
    }

    /// For [`jpeg`](Self::jpeg) only: from 1 to 100. Default: 95.
    pub fn jpeg_quality(mut self, quality: i32) -> Self {
        // On the wire, 0 means the default.
        if quality == 0 && self.refused.is_none() {
            self.refused = Some(Error::invalid("jpeg_quality", "must be from 1 to 100, not 0"));
        }
        self.request.jpeg_quality = quality;
        self
    }

    /// The images as PNG, lossless, 8 bits per channel.
    pub fn png(self) -> Images {
        self.images(ImageFormat::Png)
    }

    /// The images as JPEG (JFIF).
    pub fn jpeg(self) -> Images {
        self.images(ImageFormat::Jpeg)
    }

    /// The bare pixels: height * width * channels bytes, rows from the top, channels last.
    pub fn raw(self) -> Images {
        self.images(ImageFormat::Raw)
    }

    fn images(mut self, format: ImageFormat) -> Images {
        self.request.format = format.into();
        let responses = Samples::new(self.caller, self.request, self.refused, self.timeout);
        Images {
            responses,
            next_index: 0,
            rest: Vec::new().into_iter(),
        }
    }
}

/// One image.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Image {
    /// The index of the image.
    pub index: i64,
    /// The encoded image.
    pub data: Bytes,
}

/// A stream of images. Dropping it cancels the call.
#[must_use = "streams do nothing unless polled"]
#[derive(Debug)]
pub struct Images {
    responses: Samples<GenerateImagesRequest>,
    next_index: i64,
    rest: std::vec::IntoIter<Bytes>,
}

impl Images {
    /// The model version, seed and schema of the stream, from its first item on.
    pub fn info(&self) -> Option<&StreamInfo<ImageSchema>> {
        self.responses.info().map(Arc::as_ref)
    }

    /// The next image; none at the end and after an error.
    pub async fn next(&mut self) -> Option<Result<Image, Error>> {
        samples::next(self).await
    }
}

impl Stream for Images {
    type Item = Result<Image, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(data) = self.rest.next() {
                let index = self.next_index;
                self.next_index += 1;
                return Poll::Ready(Some(Ok(Image { index, data })));
            }
            match ready!(Pin::new(&mut self.responses).poll_next(cx)) {
                Some(Ok(response)) => {
                    self.next_index = response.first_index;
                    self.rest = response.images.into_iter();
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}
