use crate::Code;
use crate::fake::{Fake, Rude, whole};
use crate::v1::{
    CategoryPart, Column, ConditionKind, ConditionSpec, GetModelResponse, ImageSchema, Method, TableSchema,
};

use super::*;

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// A table whose columns have two and three categories, all still missing.
fn table() -> Model {
    let column = |category_count| Column {
        category_count,
        ..Column::default()
    };
    let output = Some(Output::Table(TableSchema {
        columns: vec![column(2), column(3)],
        ..TableSchema::default()
    }));
    let condition = ConditionSpec {
        category_count: 3,
        ..ConditionSpec::default()
    };
    Model {
        output,
        conditions: vec![condition],
        ..Model::default()
    }
}

/// Images with a condition of two categories, one of them still missing.
fn images() -> Model {
    let condition = ConditionSpec {
        categories: texts(&["0"]),
        category_count: 2,
        ..ConditionSpec::default()
    };
    Model {
        output: Some(Output::Image(ImageSchema::default())),
        conditions: vec![condition],
        ..Model::default()
    }
}

fn page(model: Option<Model>, part: Option<SchemaPart>, next: &str) -> GetModelResponse {
    GetModelResponse {
        model,
        part,
        next_page_token: next.to_owned(),
    }
}

fn columns(parts: &[(i32, &[&str])]) -> Option<SchemaPart> {
    Some(SchemaPart {
        columns: category_parts(parts),
        ..SchemaPart::default()
    })
}

fn conditions(parts: &[(i32, &[&str])]) -> Option<SchemaPart> {
    Some(SchemaPart {
        conditions: category_parts(parts),
        ..SchemaPart::default()
    })
}

fn category_parts(parts: &[(i32, &[&str])]) -> Vec<CategoryPart> {
    let part = |&(index, categories): &(i32, &[&str])| CategoryPart {
        index,
        categories: texts(categories),
    };
    parts.iter().map(part).collect()
}

#[tokio::test]
async fn a_model_has_the_categories_of_all_pages() {
    let fake = Fake::start(whole).await;
    fake.describe([
        page(Some(table()), None, "1"),
        page(None, columns(&[(0, &["a", "b"]), (1, &["c"])]), "2"),
        page(None, columns(&[(1, &["d", "e"])]), ""),
    ]);
    // The server is shutting down at the first attempt.
    fake.be_rude(Rude::NoTrailers);
    let model = fake.client().model("cities").await.unwrap();
    assert_eq!(fake.page_tokens(), ["", "1", "2"]);
    let Some(Output::Table(table)) = model.output else {
        panic!("{model:?}");
    };
    assert_eq!(table.columns[0].categories, ["a", "b"]);
    assert_eq!(table.columns[1].categories, ["c", "d", "e"]);

    fake.describe([
        page(Some(images()), None, "1"),
        page(None, conditions(&[(0, &["1"])]), ""),
    ]);
    let model = fake.client().model("digits").await.unwrap();
    assert_eq!(model.conditions[0].categories, ["0", "1"]);
}

#[tokio::test]
async fn pages_that_do_not_fit_are_refused() {
    let table = || page(Some(table()), None, "1");
    let images = || page(Some(images()), None, "1");
    let fake = Fake::start(whole).await;
    for (pages, told) in [
        (vec![page(None, None, "")], "no model"),
        (vec![table(), page(None, None, "2")], "no part"),
        (vec![table(), page(None, columns(&[(2, &["x"])]), "")], "the index 2"),
        (vec![table(), page(None, columns(&[(-1, &["x"])]), "")], "the index -1"),
        (
            vec![table(), page(None, columns(&[(0, &["x"; 3])]), "")],
            "2 categories, got 3",
        ),
        (
            vec![table(), page(None, columns(&[(0, &["x"])]), "")],
            "2 categories, got 1",
        ),
        (vec![table(), page(None, conditions(&[(1, &["x"])]), "")], "the index 1"),
        (vec![images(), page(None, columns(&[(0, &["x"])]), "")], "the index 0"),
        (
            vec![images(), page(None, conditions(&[(0, &["x"; 2])]), "")],
            "2 categories, got 3",
        ),
        (vec![images(), page(None, conditions(&[]), "")], "2 categories, got 1"),
    ] {
        fake.describe(pages);
        let error = fake.client().model("m").await.unwrap_err();
        assert_eq!(error.code(), Code::Internal);
        assert!(error.message().contains(told), "{error}");
    }
}

#[tokio::test]
async fn what_a_newer_server_says_does_no_harm() {
    let fake = Fake::start(whole).await;
    let condition = ConditionSpec {
        kind: 99,
        r#type: 99,
        ..ConditionSpec::default()
    };
    let model = Model {
        conditions: vec![condition],
        methods: vec![99, Method::Generate.into()],
        state: 99,
        ..Model::default()
    };
    fake.describe([page(Some(model), None, "")]);
    let model = fake.client().model("m").await.unwrap();
    assert_eq!(model.conditions[0].kind(), ConditionKind::Unspecified);
    assert!(model.methods().any(|method| method == Method::Generate));
}
