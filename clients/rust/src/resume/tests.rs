use super::*;
use crate::fake::{MODEL, SEED, numbers};
use crate::v1::{GenerateRowsRequest, GenerateRowsResponse};
use crate::{Code, Condition};

mod parts;

fn request(count: Option<i64>, offset: i64) -> GenerateRowsRequest {
    let conditions = vec![Condition::from("red").on("color".to_owned()).unwrap()];
    GenerateRowsRequest {
        model: "models/numbers".to_owned(),
        count,
        offset,
        conditions,
        ..Default::default()
    }
}

fn resume(count: Option<i64>, offset: i64) -> Resume<GenerateRowsRequest> {
    Resume::new(request(count, offset), RetryPolicy::default())
}

fn unavailable() -> Error {
    Error::new(Code::Unavailable, "gone")
}

/// A response without values: only sizes matter here.
fn sized(first_index: i64, row_count: i64, first: bool) -> GenerateRowsResponse {
    GenerateRowsResponse {
        first_index,
        row_count,
        ..numbers(0, 0, first)
    }
}

#[track_caller]
fn breaks_protocol(result: Result<impl Sized, Error>, part: &str) {
    let error = result.err().expect("it should be refused");
    assert_eq!(error.code(), Code::Internal);
    assert!(error.message().contains(part), "{error}");
}

#[test]
fn the_first_request_is_the_callers_even_where_the_server_will_refuse_it() {
    for base in [
        request(None, 5),
        request(Some(i64::MAX), 5),
        request(Some(-1), 0),
        request(Some(3), -7),
    ] {
        assert_eq!(Resume::new(base.clone(), RetryPolicy::default()).request(), base);
    }
}

#[test]
fn a_stream_that_broke_before_its_first_response_is_asked_for_again_as_it_was() {
    let mut run = resume(Some(10), 5);
    run.broken(unavailable(), 1.0).unwrap();
    assert_eq!(run.request(), request(Some(10), 5));
}

#[test]
fn the_rest_is_asked_for_with_version_and_seed_of_the_first_response() {
    let mut run = resume(Some(10), 5);
    run.accept(sized(5, 3, true)).unwrap();
    run.broken(unavailable(), 1.0).unwrap();
    let expected = GenerateRowsRequest {
        model: MODEL.to_owned(),
        seed: Some(SEED),
        ..request(Some(7), 8)
    };
    assert_eq!(run.request(), expected);
}

#[test]
fn without_a_count_the_rest_has_none() {
    let mut run = resume(None, 0);
    run.accept(sized(0, 3, true)).unwrap();
    assert_eq!(run.request().count, None);
    assert_eq!(run.request().offset, 3);
}

#[test]
fn info_comes_once() {
    let mut run = resume(Some(10), 0);
    assert!(run.info().is_none());
    assert!(run.accept(sized(0, 3, true)).unwrap().unwrap().info.is_some());
    assert_eq!(run.info().unwrap().model, MODEL);
    run.broken(unavailable(), 1.0).unwrap();
    assert!(run.accept(sized(3, 7, true)).unwrap().unwrap().info.is_none());
    run.finish().unwrap();
}

#[test]
fn a_gap_a_repetition_and_too_much_are_refused() {
    for (first, size) in [(4, 1), (2, 1), (3, -1), (3, 8), (3, i64::MAX)] {
        let mut run = resume(Some(10), 0);
        run.accept(sized(0, 3, true)).unwrap();
        breaks_protocol(run.accept(sized(first, size, false)), "index");
    }
}

#[test]
fn nothing_comes_before_info() {
    breaks_protocol(
        resume(Some(10), 0).accept(sized(0, 3, false)),
        "neither model version nor seed",
    );
    let mut blank = sized(0, 3, true);
    blank.info.as_mut().unwrap().schema = None;
    breaks_protocol(resume(Some(10), 0).accept(blank), "no schema");
}

#[test]
fn another_version_seed_or_schema_than_before_is_refused() {
    let mut version = sized(3, 1, true);
    version.info.as_mut().unwrap().model = "models/numbers/versions/4".to_owned();
    let mut seed = sized(3, 1, true);
    seed.info.as_mut().unwrap().seed += 1;
    let mut schema = sized(3, 1, true);
    schema.info.as_mut().unwrap().schema.as_mut().unwrap().columns[0]
        .name
        .push('x');
    for (response, part) in [(version, "asked for"), (seed, "asked for"), (schema, "schema")] {
        let mut run = resume(Some(10), 0);
        run.accept(sized(0, 3, true)).unwrap();
        breaks_protocol(run.accept(response), part);
    }
}

