//! Timestamps in microseconds: instants, and local times without a time zone.

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::Date;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 24 * 60 * 60 * SECOND;

/// A date with a time of day and no time zone, in microseconds, in the years 1 to 9999. Default: 1970-01-01T00:00:00.
///
/// It is not an instant: only a time zone turns it into one. [`Timestamp`] is an instant.
///
/// ```
/// use synthserve::{Date, LocalTimestamp};
///
/// let day = Date::new(2024, 2, 29).expect("2024 is a leap year");
/// let noon = LocalTimestamp::new(day, 12, 0, 0, 0).expect("a day has a noon");
/// assert_eq!((noon.date(), noon.hour(), noon.to_string().as_str()), (day, 12, "2024-02-29T12:00:00"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalTimestamp(i64);

impl LocalTimestamp {
    /// 0001-01-01T00:00:00.
    pub const MIN: Self = Self(Date::MIN.days() as i64 * DAY);

    /// 9999-12-31T23:59:59.999999.
    pub const MAX: Self = Self((Date::MAX.days() as i64 + 1) * DAY - 1);

    /// This time of day (hour 0 to 23, minute and second 0 to 59, microsecond 0 to 999999) of the day. None where there
    /// is no such time.
    pub const fn new(date: Date, hour: u32, minute: u32, second: u32, microsecond: u32) -> Option<Self> {
        if hour > 23 || minute > 59 || second > 59 || microsecond > 999_999 {
            return None;
        }
        let seconds = (hour * 60 + minute) * 60 + second;
        Some(Self(
            date.days() as i64 * DAY + seconds as i64 * SECOND + microsecond as i64,
        ))
    }

    /// The time that is `microseconds` after 1970-01-01T00:00:00. None outside the years 1 to 9999.
    pub const fn from_microseconds(microseconds: i64) -> Option<Self> {
        if microseconds < Self::MIN.0 || microseconds > Self::MAX.0 {
            return None;
        }
        Some(Self(microseconds))
    }

    /// The number of microseconds since 1970-01-01T00:00:00.
    pub const fn microseconds(self) -> i64 {
        self.0
    }

    /// The date.
    pub const fn date(self) -> Date {
        Date::from_days(self.0.div_euclid(DAY) as i32).expect("the year is from 1 to 9999")
    }

    /// The hour of the day, from 0 to 23.
    pub const fn hour(self) -> u32 {
        (self.0.rem_euclid(DAY) / (3600 * SECOND)) as u32
    }

    /// The minute of the hour, from 0 to 59.
    pub const fn minute(self) -> u32 {
        (self.0.rem_euclid(3600 * SECOND) / (60 * SECOND)) as u32
    }

    /// The second of the minute, from 0 to 59.
    pub const fn second(self) -> u32 {
        (self.0.rem_euclid(60 * SECOND) / SECOND) as u32
    }

    /// The microsecond of the second, from 0 to 999999.
    pub const fn microsecond(self) -> u32 {
        self.0.rem_euclid(SECOND) as u32
    }
}

impl fmt::Display for LocalTimestamp {
    /// Writes `2024-02-29T12:30:00`, with six decimals where there is a fraction of a second.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second) = (self.hour(), self.minute(), self.second());
        write!(f, "{}T{hour:02}:{minute:02}:{second:02}", self.date())?;
        match self.microsecond() {
            0 => Ok(()),
            fraction => write!(f, ".{fraction:06}"),
        }
    }
}

/// An instant, in microseconds, in the years 1 to 9999 in UTC. Default: 1970-01-01T00:00:00Z.
///
/// ```
/// use synthserve::Timestamp;
///
/// let instant = Timestamp::from_microseconds(1_709_209_800_000_000).expect("it is in this century");
/// assert_eq!((instant.utc().hour(), instant.to_string().as_str()), (12, "2024-02-29T12:30:00Z"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(LocalTimestamp);

impl Timestamp {
    /// 0001-01-01T00:00:00Z.
    pub const MIN: Self = Self(LocalTimestamp::MIN);

    /// 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(LocalTimestamp::MAX);

    /// The instant that has this local time in UTC.
    pub const fn from_utc(time: LocalTimestamp) -> Self {
        Self(time)
    }

    /// The date and time of day in UTC.
    pub const fn utc(self) -> LocalTimestamp {
        self.0
    }

