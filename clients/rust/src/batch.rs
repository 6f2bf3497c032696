//! Batches of rows, and the same rows one by one.

use std::sync::Arc;

use crate::columns::{Column, ColumnData};
use crate::v1::generate_rows_response::Rows as Payload;
use crate::v1::{GenerateRowsResponse, TableSchema};
use crate::{Error, StreamInfo, Value};

/// Consecutive rows as typed columns; at least one row. Clones share the values.
#[derive(Clone, Debug)]
pub struct RowBatch(Arc<Batch>);

#[derive(Debug)]
struct Batch {
    info: Arc<StreamInfo<TableSchema>>,
    first_index: i64,
    len: usize,
    columns: Vec<ColumnData>,
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
            ColumnData::read(values, column, len)
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
        columns.map(|(data, schema)| Column::new(schema, data))
    }

    /// The column with this name.
    pub fn column(&self, name: &str) -> Option<Column<'_>> {
        self.columns().find(|column| column.schema().name == name)
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
            .map(|column| (column.schema().name.as_str(), column.value(self.position)))
    }
}

#[cfg(test)]
mod tests;
