//! The values in conditions, as the text of a CSV cell.

use std::borrow::Cow;
use std::time::SystemTime;

use crate::{Date, LocalTimestamp, Timestamp, Value};

use cell::Cell;

/// A value in a [`Condition`](crate::Condition): text, a number, a boolean, a [`Date`], a [`Timestamp`], a
/// [`LocalTimestamp`], a [`SystemTime`], a [`Value`] of a row; a reference to one, or an `Option`, whose `None` is a
/// missing value.
///
/// The server reads text as in a CSV file of the model. Text is sent as it is; other values are written as follows:
///
/// | | |
/// |---|---|
/// | integers | `42` |
/// | `f64`, `f32` | the shortest form that reads back: `0.1`, `30`, `1e300` |
/// | booleans | `true`, `false` |
/// | [`Date`] | `2024-02-29` |
/// | [`LocalTimestamp`] | `2024-02-29T12:30:00`, with six decimals where there is a fraction |
/// | [`Timestamp`], [`SystemTime`] | the same in UTC, with `Z` at the end |
///
/// NaN, infinities, and a [`SystemTime`] that is not a [`Timestamp`] (it has a fraction of a microsecond, or a year
/// outside 1 to 9999) are refused: the stream's first item is an `InvalidArgument` for the field `conditions[COLUMN]`.
///
/// The trait is sealed: it has no other implementations.
pub trait ConditionValue: Cell {}

impl<T: Cell + ?Sized> ConditionValue for T {}

mod cell {
    /// The text of a value in a CSV file.
    pub trait Cell {
        /// None for a missing value. The error says why the value cannot be written.
        fn cell(&self) -> Result<Option<String>, String>;
    }
}

macro_rules! written_as_it_is_displayed {
    ($($type:ty)*) => {$(
        impl Cell for $type {
            fn cell(&self) -> Result<Option<String>, String> {
                Ok(Some(self.to_string()))
            }
        }
    )*};
}

written_as_it_is_displayed! {
    str String Cow<'_, str> char bool
    i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize
    Date LocalTimestamp Timestamp
}

macro_rules! floating_point {
    ($($type:ty)*) => {$(
        impl Cell for $type {
            fn cell(&self) -> Result<Option<String>, String> {
                if !self.is_finite() {
                    return Err(format!("{self} is not a finite number"));
                }
                // Unlike `Display`, `Debug` uses an exponent where that is shorter.
                let text = format!("{self:?}");
                Ok(Some(text.strip_suffix(".0").map_or(text.clone(), str::to_owned)))
            }
        }
    )*};
}

floating_point! { f32 f64 }

impl Cell for SystemTime {
    fn cell(&self) -> Result<Option<String>, String> {
        let instant = Timestamp::from_system_time(*self);
        let instant = instant.ok_or("must be whole microseconds, in the years 1 to 9999")?;
        instant.cell()
    }
}

impl Cell for Value<'_> {
    fn cell(&self) -> Result<Option<String>, String> {
        match self {
            Self::Missing => Ok(None),
            Self::Double(value) => value.cell(),
            Self::Int64(value) => value.cell(),
            Self::Category(value) | Self::String(value) => value.cell(),
            Self::Bool(value) => value.cell(),
            Self::Date(value) => value.cell(),
            Self::Timestamp(value) => value.cell(),
            Self::LocalTimestamp(value) => value.cell(),
        }
    }
}

impl<T: Cell> Cell for Option<T> {
    fn cell(&self) -> Result<Option<String>, String> {
        match self {
            Some(value) => value.cell(),
            None => Ok(None),
        }
    }
}

impl<T: Cell + ?Sized> Cell for &T {
    fn cell(&self) -> Result<Option<String>, String> {
        (**self).cell()
    }
}
