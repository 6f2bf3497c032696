//! Schemas that come in parts.

use super::*;
use crate::v1::{CategoryPart, SchemaPart};

/// The responses of a call whose schema is sent in parts of two categories each, up to the first row.
fn large(first_index: i64, part_count: i32) -> Vec<GenerateRowsResponse> {
    let mut begin = sized(first_index, 0, true);
    let info = begin.info.as_mut().unwrap();
    (info.part_count, info.preamble) = (part_count, "0".into());
    let column = &mut info.schema.as_mut().unwrap().columns[0];
    column.category_count = 2 * part_count;
    let parts = (1..=part_count).map(|number| GenerateRowsResponse {
        part: Some(part(
            0,
            &[&format!("a{number}"), &format!("b{number}")],
            &number.to_string(),
        )),
        ..sized(first_index, 0, false)
    });
    std::iter::once(begin).chain(parts).collect()
}

fn part(index: i32, categories: &[&str], preamble: &str) -> SchemaPart {
    let categories = categories.iter().map(|&it| it.to_owned()).collect();
    SchemaPart {
        columns: vec![CategoryPart { index, categories }],
        preamble: preamble.to_owned().into(),
        ..SchemaPart::default()
    }
}

#[test]
fn a_schema_in_parts_is_put_together_before_anything_is_passed_on() {
    let mut run = resume(Some(10), 5);
    let [begin, first, second] = large(5, 2).try_into().unwrap();
    assert_eq!(run.accept(begin).unwrap(), None);
    assert_eq!(run.accept(first).unwrap(), None);
    assert!(run.info().is_none());
    let passed_on = run.accept(second).unwrap().unwrap();
    assert_eq!((passed_on.row_count, passed_on.part), (0, None));
    assert_eq!(passed_on.info.unwrap().preamble, "012");
    assert_eq!(
        run.info().unwrap().schema.columns[0].categories,
        ["a1", "b1", "a2", "b2"]
    );
    run.accept(sized(5, 10, false)).unwrap();
    run.finish().unwrap();
}

#[test]
fn a_stream_that_broke_among_its_parts_is_asked_for_again_as_it_was() {
    let mut run = resume(Some(10), 5);
    for response in large(5, 2).into_iter().take(2) {
        run.accept(response).unwrap();
    }
    run.broken(unavailable(), 1.0).unwrap();
    assert_eq!(run.request(), request(Some(10), 5));
    let passed_on: Vec<_> = large(5, 2)
        .into_iter()
        .filter_map(|it| run.accept(it).unwrap())
        .collect();
    assert_eq!(passed_on[0].info.as_ref().unwrap().preamble, "012");
    assert_eq!(passed_on.len(), 1);
}

#[test]
fn parts_that_come_again_are_consumed() {
    let mut run = resume(Some(10), 0);
    for response in large(0, 2).into_iter().chain([sized(0, 3, false)]) {
        run.accept(response).unwrap();
    }
    run.broken(unavailable(), 1.0).unwrap();
    for response in large(3, 2) {
        let passed_on = run.accept(response).unwrap();
        assert!(passed_on.is_none_or(|it| it.info.is_none() && it.part.is_none()));
    }
    run.accept(sized(3, 7, false)).unwrap();
    run.finish().unwrap();

    let mut run = resume(Some(10), 0);
    for response in large(0, 2).into_iter().chain([sized(0, 3, false)]) {
        run.accept(response).unwrap();
    }
    run.broken(unavailable(), 1.0).unwrap();
    let mut other = large(3, 2);
    other[2].part = Some(part(0, &["a2", "other"], ""));
    let refused = other
        .into_iter()
        .try_for_each(|response| run.accept(response).map(drop));
    breaks_protocol(refused, "another schema");
}

#[test]
fn parts_that_break_the_rules_are_refused() {
    let changed = |change: &dyn Fn(&mut Vec<GenerateRowsResponse>)| {
        let mut responses = large(0, 2);
        change(&mut responses);
        let mut run = resume(Some(10), 0);
        let accepted = responses
            .into_iter()
            .try_for_each(|response| run.accept(response).map(drop));
        accepted.and_then(|()| run.finish())
    };
    for (result, told) in [
        (changed(&|it| it[1].part = Some(part(1, &["x"], ""))), "the index 1"),
        (changed(&|it| it[1].part = Some(part(-1, &["x"], ""))), "the index -1"),
        (
            changed(&|it| it[1].part = Some(part(0, &["x"; 5], ""))),
            "4 categories, got 5",
        ),
        (
            changed(&|it| it[1].part = Some(part(0, &["x"], ""))),
            "4 categories, got 3",
        ),
        (changed(&|it| it[1].part = None), "2 more parts"),
        (changed(&|it| it[1].row_count = 1), "before the schema was complete"),
        (changed(&|it| it[0].row_count = 1), "before the schema was complete"),
        (changed(&|it| it[2].row_count = 1), "before the schema was complete"),
        (changed(&|it| it[1].first_index = 1), "from index 0"),
        (changed(&|it| it[0].part = it[1].part.clone()), "not announced"),
        (changed(&|it| it.push(it[1].clone())), "not announced"),
        (changed(&|it| it[1].info = it[0].info.clone()), "2 more parts"),
        (
            changed(&|it| it[0].info.as_mut().unwrap().part_count = -1),
            "broke the protocol",
        ),
        (
            changed(&|it| it[0].info.as_mut().unwrap().part_count = i32::MAX),
            "before it said",
        ),
        (
            changed(&|it| it[0].info.as_mut().unwrap().part_count = 0),
            "4 categories, got 0",
        ),
        (changed(&|it| it[0].info.as_mut().unwrap().schema = None), "the index 0"),
        (changed(&|it| drop(it.pop())), "before it said"),
    ] {
        breaks_protocol(result, told);
    }
}
