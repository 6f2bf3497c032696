use super::*;
use crate::Code;
use crate::v1::{BoolValues, CategoryCodes, ColumnBatch, DoubleValues, Int64Values};

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
    ];
    Arc::new(StreamInfo {
        model: String::new(),
        seed: 7,
        schema: TableSchema { columns },
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
        ],
        [
            Value::Missing,
            Value::Int64(i64::MIN),
            Value::Category("red"),
            Value::Bool(false),
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
    assert_eq!(printed, ["size=", "id=-9223372036854775808", "color=red", "open=false"]);
}

#[test]
fn a_row_outlives_its_batch() {
    let row = batch(values()).unwrap().rows().last().unwrap();
    assert_eq!(row.get("id"), Some(Value::Int64(i64::MIN)));
}

#[test]
fn what_stands_where_a_value_is_missing_means_nothing() {
    let mut columns = values();
    columns[2].values = Some(Wire::Categories(CategoryCodes { codes: vec![-7, 1] }));
    columns[2].validity = vec![false, true];
    let batch = batch(columns).unwrap();
    let column = batch.column("color").unwrap();
    assert_eq!(
        [column.value(0), column.value(1)],
        [Value::Missing, Value::Category("blue")]
    );
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
