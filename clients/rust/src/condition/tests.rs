use std::time::{Duration, SystemTime};

use super::*;
use crate::{Code, Date, LocalTimestamp, Timestamp, Value};

#[track_caller]
fn check(condition: impl Into<Condition>, test: Test) {
    let sent = condition.into().on("c".to_owned()).unwrap();
    assert_eq!((sent.column.as_str(), sent.test), ("c", Some(test)));
}

#[track_caller]
fn equals(value: impl Into<Condition>, text: &str) {
    check(value, Test::Equals(text.to_owned()));
}

fn set(values: &[&str], missing: bool) -> Test {
    let values = values.iter().map(|&value| value.to_owned()).collect();
    Test::AnyOf(ValueSet { values, missing })
}

fn range(low: Option<&str>, high: Option<&str>) -> Test {
    let (low, high) = (low.map(str::to_owned), high.map(str::to_owned));
    Test::Between(ValueRange { low, high })
}

fn leap_day() -> Date {
    Date::new(2024, 2, 29).unwrap()
}

fn time(microsecond: u32) -> LocalTimestamp {
    LocalTimestamp::new(leap_day(), 12, 30, 0, microsecond).unwrap()
}

#[test]
fn values_are_written_as_in_csv() {
    equals("setosa", "setosa");
    equals("setosa".to_owned(), "setosa");
    let text = "setosa".to_owned();
    equals(&text, "setosa");
    equals('x', "x");
    equals("", "");
    equals(30, "30");
    equals(i64::MIN, "-9223372036854775808");
    equals(u64::MAX, "18446744073709551615");
    equals(true, "true");
    equals(false, "false");
    equals(leap_day(), "2024-02-29");
    equals(time(0), "2024-02-29T12:30:00");
    equals(time(1), "2024-02-29T12:30:00.000001");
    equals(Timestamp::from_utc(time(0)), "2024-02-29T12:30:00Z");
    equals(
        SystemTime::UNIX_EPOCH + Duration::from_millis(1_500),
        "1970-01-01T00:00:01.500000Z",
    );
}

#[test]
fn doubles_are_written_in_the_shortest_form_that_reads_back() {
    for (value, text) in [
        (30.0, "30"),
        (0.1, "0.1"),
        (-2.5, "-2.5"),
        (1e300, "1e300"),
        (1e-7, "1e-7"),
        (-0.0, "-0"),
    ] {
        equals(value, text);
        assert_eq!(text.parse::<f64>().unwrap().to_bits(), f64::to_bits(value));
    }
    equals(f64::MAX, "1.7976931348623157e308");
    equals(5e-324, "5e-324");
    equals(0.1f32, "0.1");
}

#[test]
fn values_of_rows_are_written_as_in_csv() {
    equals(Value::Category("red"), "red");
    equals(Value::String("a b"), "a b");
    equals(Value::Double(30.0), "30");
    equals(Value::Int64(30), "30");
    equals(Value::Bool(true), "true");
    equals(Value::Date(leap_day()), "2024-02-29");
    equals(Value::Timestamp(Timestamp::from_utc(time(0))), "2024-02-29T12:30:00Z");
    equals(Value::LocalTimestamp(time(0)), "2024-02-29T12:30:00");
    check(Value::Missing, Test::Missing(true));
}

#[test]
fn any_of_several_values_can_be_asked_for() {
    check(["AT", "DE"], set(&["AT", "DE"], false));
    check(vec![1, 2], set(&["1", "2"], false));
    check(&["AT".to_owned()][..], set(&["AT"], false));
    check([Some("AT"), None, Some("DE")], set(&["AT", "DE"], true));
    check([None::<&str>], set(&[], true));
    check([leap_day()], set(&["2024-02-29"], false));
    // The server refuses these.
    check(Vec::<&str>::new(), set(&[], false));
}

#[test]
fn ranges_include_their_ends() {
    check(30..=40, range(Some("30"), Some("40")));
    check(0.5.., range(Some("0.5"), None));
    check(..=leap_day(), range(None, Some("2024-02-29")));
    check(Some(30)..=None, range(Some("30"), None));
    check(None..=Some(40), range(None, Some("40")));
}

#[test]
fn missing_and_present_values_can_be_asked_for() {
    check(Condition::missing(), Test::Missing(true));
    check(None::<i64>, Test::Missing(true));
    check(Condition::present(), Test::Missing(false));
    equals(Some("AT"), "AT");
}

#[test]
fn what_is_no_value_is_refused_by_name() {
    let epoch = SystemTime::UNIX_EPOCH;
    let refused: [Condition; 8] = [
        f64::NAN.into(),
        f64::NEG_INFINITY.into(),
        f32::INFINITY.into(),
        Value::Double(f64::NAN).into(),
        [1.0, f64::NAN].into(),
        (0.0..=f64::INFINITY).into(),
        (epoch + Duration::from_nanos(100)).into(),
        (epoch + Duration::from_secs(400_000_000_000)).into(),
    ];
    for condition in refused {
        let error = condition.on("age".to_owned()).unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        assert_eq!(error.field_violations()[0].field, "conditions[age]");
    }
}
