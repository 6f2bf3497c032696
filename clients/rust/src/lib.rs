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
//! `next`, so no extension trait is needed. They are lazy: nothing is sent before they are polled. A reader that pauses
//! holds the server back, so memory stays bounded for any number of samples. Dropping a stream cancels its call.
//!
//! # Broken connections
//!
//! Sample `i` depends only on model version, seed, `i` and conditions. So when a connection breaks or a server
//! restarts, a stream resumes at the next index: nothing is lost, nothing is repeated. [`RetryPolicy`] sets the number
//! of attempts. A call over a limit of the server is retried too, if the server says when to try again. A `timeout`
//! bounds a stream with all its retries. An event of [`tracing`] at level INFO reports that a stream broke and resumes.

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

/// Compiles the code blocks of the README.
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
