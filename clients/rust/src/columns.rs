//! Typed columns, and the same values row by row.

use std::fmt;
use std::sync::Arc;

use crate::v1::column_values::Values as Wire;
use crate::v1::generate_rows_response::Rows as Payload;
use crate::v1::{self, ColumnType, ColumnValues, GenerateRowsResponse, TableSchema};
use crate::{Error, StreamInfo};

/// Consecutive rows as typed columns; at least one row. Clones share the values.
#[derive(Clone, Debug)]
pub struct RowBatch(Arc<Batch>);

#[derive(Debug)]
struct Batch {
    info: Arc<StreamInfo<TableSchema>>,
    first_index: i64,
    len: usize,
    columns: Vec<(Wire, Vec<bool>)>,
}

impl RowBatch {
    /// Reads a response, unless its columns do not fit the schema or the number of rows.
    pub(crate) fn new(response: GenerateRowsResponse, info: Arc<StreamInfo<TableSchema>>) -> Result<Self, Error> {
        let len = usize::try_from(response.row_count).map_err(Error::protocol)?;
        let Some(Payload::Columns(batch)) = response.rows else {
            return Err(Error::protocol("asked for columns, got something else"));
        };
        let schema = &info.schema.columns;
        if batch.columns.len() != schema.len() {
            let (got, expected) = (batch.columns.len(), schema.len());
            return Err(Error::protocol(format_args!("expected {expected} columns, got {got}")));
        }
        let columns = batch.columns.into_iter().zip(schema).map(|(values, column)| {
            checked(values, column, len)
                .map_err(|problem| Error::protocol(format_args!("column {:?}: {problem}", column.name)))
        });
        let columns = columns.collect::<Result<_, _>>()?;
        Ok(Self(Arc::new(Batch {
            info,
            first_index: response.first_index,
            len,
            columns,
        })))
    }

    /// The index of the first row.
    pub fn first_index(&self) -> i64 {
        self.0.first_index
    }

    /// The number of rows.
    #[expect(clippy::len_without_is_empty, reason = "no batch is empty")]
    pub fn len(&self) -> usize {
        self.0.len
    }

    /// What the columns mean.
    pub fn schema(&self) -> &TableSchema {
        &self.0.info.schema
    }

    /// The columns, in the order of the schema.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = Column<'_>> {
        let columns = self.0.columns.iter().zip(&self.schema().columns);
        columns.map(|((values, validity), schema)| Column {
            schema,
            values: Values::new(values),
            validity,
        })
    }

    /// The column with this name.
    pub fn column(&self, name: &str) -> Option<Column<'_>> {
        self.columns().find(|column| column.schema.name == name)
    }

    /// The rows, one after the other.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row> + use<> {
        let batch = self.clone();
        (0..self.len()).map(move |position| Row {
            batch: batch.clone(),
            position,
        })
    }

    /// The row at `position`, counted within the batch.
    pub(crate) fn row(&self, position: usize) -> Option<Row> {
        (position < self.len()).then(|| Row {
            batch: self.clone(),
            position,
        })
    }
}

/// The values of one column of a [`RowBatch`].
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    schema: &'a v1::Column,
    values: Values<'a>,
    validity: &'a [bool],
}

impl<'a> Column<'a> {
    /// What the column means: name, type, categories, unit.
    pub fn schema(&self) -> &'a v1::Column {
        self.schema
    }

    /// The values, one per row; what stands where one is missing means nothing.
    pub fn values(&self) -> Values<'a> {
        self.values
    }

    /// One per row, false where the value is missing. Empty: none is missing.
    pub fn validity(&self) -> &'a [bool] {
        self.validity
    }

    /// The value at `position`, counted within the batch.
    ///
    /// # Panics
    ///
    /// When `position` is not less than the number of rows.
    pub fn value(&self, position: usize) -> Value<'a> {
        if !self.validity.is_empty() && !self.validity[position] {
            return Value::Missing;
        }
        match self.values {
            Values::Doubles(values) => Value::Double(values[position]),
            Values::Int64s(values) => Value::Int64(values[position]),
            // Codes were looked at when the batch came.
            Values::Categories(codes) => Value::Category(&self.schema.categories[codes[position] as usize]),
            Values::Bools(values) => Value::Bool(values[position]),
        }
    }
}

