//! Rows and images from generative models, streamed over gRPC from a synthserve server: the same ones every time for
//! the same seed.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use synthserve::Client;
//!
//! let client = Client::new("localhost:50051")?;
//!
//! let mut rows = client.rows("iris-vae").count(1_000).seed(7).rows();
//! while let Some(row) = rows.next().await {
//!     let row = row?;
//!     println!("{}: {}", row.index(), row.get("species").expect("iris-vae has species"));
//! }
//!
//! let mut images = client.images("mnist-dcgan").count(16).seed(7).png();
//! while let Some(image) = images.next().await {
//!     let image = image?;
//!     std::fs::write(format!("{:04}.png", image.index), &image.data)?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Streams
//!
//! [`RowBatches`], [`Rows`], [`RowChunks`], [`Images`] and [`Models`] are [`futures_core::Stream`]s, with a method
//! `next` for those who need no more. They are lazy: nothing is sent before they are polled. A stream that is not read
//! holds the server back, so however many samples there are, they take a bounded amount of memory. Dropping a stream
//! cancels its call.
//!
//! # Broken connections
//!
//! Sample `i` depends only on model version, seed, `i` and conditions. So when a connection breaks or a server
//! restarts, a stream goes on at the next index by itself: nothing is lost, nothing comes twice. [`RetryPolicy`] tells
//! how often that is tried. Where a limit of the server is reached the same is done, if the server says when to come
//! back. A `timeout` bounds a stream with all that is tried again. An event of [`tracing`] at level INFO tells when a
//! stream broke and goes on.

#![forbid(unsafe_code)]

mod alarm;
mod batch;
mod caller;
mod calls;
mod client;
mod columns;
mod condition;
mod connection;
mod date;
mod error;
mod images;
mod messages;
mod model;
mod models;
mod names;
mod options;
mod parts;
mod peer;
mod pem;
mod preface;
mod reasons;
mod resume;
mod retry;
mod rows;
mod samples;
mod status;
mod stream_info;
mod strings;
mod target;
mod timestamp;
mod tls;
mod token;
mod validity;
mod value;

#[cfg(test)]
extern crate self as synthserve;
#[cfg(test)]
mod child;
#[cfg(test)]
mod fake;
#[cfg(all(test, target_os = "linux"))]
mod programs;
#[cfg(test)]
mod readme;

/// Compiles what the README shows, as it stands there.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use batch::{Row, RowBatch};
pub use client::{Client, ClientBuilder};
pub use columns::{Column, Values};
pub use condition::{Condition, ConditionValue};
pub use connection::Service;
pub use date::Date;
pub use error::Error;
pub use images::{Image, Images, ImagesRequest};
pub use model::ModelRequest;
pub use models::Models;
pub use retry::RetryPolicy;
pub use rows::{RowBatches, RowChunk, RowChunks, Rows, RowsRequest};
pub use stream_info::StreamInfo;
pub use strings::Strings;
pub use timestamp::{LocalTimestamp, Timestamp};
pub use tls::Tls;
pub use token::Authorization;
pub use tonic::Code;
pub use tonic_types::{FieldViolation, PreconditionViolation, QuotaViolation};
pub use value::Value;

/// The stubs that are generated from the protos, for what [`Client`] does not cover; see [`Client::service`].
pub mod v1 {
    tonic::include_proto!("synthserve.v1");
}
