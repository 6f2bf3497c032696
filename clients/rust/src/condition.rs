//! Conditions, which all samples of a stream satisfy.

use std::ops::{RangeFrom, RangeInclusive, RangeToInclusive};

use crate::Error;
use crate::v1::condition::Test;
use crate::v1::{self, ValueRange, ValueSet};

mod value;

pub use value::ConditionValue;

/// A test that a column passes in all samples of a stream; for
/// [`RowsRequest::condition`](crate::RowsRequest::condition) and
/// [`ImagesRequest::condition`](crate::ImagesRequest::condition).
///
/// `Model.conditions` lists the conditions that a model accepts.
///
/// | | |
/// |---|---|
/// | `"AT"`, `30`, `true`, a [`Date`](crate::Date) … | it has this value |
/// | `["AT", "DE"]`, a `Vec` or slice | it has one of these values |
/// | `[Some("AT"), None]` | it has this value, or is missing |
/// | `30..=40`, `30..`, `..=40` | it lies in this range, which includes its ends |
/// | [`Condition::missing()`], `None` | it is missing |
/// | [`Condition::present()`] | it is not missing |
///
/// An end of a range that is `None` is open, so `low..=high` also accepts two `Option`s.
///
/// ```
/// # fn example(client: synthserve::Client) {
/// use synthserve::{Condition, Date};
///
/// let begin = Date::new(2024, 2, 29).expect("2024 is a leap year");
/// let rows = client
///     .rows("customers")
///     .condition("country", ["AT", "DE"])
///     .condition("age", 30..=40)
///     .condition("since", begin..)
///     .condition("email", Condition::present())
///     .rows();
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Condition(Result<Test, String>);

impl Condition {
    /// The value is missing.
    pub const fn missing() -> Self {
        Self(Ok(Test::Missing(true)))
    }

    /// The value is not missing.
    pub const fn present() -> Self {
        Self(Ok(Test::Missing(false)))
    }

    /// The message for a condition on a column. Fails if a value cannot be written as a CSV cell.
    pub(crate) fn on(self, column: String) -> Result<v1::Condition, Error> {
        match self.0 {
            Ok(test) => Ok(v1::Condition {
                column,
                test: Some(test),
            }),
            Err(problem) => Err(Error::invalid(&format!("conditions[{column}]"), &problem)),
        }
    }

    fn any_of<T: ConditionValue>(values: impl IntoIterator<Item = T>) -> Self {
        let cells: Result<Vec<_>, _> = values.into_iter().map(|value| value.cell()).collect();
        Self(cells.map(|cells| {
            let missing = cells.contains(&None);
            let values = cells.into_iter().flatten().collect();
            Test::AnyOf(ValueSet { values, missing })
        }))
    }

    fn between(low: Result<Option<String>, String>, high: Result<Option<String>, String>) -> Self {
        let range = low.and_then(|low| Ok(ValueRange { low, high: high? }));
        Self(range.map(Test::Between))
    }
}

impl<T: ConditionValue> From<T> for Condition {
    fn from(value: T) -> Self {
        Self(value.cell().map(|cell| cell.map_or(Test::Missing(true), Test::Equals)))
    }
}

impl<T: ConditionValue> From<Vec<T>> for Condition {
    fn from(values: Vec<T>) -> Self {
        Self::any_of(values)
    }
}

impl<T: ConditionValue> From<&[T]> for Condition {
    fn from(values: &[T]) -> Self {
        Self::any_of(values)
    }
}

impl<T: ConditionValue, const N: usize> From<[T; N]> for Condition {
    fn from(values: [T; N]) -> Self {
        Self::any_of(values)
    }
}

impl<T: ConditionValue> From<RangeInclusive<T>> for Condition {
    fn from(range: RangeInclusive<T>) -> Self {
        Self::between(range.start().cell(), range.end().cell())
    }
}

impl<T: ConditionValue> From<RangeFrom<T>> for Condition {
    fn from(range: RangeFrom<T>) -> Self {
        Self::between(range.start.cell(), Ok(None))
    }
}

impl<T: ConditionValue> From<RangeToInclusive<T>> for Condition {
    fn from(range: RangeToInclusive<T>) -> Self {
        Self::between(Ok(None), range.end.cell())
    }
}

#[cfg(test)]
mod tests;
