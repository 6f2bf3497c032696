//! Days of the calendar.

use std::fmt;

/// A day of the proleptic Gregorian calendar, from 0001-01-01 to 9999-12-31. Default: 1970-01-01.
///
/// ```
/// use synthserve::Date;
///
/// let day = Date::new(2024, 2, 29).expect("2024 is a leap year");
/// assert_eq!((day.year(), day.month(), day.day()), (2024, 2, 29));
/// assert_eq!((day.days(), day.to_string().as_str()), (19_782, "2024-02-29"));
/// assert_eq!(Date::new(2023, 2, 29), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i32);

/// From 0000-03-01 to 1970-01-01. Years that begin in March have their leap day at the end.
const EPOCH: i32 = 719_468;

const YEARS_400: i32 = 146_097;

impl Date {
    /// 0001-01-01.
    pub const MIN: Self = Self::new(1, 1, 1).unwrap();

    /// 9999-12-31.
    pub const MAX: Self = Self::new(9999, 12, 31).unwrap();

    /// The day of this year (1 to 9999), month (1 to 12) and day of the month (from 1). None where there is no such day.
    pub const fn new(year: i32, month: u32, day: u32) -> Option<Self> {
        if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > days_of_month(year, month) {
            return None;
        }
        let (year, month) = if month > 2 {
            (year, month - 3)
        } else {
            (year - 1, month + 9)
        };
        let days_of_years = 365 * year + year / 4 - year / 100 + year / 400;
        Some(Self(days_of_years + days_before_month(month) + day as i32 - 1 - EPOCH))
    }

    /// The day that is `days` days after 1970-01-01. None outside the years 1 to 9999.
    pub const fn from_days(days: i32) -> Option<Self> {
        if days < Self::MIN.0 || days > Self::MAX.0 {
            return None;
        }
        Some(Self(days))
    }

    /// The number of days since 1970-01-01.
    pub const fn days(self) -> i32 {
        self.0
    }

    /// The year, from 1 to 9999.
    pub const fn year(self) -> i32 {
        self.calendar().0
    }

    /// The month, from 1 to 12.
    pub const fn month(self) -> u32 {
        self.calendar().1
    }

    /// The day of the month, from 1.
    pub const fn day(self) -> u32 {
        self.calendar().2
    }

    const fn calendar(self) -> (i32, u32, u32) {
        let days = self.0 + EPOCH;
        let (cycle, day_of_cycle) = (days / YEARS_400, days % YEARS_400);
        // Without the leap days of 4, 100 and 400 years every year has 365 days.
        let leap_days = day_of_cycle / 1_460 - day_of_cycle / 36_524 + day_of_cycle / (YEARS_400 - 1);
        let year_of_cycle = (day_of_cycle - leap_days) / 365;
        let day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
        let month = ((5 * day_of_year + 2) / 153) as u32;
        let day = (day_of_year - days_before_month(month) + 1) as u32;
        let year = 400 * cycle + year_of_cycle;
        if month < 10 {
            (year, month + 3, day)
        } else {
            (year + 1, month - 9, day)
        }
    }
}

/// The number of days from the first of March to the first of the month that is `months` months later.
const fn days_before_month(months_after_march: u32) -> i32 {
    (153 * months_after_march as i32 + 2) / 5
}

const fn days_of_month(year: i32, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for Date {
    /// Writes `2024-02-29`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.calendar();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_follows_the_one_before() {
        let mut next = Date::MIN.days();
        for year in 1..=9999 {
            let leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
            let lengths = [31, 28 + u32::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            for (month, length) in (1..).zip(lengths) {
                for day in 1..=length {
                    let date = Date::new(year, month, day).unwrap();
                    assert_eq!((date.year(), date.month(), date.day()), (year, month, day));
                    assert_eq!((date.days(), Date::from_days(next)), (next, Some(date)));
                    next += 1;
                }
                assert_eq!(Date::new(year, month, length + 1), None);
            }
        }
        assert_eq!(next, Date::MAX.days() + 1);
    }

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(Date::new(1970, 1, 1), Some(Date::default()));
        assert_eq!(Date::default().days(), 0);
        assert_eq!(Date::MIN.days(), -719_162);
    }

    #[test]
    fn what_is_no_day_is_none() {
        for (year, month, day) in [
            (0, 12, 31),
            (10_000, 1, 1),
            (-1, 1, 1),
            (2024, 0, 1),
            (2024, 13, 1),
            (2024, 1, 0),
        ] {
            assert_eq!(Date::new(year, month, day), None);
        }
        for days in [Date::MIN.days() - 1, Date::MAX.days() + 1, i32::MIN, i32::MAX] {
            assert_eq!(Date::from_days(days), None);
        }
    }

    #[test]
    fn days_are_written_as_in_iso_8601() {
        assert_eq!(Date::MIN.to_string(), "0001-01-01");
        assert_eq!(Date::MAX.to_string(), "9999-12-31");
    }
}