/// The values of a [`Column`], by its type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Values<'a> {
    /// DOUBLE.
    Doubles(&'a [f64]),
    /// INT64.
    Int64s(&'a [i64]),
    /// CATEGORY: indices into the column's `categories`.
    Categories(&'a [i32]),
    /// BOOL.
    Bools(&'a [bool]),
}

impl<'a> Values<'a> {
    fn new(wire: &'a Wire) -> Self {
        match wire {
            Wire::Doubles(it) => Self::Doubles(&it.values),
            Wire::Int64s(it) => Self::Int64s(&it.values),
            Wire::Categories(it) => Self::Categories(&it.codes),
            Wire::Bools(it) => Self::Bools(&it.values),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Doubles(values) => values.len(),
            Self::Int64s(values) => values.len(),
            Self::Categories(codes) => codes.len(),
            Self::Bools(values) => values.len(),
        }
    }
}

/// One value of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// There is none.
    Missing,
    /// Of a DOUBLE column.
    Double(f64),
    /// Of an INT64 column.
    Int64(i64),
    /// Of a CATEGORY column.
    Category(&'a str),
    /// Of a BOOL column.
    Bool(bool),
}

impl fmt::Display for Value<'_> {
    /// Writes the bare value, and nothing for a missing one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => Ok(()),
            Self::Double(value) => value.fmt(f),
            Self::Int64(value) => value.fmt(f),
            Self::Category(value) => value.fmt(f),
            Self::Bool(value) => value.fmt(f),
        }
    }
}

/// One row. It shares the values of its batch.
#[derive(Clone, Debug)]
pub struct Row {
    batch: RowBatch,
    position: usize,
}

impl Row {
    /// The index of the row.
    pub fn index(&self) -> i64 {
        self.batch.first_index() + self.position as i64
    }

    /// The value in the column with this name; none when there is no such column.
    pub fn get(&self, name: &str) -> Option<Value<'_>> {
        self.batch.column(name).map(|column| column.value(self.position))
    }

    /// The values with the names of their columns, in the order of the schema.
    pub fn values(&self) -> impl ExactSizeIterator<Item = (&str, Value<'_>)> {
        self.batch
            .columns()
            .map(|column| (column.schema.name.as_str(), column.value(self.position)))
    }
}

/// The values of a column and their validity, unless they do not fit.
fn checked(message: ColumnValues, column: &v1::Column, len: usize) -> Result<(Wire, Vec<bool>), String> {
    let wire = message.values.ok_or("it has no values")?;
    let validity = message.validity;
    let values = Values::new(&wire);
    let fits = matches!(
        (column.r#type(), values),
        (ColumnType::Double, Values::Doubles(_))
            | (ColumnType::Int64, Values::Int64s(_))
            | (ColumnType::Category, Values::Categories(_))
            | (ColumnType::Bool, Values::Bools(_))
    );
    if !fits {
        return Err(format!("expected {}, got other values", column.r#type().as_str_name()));
    }
    if values.len() != len {
        return Err(format!("{} values for {len} rows", values.len()));
    }
    if !validity.is_empty() && validity.len() != len {
        return Err(format!("{} validity marks for {len} rows", validity.len()));
    }
    if let Values::Categories(codes) = values {
        let known = 0..column.categories.len();
        let is_code = |code: i32| usize::try_from(code).is_ok_and(|code| known.contains(&code));
        let mut marks = validity.iter().copied().chain(std::iter::repeat(validity.is_empty()));
        if codes.iter().any(|code| marks.next() == Some(true) && !is_code(*code)) {
            return Err(format!("a code is outside its {} categories", known.len()));
        }
    }
    Ok((wire, validity))
}

#[cfg(test)]
mod tests;
