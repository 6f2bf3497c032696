//! The properties of a stream.

/// The properties of a whole stream.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StreamInfo<Schema> {
    /// The model version that generates, as `models/{model}/versions/{version}`.
    pub model: String,
    /// The seed in use, from 0 to 2^63 - 1: the one of the request, or the one that the server drew.
    pub seed: i64,
    /// The schema of the samples.
    pub schema: Schema,
}
