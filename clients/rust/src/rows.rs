//! Rows: the request, and the streams of results.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;

use crate::batch::{Row, RowBatch};
use crate::caller::Caller;
use crate::names::resource_name;
use crate::options::stream_options;
use crate::samples::{self, Samples};
use crate::v1::generate_rows_response::Rows as Payload;
use crate::v1::{GenerateRowsRequest, GenerateRowsResponse, RowFormat, TableSchema};
use crate::{Condition, Error, StreamInfo};

/// Asks for rows; made by [`Client::rows`](crate::Client::rows).
///
/// Nothing is sent before the stream that it makes is polled. If the request is refused, the first item is the error.
#[must_use = "nothing is asked for until a stream is made of it and polled"]
#[derive(Debug)]
pub struct RowsRequest {
    caller: Arc<Caller>,
    request: GenerateRowsRequest,
    refused: Option<Error>,
    timeout: Option<Duration>,
}

impl RowsRequest {
    stream_options!(GenerateRowsRequest);

    /// A hint: how many rows to put into one message, at least 1. It never changes the rows. Default, and 0: the server
    /// chooses.
    pub fn rows_per_message(mut self, rows: i32) -> Self {
        self.request.rows_per_message = rows;
        self
    }

    /// The rows as typed columns.
    pub fn batches(self) -> RowBatches {
        RowBatches(self.samples(RowFormat::Columns))
    }

    /// The rows one by one.
    pub fn rows(self) -> Rows {
        Rows {
            batches: self.batches(),
            rest: None,
        }
    }

    /// The rows as CSV (RFC 4180, LF line ends, UTF-8), with a header line.
    pub fn csv(self) -> RowChunks {
        RowChunks(self.samples(RowFormat::Csv))
    }

    /// The rows as one JSON object per line, UTF-8.
    pub fn json_lines(self) -> RowChunks {
        RowChunks(self.samples(RowFormat::JsonLines))
    }

    /// The rows in the Arrow IPC streaming format, categories as dictionaries.
    pub fn arrow(self) -> RowChunks {
        RowChunks(self.samples(RowFormat::Arrow))
    }

    fn samples(mut self, format: RowFormat) -> Samples<GenerateRowsRequest> {
        self.request.format = format.into();
        Samples::new(self.caller, self.request, self.refused, self.timeout)
    }
}

/// A stream of rows as typed columns. Dropping it cancels the call.
#[must_use = "streams do nothing unless polled"]
#[derive(Debug)]
pub struct RowBatches(Samples<GenerateRowsRequest>);

impl RowBatches {
    /// What holds for the whole stream, from its first item on.
    pub fn info(&self) -> Option<&StreamInfo<TableSchema>> {
        self.0.info().map(Arc::as_ref)
    }

    /// The next batch; none at the end and after an error.
    pub async fn next(&mut self) -> Option<Result<RowBatch, Error>> {
        samples::next(self).await
    }

    fn read(&self, response: GenerateRowsResponse) -> Result<RowBatch, Error> {
        let info = self
            .0
            .info()
            .ok_or_else(|| Error::protocol("got rows before the schema"))?;
        RowBatch::new(response, info.clone())
    }
}

impl Stream for RowBatches {
    type Item = Result<RowBatch, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match ready!(Pin::new(&mut self.0).poll_next(cx)) {
                // The answer to a request for 0 rows, or the last part of a schema.
                Some(Ok(response)) if response.row_count == 0 => {}
                Some(Ok(response)) => {
                    let batch = self.read(response);
                    if batch.is_err() {
                        self.0.end();
                    }
                    return Poll::Ready(Some(batch));
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

/// A stream of single rows. Dropping it cancels the call.
#[must_use = "streams do nothing unless polled"]
#[derive(Debug)]
pub struct Rows {
    batches: RowBatches,
    rest: Option<(RowBatch, usize)>,
}

impl Rows {
    /// What holds for the whole stream, from its first item on.
    pub fn info(&self) -> Option<&StreamInfo<TableSchema>> {
        self.batches.info()
    }

    /// The next row; none at the end and after an error.
    pub async fn next(&mut self) -> Option<Result<Row, Error>> {
        samples::next(self).await
    }
}

impl Stream for Rows {
    type Item = Result<Row, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some((batch, position)) = &mut self.rest
                && let Some(row) = batch.row(*position)
            {
                *position += 1;
                return Poll::Ready(Some(Ok(row)));
            }
            match ready!(Pin::new(&mut self.batches).poll_next(cx)) {
                Some(Ok(batch)) => self.rest = Some((batch, 0)),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

/// Some encoded rows.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RowChunk {
    /// The index of the first row.
    pub first_index: i64,
    /// The number of rows. 0 only in a first chunk that has just the beginning of the file, such as a header line.
    pub row_count: i64,
    /// The rows. In the first chunk of a stream they follow the beginning of the file.
    pub data: Bytes,
}

/// A stream of encoded rows: all chunks, written one after the other, are a valid file. Dropping it cancels the call.
#[must_use = "streams do nothing unless polled"]
#[derive(Debug)]
pub struct RowChunks(Samples<GenerateRowsRequest>);

impl RowChunks {
    /// What holds for the whole stream, from its first item on.
    pub fn info(&self) -> Option<&StreamInfo<TableSchema>> {
        self.0.info().map(Arc::as_ref)
    }

    /// The next chunk; none at the end and after an error.
    pub async fn next(&mut self) -> Option<Result<RowChunk, Error>> {
        samples::next(self).await
    }
}

impl Stream for RowChunks {
    type Item = Result<RowChunk, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = ready!(Pin::new(&mut self.0).poll_next(cx)).map(|response| response.and_then(chunk));
        if let Some(Err(_)) = chunk {
            self.0.end();
        }
        Poll::Ready(chunk)
    }
}

fn chunk(response: GenerateRowsResponse) -> Result<RowChunk, Error> {
    let GenerateRowsResponse {
        info,
        first_index,
        row_count,
        rows,
        part: _,
    } = response;
    let data = match rows {
        Some(Payload::Data(data)) => data,
        None if row_count == 0 => Bytes::new(),
        _ => return Err(Error::protocol("asked for encoded rows, got something else")),
    };
    let data = match info {
        Some(info) if !info.preamble.is_empty() => [info.preamble, data].concat().into(),
        _ => data,
    };
    Ok(RowChunk {
        first_index,
        row_count,
        data,
    })
}

#[cfg(test)]
mod tests;