    /// The instant that is `microseconds` after 1970-01-01T00:00:00Z. None outside the years 1 to 9999.
    pub const fn from_microseconds(microseconds: i64) -> Option<Self> {
        match LocalTimestamp::from_microseconds(microseconds) {
            Some(time) => Some(Self(time)),
            None => None,
        }
    }

    /// The number of microseconds since 1970-01-01T00:00:00Z.
    pub const fn microseconds(self) -> i64 {
        self.0.microseconds()
    }

    /// The same instant. None where it is not a whole number of microseconds, and outside the years 1 to 9999.
    pub fn from_system_time(time: SystemTime) -> Option<Self> {
        let microseconds = |distance: Duration| {
            let whole = distance.subsec_nanos().is_multiple_of(1_000);
            whole.then(|| i64::try_from(distance.as_micros()).ok()).flatten()
        };
        let since = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => microseconds(after)?,
            Err(before) => -microseconds(before.duration())?,
        };
        Self::from_microseconds(since)
    }

    /// The same instant. None where it is too early for the clocks of this platform.
    pub fn to_system_time(self) -> Option<SystemTime> {
        let distance = Duration::from_micros(self.microseconds().unsigned_abs());
        if self.microseconds() < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(distance)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(distance)
        }
    }
}

impl fmt::Display for Timestamp {
    /// Writes `2024-02-29T12:30:00Z`, with six decimals where there is a fraction of a second.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}Z", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(date: Date, hour: u32, minute: u32, second: u32, microsecond: u32) -> LocalTimestamp {
        LocalTimestamp::new(date, hour, minute, second, microsecond).unwrap()
    }

    #[test]
    fn a_time_has_the_fields_that_it_was_made_of() {
        for date in [Date::MIN, Date::new(1969, 12, 31).unwrap(), Date::default(), Date::MAX] {
            for (hour, minute, second, microsecond) in
                [(0, 0, 0, 0), (0, 0, 0, 1), (12, 34, 56, 789), (23, 59, 59, 999_999)]
            {
                let time = at(date, hour, minute, second, microsecond);
                assert_eq!((time.date(), time.hour(), time.minute()), (date, hour, minute));
                assert_eq!((time.second(), time.microsecond()), (second, microsecond));
                assert_eq!(LocalTimestamp::from_microseconds(time.microseconds()), Some(time));
                assert_eq!(
                    Timestamp::from_microseconds(time.microseconds()),
                    Some(Timestamp::from_utc(time))
                );
            }
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for (hour, minute, second, microsecond) in [(24, 0, 0, 0), (0, 60, 0, 0), (0, 0, 60, 0), (0, 0, 0, 1_000_000)] {
            assert_eq!(
                LocalTimestamp::new(Date::default(), hour, minute, second, microsecond),
                None
            );
        }
        let (first, last) = (Timestamp::MIN.microseconds(), Timestamp::MAX.microseconds());
        for outside in [first - 1, last + 1, i64::MIN, i64::MAX] {
            assert_eq!(Timestamp::from_microseconds(outside), None);
        }
    }

    #[test]
    fn times_are_written_as_in_iso_8601() {
        let day = Date::new(2024, 2, 29).unwrap();
        assert_eq!(at(day, 12, 30, 0, 0).to_string(), "2024-02-29T12:30:00");
        assert_eq!(at(day, 1, 2, 3, 40).to_string(), "2024-02-29T01:02:03.000040");
        assert_eq!(
            Timestamp::from_utc(at(day, 12, 30, 0, 0)).to_string(),
            "2024-02-29T12:30:00Z"
        );
        assert_eq!(LocalTimestamp::MIN.to_string(), "0001-01-01T00:00:00");
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(
            Timestamp::from_microseconds(-1).unwrap().to_string(),
            "1969-12-31T23:59:59.999999Z"
        );
    }

    #[test]
    fn an_instant_is_the_same_on_the_clock_of_the_system() {
        for microseconds in [0, 1, -1, 1_709_209_800_000_001, -11_000_000_000_000_000] {
            let instant = Timestamp::from_microseconds(microseconds).unwrap();
            let time = instant.to_system_time().unwrap();
            assert_eq!(Timestamp::from_system_time(time), Some(instant));
        }
        let epoch = SystemTime::UNIX_EPOCH;
        // 100 ns is the resolution of the clock of Windows.
        for refused in [Duration::from_nanos(100), Duration::from_secs(400_000_000_000)] {
            assert_eq!(Timestamp::from_system_time(epoch + refused), None);
        }
    }
}
