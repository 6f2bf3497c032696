//! The example and the conformance runner with standard streams that cannot be written. Cargo builds them before the
//! tests.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::Condition;
use crate::fake::{Call, Fake};
use crate::v1::generate_rows_response::Rows;
use crate::v1::{Column, ColumnType, ConditionKind, ConditionSpec, GetModelResponse, Model, TableSchema, model};

/// Answers a request for rows as CSV.
async fn csv(call: Call) {
    let mut response = crate::fake::numbers(0, call.request.count.unwrap(), true);
    response.rows = Some(Rows::Data("id\n".into()));
    response.info.as_mut().unwrap().seed = call.request.seed.unwrap();
    call.send(Ok(response)).await;
}

fn program(name: &str) -> Command {
    let tests = std::env::current_exe().unwrap();
    let folder = tests.ancestors().nth(2).unwrap().join("examples");
    let program = folder.join(name);
    assert!(
        program.is_file(),
        "build {} first: cargo build --examples",
        program.display()
    );
    Command::new(program)
}

/// A folder to work in.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("synthserve-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs a program while a server in this thread answers.
async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

fn example(target: &str, folder: &Path) -> Command {
    let mut command = program("example");
    command.arg(target).current_dir(folder);
    command
}

fn conformance(target: &str, folder: &Path) -> Command {
    let case = serde_json::json!({"name": "models", "connection": "main", "call": "models"});
    runner(target, folder, &case)
}

fn runner(target: &str, folder: &Path, case: &serde_json::Value) -> Command {
    let play = folder.join("play.json");
    let text = serde_json::json!({"connections": {"main": {"target": target}}, "cases": [case]});
    fs::write(&play, text.to_string()).unwrap();
    let mut command = program("conformance");
    command.arg(play);
    command
}

fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

/// A pipe whose reader has closed it.
fn broken() -> Stdio {
    std::io::pipe().unwrap().1.into()
}

#[tokio::test]
async fn programs_whose_output_cannot_be_written_fail_without_a_panic() {
    let fake = Fake::start(csv).await;
    let folder = folder("output");
    for command in [example, conformance] {
        let mut unwritable = command(&fake.target(), &folder);
        unwritable.stdout(full());
        let output = run(unwritable).await;
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(
            told.contains("cannot write to standard output") && told.lines().count() == 1,
            "{told}"
        );

        let mut unread = command(&fake.target(), &folder);
        unread.stdout(broken());
        let output = run(unread).await;
        assert_eq!((output.status.code(), output.stderr), (Some(141), Vec::new()));
    }
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn programs_whose_errors_cannot_be_written_still_fail() {
    let folder = folder("errors");
    for command in [example, conformance] {
        for stderr in [full(), broken()] {
            let mut failing = command("no target", &folder);
            failing.stderr(stderr);
            assert_eq!(run(failing).await.status.code(), Some(1));
        }
    }
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn an_example_with_closed_streams_does_its_work() {
    let fake = Fake::start(csv).await;
    let folder = folder("closed");
    let example = program("example").get_program().to_owned();
    let mut command = Command::new("sh");
    command
        .args(["-c", "exec \"$0\" \"$1\" <&- >&- 2>&-"])
        .arg(example)
        .arg(fake.target());
    command.current_dir(&folder);
    let output = run(command).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(fs::read_to_string(folder.join("iris.csv")).unwrap(), "id\n");
    assert_eq!(fs::read_dir(folder.join("digits")).unwrap().count(), 16);
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn the_runner_plays_each_form_of_a_condition() {
    let fake = Fake::start(csv).await;
    let folder = folder("conditions");
    let case = serde_json::json!({
        "name": "rows", "connection": "main", "call": "rows", "format": "csv", "model": "m", "count": "1", "seed": "7",
        "where": {"a": "x", "b": ["x", null], "c": {"low": "1", "high": "2"}, "d": {"high": "2"}, "e": null, "f": {"missing": false}},
    });
    let output = run(runner(&fake.target(), &folder, &case)).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let expected = [
        ("a", "x".into()),
        ("b", [Some("x"), None].into()),
        ("c", ("1"..="2").into()),
        ("d", (..="2").into()),
        ("e", Condition::missing()),
        ("f", Condition::present()),
    ];
    let expected = expected.map(|(column, condition): (&str, Condition)| condition.on(column.to_owned()).unwrap());
    assert_eq!(fake.requests()[0].conditions, expected);
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn the_runner_tells_what_a_model_has() {
    let fake = Fake::start(csv).await;
    let folder = folder("model");
    let column = |name: &str, r#type: ColumnType, categories: &[&str], utc| Column {
        name: name.to_owned(),
        r#type: r#type.into(),
        categories: categories.iter().map(|&category| category.to_owned()).collect(),
        utc,
        ..Column::default()
    };
    let condition = |column: &str, kind: ConditionKind| ConditionSpec {
        column: column.to_owned(),
        kind: kind.into(),
        ..ConditionSpec::default()
    };
    let columns = vec![
        column("city", ColumnType::Category, &["x", "y"], false),
        column("seen", ColumnType::Timestamp, &[], true),
        column("clock", ColumnType::Timestamp, &[], false),
    ];
    let table = TableSchema {
        columns,
        ..TableSchema::default()
    };
    let model = Model {
        version: "models/m/versions/1".to_owned(),
        output: Some(model::Output::Table(table)),
        conditions: vec![
            condition("city", ConditionKind::Unspecified),
            condition("seen", ConditionKind::Range),
        ],
        graph_sha256: "00".to_owned(),
        ..Model::default()
    };
    fake.describe([GetModelResponse {
        model: Some(model),
        ..GetModelResponse::default()
    }]);
    let case = serde_json::json!({"name": "model", "connection": "main", "call": "model", "model": "m"});
    let output = run(runner(&fake.target(), &folder, &case)).await;
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = serde_json::json!({
        "case": "model",
        "model": "models/m/versions/1",
        "columns": ["city", "seen", "clock"],
        "types": ["category", "timestamp_utc", "timestamp"],
        "category_counts": [2, 0, 0],
        "conditions": ["city", "seen"],
        "condition_kinds": ["code", "range"],
        "graph_sha256": "00",
    });
    assert_eq!(told, expected);
    fs::remove_dir_all(folder).unwrap();
}
