//! Single values of rows.

use std::fmt;

use crate::{Date, LocalTimestamp, Timestamp};

/// One value of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// The value is missing.
    Missing,
    /// Of a DOUBLE column.
    Double(f64),
    /// Of an INT64 column.
    Int64(i64),
    /// Of a CATEGORY column.
    Category(&'a str),
    /// Of a BOOL column.
    Bool(bool),
    /// Of a STRING column.
    String(&'a str),
    /// Of a DATE column.
    Date(Date),
    /// Of a TIMESTAMP column of instants: `Column.utc` is true.
    Timestamp(Timestamp),
    /// Of a TIMESTAMP column without a time zone: `Column.utc` is false.
    LocalTimestamp(LocalTimestamp),
}

impl fmt::Display for Value<'_> {
    /// Writes the bare value, and nothing for a missing one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => Ok(()),
            Self::Double(value) => value.fmt(f),
            Self::Int64(value) => value.fmt(f),
            Self::Category(value) | Self::String(value) => value.fmt(f),
            Self::Bool(value) => value.fmt(f),
            Self::Date(value) => value.fmt(f),
            Self::Timestamp(value) => value.fmt(f),
            Self::LocalTimestamp(value) => value.fmt(f),
        }
    }
}
