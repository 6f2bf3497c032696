//! Typed columns.

use crate::v1;
use crate::{Date, LocalTimestamp, Strings, Timestamp, Value};

mod data;

pub(crate) use data::ColumnData;

/// The values of one column of a [`RowBatch`](crate::RowBatch).
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    schema: &'a v1::Column,
    data: &'a ColumnData,
}

impl<'a> Column<'a> {
    pub(crate) fn new(schema: &'a v1::Column, data: &'a ColumnData) -> Self {
        Self { schema, data }
    }

    /// The description of the column: name, type, categories, unit.
    pub fn schema(&self) -> &'a v1::Column {
        self.schema
    }

    /// The values, one per row. Ignore those that [`validity`](Self::validity) marks as missing.
    pub fn values(&self) -> Values<'a> {
        self.data.values()
    }

    /// One per row, false where the value is missing. Empty: none is missing.
    pub fn validity(&self) -> &'a [bool] {
        self.data.validity().marks()
    }

    /// The value at `position`, counted within the batch.
    ///
    /// # Panics
    ///
    /// When `position` is not less than the number of rows.
    pub fn value(&self, position: usize) -> Value<'a> {
        if !self.data.validity().is_valid(position) {
            return Value::Missing;
        }
        match self.values() {
            Values::Doubles(values) => Value::Double(values[position]),
            Values::Int64s(values) => Value::Int64(values[position]),
            // Codes were checked when the batch was read.
            Values::Categories(codes) => Value::Category(&self.schema.categories[codes[position] as usize]),
            Values::Bools(values) => Value::Bool(values[position]),
            Values::Strings(values) => Value::String(values.get(position).expect("the position is that of a row")),
            Values::Dates(values) => Value::Date(values[position]),
            Values::Timestamps(values) => Value::Timestamp(values[position]),
            Values::LocalTimestamps(values) => Value::LocalTimestamp(values[position]),
        }
    }
}

/// The values of a [`Column`], by its type.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Values<'a> {
    /// DOUBLE.
    Doubles(&'a [f64]),
    /// INT64.
    Int64s(&'a [i64]),
    /// CATEGORY: indices into the column's `categories`.
    Categories(&'a [i32]),
    /// BOOL.
    Bools(&'a [bool]),
    /// STRING.
    Strings(Strings<'a>),
    /// DATE.
    Dates(&'a [Date]),
    /// TIMESTAMP, instants: `Column.utc` is true.
    Timestamps(&'a [Timestamp]),
    /// TIMESTAMP without a time zone: `Column.utc` is false.
    LocalTimestamps(&'a [LocalTimestamp]),
}
