use super::*;
use crate::v1::column_values::Values as Wire;
use crate::v1::{self, ColumnBatch, ColumnType, ColumnValues};
use crate::v1::{BoolValues, CategoryCodes, DateValues, DoubleValues, Int64Values, StringValues, TimestampValues};
use crate::{Code, Date, LocalTimestamp, Timestamp, Values};

fn column(name: &str, kind: ColumnType) -> v1::Column {
    let categories = match kind {
        ColumnType::Category => vec!["red".to_owned(), "blue".to_owned()],
        _ => Vec::new(),
    };
    v1::Column {
        name: name.to_owned(),
        r#type: kind.into(),
        categories,
        ..Default::default()
    }
}

fn info() -> Arc<StreamInfo<TableSchema>> {
    let columns = vec![
        column("size", ColumnType::Double),
        column("id", ColumnType::Int64),
        column("color", ColumnType::Category),
        column("open", ColumnType::Bool),
        column("note", ColumnType::String),
        column("day", ColumnType::Date),
        v1::Column {
            utc: true,
            ..column("instant", ColumnType::Timestamp)
        },
        column("clock", ColumnType::Timestamp),
    ];
    Arc::new(StreamInfo {
        model: String::new(),
        seed: 7,
        schema: TableSchema {
            columns,
            ..TableSchema::default()
        },
    })
}

fn values() -> Vec<ColumnValues> {
    let values = [
        Wire::Doubles(DoubleValues {
            values: vec![0.5, -1.5],
        }),
        Wire::Int64s(Int64Values {
            values: vec![i64::MAX, i64::MIN],
        }),
        Wire::Categories(CategoryCodes { codes: vec![1, 0] }),
        Wire::Bools(BoolValues {
            values: vec![true, false],
        }),
        Wire::Strings(StringValues {
            offsets: vec![0, 1, 3],
            data: "a\u{e9}".into(),
        }),
        Wire::Dates(DateValues { days: vec![0, 19_782] }),
        Wire::Timestamps(TimestampValues {
            microseconds: vec![-1, 0],
        }),
        Wire::Timestamps(TimestampValues {
            microseconds: vec![-1, 0],
        }),
    ];
    values
        .map(|values| ColumnValues {
            values: Some(values),
            validity: Vec::new(),
        })
        .to_vec()
}

fn batch(columns: Vec<ColumnValues>) -> Result<RowBatch, Error> {
    let rows = Some(Payload::Columns(ColumnBatch { columns }));
    RowBatch::new(
        GenerateRowsResponse {
            first_index: 40,
            row_count: 2,
            rows,
            info: None,
            part: None,
        },
        info(),
    )
}

#[test]
fn values_are_the_same_by_column_and_by_row() {
    let mut columns = values();
    columns[0].validity = vec![true, false];
    let batch = batch(columns).unwrap();
    assert_eq!(batch.column("size").unwrap().values(), Values::Doubles(&[0.5, -1.5]));
    assert_eq!(batch.column("size").unwrap().validity(), [true, false]);
    assert!(batch.column("weight").is_none());

    let rows: Vec<Row> = batch.rows().collect();
    assert_eq!([rows[0].index(), rows[1].index()], [40, 41]);
    let expected = [
        [
            Value::Double(0.5),
            Value::Int64(i64::MAX),
            Value::Category("blue"),
            Value::Bool(true),
            Value::String("a"),
            Value::Date(Date::default()),
            Value::Timestamp(Timestamp::from_microseconds(-1).unwrap()),
            Value::LocalTimestamp(LocalTimestamp::from_microseconds(-1).unwrap()),
        ],
        [
            Value::Missing,
            Value::Int64(i64::MIN),
            Value::Category("red"),
            Value::Bool(false),
            Value::String("\u{e9}"),
            Value::Date(Date::new(2024, 2, 29).unwrap()),
            Value::Timestamp(Timestamp::default()),
            Value::LocalTimestamp(LocalTimestamp::default()),
        ],
    ];
    for (row, expected) in rows.iter().zip(expected) {
        assert_eq!(row.values().map(|(_, value)| value).collect::<Vec<_>>(), expected);
        for (name, value) in row.values() {
            assert_eq!(row.get(name), Some(value));
        }
        assert_eq!(row.get("weight"), None);
    }
    let printed: Vec<String> = rows[1]
        .values()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let expected = [
        "size=",
        "id=-9223372036854775808",
        "color=red",
        "open=false",
        "note=\u{e9}",
        "day=2024-02-29",
        "instant=1970-01-01T00:00:00Z",
        "clock=1970-01-01T00:00:00",
    ];
    assert_eq!(printed, expected);
}