#[test]
fn another_version_or_seed_than_asked_for_is_refused() {
    let version = GenerateRowsRequest {
        model: "models/numbers/versions/2".to_owned(),
        ..request(None, 0)
    };
    let seed = GenerateRowsRequest {
        seed: Some(SEED + 1),
        ..request(None, 0)
    };
    for request in [version, seed] {
        breaks_protocol(
            Resume::new(request, RetryPolicy::default()).accept(sized(0, 1, true)),
            "asked for",
        );
    }
}

#[test]
fn an_early_end_is_refused() {
    breaks_protocol(resume(Some(10), 0).finish(), "before it said what it is of");
    let mut run = resume(Some(10), 0);
    run.accept(sized(0, 9, true)).unwrap();
    breaks_protocol(run.finish(), "ended at index 9");
    let mut run = resume(None, 0);
    run.accept(sized(0, 9, true)).unwrap();
    breaks_protocol(run.finish(), "not cancelled");
}

#[test]
fn an_empty_stream_is_complete_once_it_has_answered() {
    let mut run = resume(Some(0), 5);
    assert!(!run.complete());
    run.accept(sized(5, 0, true)).unwrap();
    assert!(run.complete());
    run.finish().unwrap();
}

#[test]
fn an_error_when_nothing_is_missing_does_not_matter() {
    let mut run = resume(Some(3), 0);
    run.accept(sized(0, 3, true)).unwrap();
    assert_eq!(run.broken(Error::new(Code::Internal, "too late"), 1.0).unwrap(), None);
}

#[test]
fn a_stream_without_a_count_ends_with_the_indices() {
    let mut run = resume(None, i64::MAX - 4);
    run.accept(sized(i64::MAX - 4, 4, true)).unwrap();
    assert!(run.complete());
    assert_eq!(run.broken(Error::new(Code::OutOfRange, "no more"), 1.0).unwrap(), None);

    let mut run = resume(None, i64::MAX - 4);
    breaks_protocol(run.accept(sized(i64::MAX - 4, 5, true)), "index");
}

#[test]
fn failures_are_counted_since_the_last_sample() {
    let mut run = resume(None, 0);
    for _ in 0..3 {
        assert!(run.broken(unavailable(), 1.0).unwrap().is_some());
    }
    run.accept(sized(0, 1, true)).unwrap();
    for _ in 0..11 {
        assert!(run.broken(unavailable(), 1.0).unwrap().is_some());
        // A response without samples is no progress.
        run.accept(sized(1, 0, true)).unwrap();
    }
    let error = run.broken(unavailable(), 1.0).unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(
        error.message().contains("after 12 attempts") && error.message().contains("index 1"),
        "{error}"
    );
}

#[test]
fn a_wrong_address_is_told_after_four_attempts() {
    let mut run = resume(None, 0);
    let attempts = std::iter::repeat_with(|| run.broken(unavailable(), 1.0))
        .take_while(Result::is_ok)
        .count();
    assert_eq!(attempts, 3);
}

#[test]
fn an_error_of_another_kind_ends_the_stream_as_it_is() {
    let mut run = resume(Some(3), 0);
    let error = run
        .broken(Error::new(Code::NotFound, "no such model"), 1.0)
        .unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::NotFound, "no such model"));
}

/// However a server splits its calls and messages, and wherever they break, every sample arrives once and in order.
#[test]
fn any_sequence_of_breaks_gives_the_same_samples() {
    for case in 0..2_000u64 {
        let mut random = Random(case + 1);
        let offset = random.below(50) as i64;
        let count = random.below(200) as i64;
        let mut run = Resume::new(
            request(Some(count), offset),
            RetryPolicy {
                start_attempts: 1_000,
                resume_attempts: 1_000,
                ..RetryPolicy::default()
            },
        );
        let mut got: Vec<i64> = Vec::new();
        while !run.complete() {
            let asked = run.request();
            assert_eq!(asked.offset, offset + got.len() as i64);
            assert_eq!(asked.count, Some(count - got.len() as i64));
            assert_eq!(asked.conditions, request(None, 0).conditions);
            let (mut next, end) = (asked.offset, asked.offset + asked.count.unwrap());
            let mut first = true;
            loop {
                if random.below(3) == 0 {
                    break;
                }
                let size = (random.below(20) as i64).min(end - next);
                let response = run.accept(sized(next, size, first)).unwrap().unwrap();
                got.extend(response.first_index..response.first_index + response.row_count);
                next += size;
                first = false;
            }
            let again = run.broken(unavailable(), 0.5).unwrap();
            assert_eq!(again.is_none(), run.complete());
        }
        assert_eq!(got, (offset..offset + count).collect::<Vec<_>>(), "case {case}");
    }
}

/// A small pseudorandom generator (xorshift), so that a failing case can be reproduced.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        for shift in [13i32, -7, 17] {
            self.0 ^= if shift > 0 { self.0 << shift } else { self.0 >> -shift };
        }
        self.0 % bound
    }
}
