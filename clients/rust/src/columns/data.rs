//! The values of a column as they are kept, and how they are read from a response.

use super::Values;
use crate::strings::StringData;
use crate::v1::column_values::Values as Wire;
use crate::v1::{Column, ColumnType, ColumnValues};
use crate::validity::Validity;
use crate::{Date, LocalTimestamp, Timestamp};

/// The checked values of a column of one response.
#[derive(Debug)]
pub(crate) struct ColumnData {
    values: Data,
    validity: Validity,
}

#[derive(Debug)]
enum Data {
    Doubles(Vec<f64>),
    Int64s(Vec<i64>),
    Categories(Vec<i32>),
    Bools(Vec<bool>),
    Strings(StringData),
    Dates(Vec<Date>),
    Timestamps(Vec<Timestamp>),
    LocalTimestamps(Vec<LocalTimestamp>),
}

impl ColumnData {
    /// Reads the values of a column, unless they do not fit its type or the number of rows.
    pub(crate) fn read(message: ColumnValues, column: &Column, rows: usize) -> Result<Self, String> {
        let validity = Validity::read(message.validity, rows)?;
        let wire = message.values.ok_or("it has no values")?;
        let values = match (column.r#type(), wire) {
            (ColumnType::Double, Wire::Doubles(it)) => Data::Doubles(one_per_row(it.values, rows)?),
            (ColumnType::Int64, Wire::Int64s(it)) => Data::Int64s(one_per_row(it.values, rows)?),
            (ColumnType::Category, Wire::Categories(it)) => {
                let codes = one_per_row(it.codes, rows)?;
                check_codes(&codes, column.categories.len(), &validity)?;
                Data::Categories(codes)
            }
            (ColumnType::Bool, Wire::Bools(it)) => Data::Bools(one_per_row(it.values, rows)?),
            (ColumnType::String, Wire::Strings(it)) => Data::Strings(StringData::read(it, rows)?),
            (ColumnType::Date, Wire::Dates(it)) => {
                Data::Dates(calendar(one_per_row(it.days, rows)?, &validity, Date::from_days)?)
            }
            (ColumnType::Timestamp, Wire::Timestamps(it)) => {
                let values = one_per_row(it.microseconds, rows)?;
                if column.utc {
                    Data::Timestamps(calendar(values, &validity, Timestamp::from_microseconds)?)
                } else {
                    Data::LocalTimestamps(calendar(values, &validity, LocalTimestamp::from_microseconds)?)
                }
            }
            (ColumnType::Unspecified, _) => {
                return Err(format!("this client does not know its type, {}", column.r#type));
            }
            (expected, _) => return Err(format!("expected {}, got other values", expected.as_str_name())),
        };
        Ok(Self { values, validity })
    }

    pub(crate) fn values(&self) -> Values<'_> {
        match &self.values {
            Data::Doubles(values) => Values::Doubles(values),
            Data::Int64s(values) => Values::Int64s(values),
            Data::Categories(codes) => Values::Categories(codes),
            Data::Bools(values) => Values::Bools(values),
            Data::Strings(values) => Values::Strings(values.view()),
            Data::Dates(values) => Values::Dates(values),
            Data::Timestamps(values) => Values::Timestamps(values),
            Data::LocalTimestamps(values) => Values::LocalTimestamps(values),
        }
    }

    pub(crate) fn validity(&self) -> &Validity {
        &self.validity
    }
}

fn one_per_row<T>(values: Vec<T>, rows: usize) -> Result<Vec<T>, String> {
    if values.len() != rows {
        return Err(format!("{} values for {rows} rows", values.len()));
    }
    Ok(values)
}

fn check_codes(codes: &[i32], categories: usize, validity: &Validity) -> Result<(), String> {
    let is_code = |code: i32| usize::try_from(code).is_ok_and(|code| code < categories);
    for (position, &code) in codes.iter().enumerate() {
        if validity.is_valid(position) && !is_code(code) {
            return Err(format!("the code {code} is outside its {categories} categories"));
        }
    }
    Ok(())
}

/// Dates or timestamps. The placeholder of a missing value may be outside their range.
fn calendar<W: Copy, T: Default>(
    sent: Vec<W>,
    validity: &Validity,
    read: impl Fn(W) -> Option<T>,
) -> Result<Vec<T>, String> {
    let values = sent.into_iter().enumerate().map(|(position, sent)| match read(sent) {
        Some(value) => Ok(value),
        None if !validity.is_valid(position) => Ok(T::default()),
        None => Err("a value is outside the years 1 to 9999".to_owned()),
    });
    values.collect()
}