#[test]
fn columns_have_native_values() {
    let batch = batch(values()).unwrap();
    let values = |name| batch.column(name).unwrap().values();
    match values("note") {
        Values::Strings(texts) => assert_eq!(texts.iter().collect::<Vec<_>>(), ["a", "\u{e9}"]),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        values("day"),
        Values::Dates(&[Date::default(), Date::new(2024, 2, 29).unwrap()])
    );
    let before = Timestamp::from_microseconds(-1).unwrap();
    assert_eq!(values("instant"), Values::Timestamps(&[before, Timestamp::default()]));
    assert_eq!(
        values("clock"),
        Values::LocalTimestamps(&[before.utc(), LocalTimestamp::default()])
    );
}

#[test]
fn a_row_outlives_its_batch() {
    let row = batch(values()).unwrap().rows().last().unwrap();
    assert_eq!(row.get("id"), Some(Value::Int64(i64::MIN)));
}

#[test]
fn values_of_every_type_can_be_missing() {
    let mut columns = values();
    for column in &mut columns {
        column.validity = vec![false, true];
    }
    // Placeholders of missing values are ignored.
    columns[2].values = Some(Wire::Categories(CategoryCodes { codes: vec![-7, 1] }));
    columns[5].values = Some(dates(&[i32::MIN, 0]));
    columns[6].values = Some(times(&[i64::MAX, 0]));
    columns[7].values = Some(times(&[i64::MIN, 0]));
    let batch = batch(columns).unwrap();
    for column in batch.columns() {
        assert_eq!(column.value(0), Value::Missing);
        assert_ne!(column.value(1), Value::Missing);
    }
}

fn dates(days: &[i32]) -> Wire {
    Wire::Dates(DateValues { days: days.to_vec() })
}

fn times(microseconds: &[i64]) -> Wire {
    let microseconds = microseconds.to_vec();
    Wire::Timestamps(TimestampValues { microseconds })
}

fn texts(offsets: &[i32], data: &'static [u8]) -> Wire {
    Wire::Strings(StringValues {
        offsets: offsets.to_vec(),
        data: data.into(),
    })
}

#[test]
fn columns_that_do_not_fit_are_refused() {
    let change = |change: &dyn Fn(&mut Vec<ColumnValues>)| {
        let mut columns = values();
        change(&mut columns);
        batch(columns)
    };
    let cases = [
        change(&|columns| drop(columns.pop())),
        change(&|columns| columns.swap(0, 1)),
        change(&|columns| columns[1].values = None),
        change(&|columns| columns[0].values = Some(Wire::Doubles(DoubleValues { values: vec![1.0] }))),
        change(&|columns| columns[0].validity = vec![true]),
        change(&|columns| columns[2].values = Some(Wire::Categories(CategoryCodes { codes: vec![0, 2] }))),
        change(&|columns| columns[2].values = Some(Wire::Categories(CategoryCodes { codes: vec![-1, 0] }))),
        change(&|columns| columns[4].values = Some(texts(&[0, 1], b"a"))),
        change(&|columns| columns[4].values = Some(texts(&[0, 2, 1], b"a"))),
        change(&|columns| columns[4].values = Some(texts(&[0, 1, 2], b"a\xff"))),
        change(&|columns| columns[4].validity = vec![true; 3]),
        change(&|columns| columns[5].values = Some(dates(&[0]))),
        change(&|columns| columns[5].values = Some(dates(&[0, Date::MAX.days() + 1]))),
        change(&|columns| columns[5].values = Some(times(&[0, 0]))),
        change(&|columns| columns[6].values = Some(times(&[0; 3]))),
        change(&|columns| columns[6].values = Some(times(&[0, Timestamp::MIN.microseconds() - 1]))),
        change(&|columns| columns[7].values = Some(times(&[0, i64::MAX]))),
        change(&|columns| columns.swap(4, 6)),
        RowBatch::new(
            GenerateRowsResponse {
                row_count: 2,
                ..Default::default()
            },
            info(),
        ),
    ];
    for (number, case) in cases.into_iter().enumerate() {
        let error = case.err().unwrap_or_else(|| panic!("case {number} should be refused"));
        assert_eq!(error.code(), Code::Internal, "case {number}");
    }
}

#[test]
fn a_column_of_a_type_that_is_not_known_is_refused() {
    let mut info = Arc::unwrap_or_clone(info());
    info.schema.columns.truncate(1);
    info.schema.columns[0].r#type = 99;
    let response = GenerateRowsResponse {
        row_count: 2,
        rows: Some(Payload::Columns(ColumnBatch {
            columns: values()[..1].to_vec(),
        })),
        ..Default::default()
    };
    let error = RowBatch::new(response, Arc::new(info)).unwrap_err();
    assert!(error.message().contains("does not know its type, 99"), "{error}");
}
