//! The description of a model in the result of a case.

use serde_json::{Value, json};
use synthserve::v1::model::Output;
use synthserve::v1::{Column, ColumnType, ConditionKind, ConditionSpec, Model};

pub(crate) fn described(model: &Model) -> Value {
    let columns = match &model.output {
        Some(Output::Table(schema)) => &schema.columns[..],
        _ => &[],
    };
    let names = columns.iter().map(|column| &column.name);
    let conditions = model.conditions.iter().map(|condition| &condition.column);
    let counts = columns.iter().map(|column| column.categories.len());
    json!({
        "model": model.version,
        "columns": names.collect::<Vec<_>>(),
        "types": columns.iter().map(type_of).collect::<Vec<_>>(),
        "category_counts": counts.collect::<Vec<_>>(),
        "conditions": conditions.collect::<Vec<_>>(),
        "condition_kinds": model.conditions.iter().map(kind_of).collect::<Vec<_>>(),
        "graph_sha256": model.graph_sha256,
    })
}

fn type_of(column: &Column) -> String {
    let name = match column.r#type() {
        ColumnType::Timestamp if column.utc => "TIMESTAMP_UTC",
        other => other.as_str_name().trim_start_matches("COLUMN_TYPE_"),
    };
    name.to_lowercase()
}

fn kind_of(condition: &ConditionSpec) -> String {
    let kind = match condition.kind() {
        ConditionKind::Unspecified => ConditionKind::Code,
        other => other,
    };
    kind.as_str_name().trim_start_matches("CONDITION_KIND_").to_lowercase()
}
