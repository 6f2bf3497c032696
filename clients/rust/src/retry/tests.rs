use tonic_types::ErrorDetails;

use super::*;

fn error(code: Code, retry_delay: Option<Duration>) -> Error {
    let details = retry_delay.map_or_else(ErrorDetails::new, |delay| ErrorDetails::with_retry_info(Some(delay)));
    Error::with_details(code, "it failed", None, details)
}

const MS: Duration = Duration::from_millis(1);

#[test]
fn waits_double_up_to_the_longest() {
    let unavailable = error(Code::Unavailable, None);
    let waits: Vec<u128> = (1..12)
        .map(|failures| {
            RetryPolicy::default()
                .delay(failures, &unavailable, true, 1.0)
                .unwrap()
                .as_millis()
        })
        .collect();
    assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000, 5000]);
}

#[test]
fn a_wait_is_shortened_by_the_random_share() {
    let unavailable = error(Code::Unavailable, None);
    assert_eq!(RetryPolicy::default().delay(3, &unavailable, true, 0.5), Some(200 * MS));
    assert_eq!(
        RetryPolicy::default().delay(3, &unavailable, true, 0.75),
        Some(300 * MS)
    );
}

#[test]
fn attempts_end_sooner_before_a_stream_has_begun() {
    let unavailable = error(Code::Unavailable, None);
    let waits = |started| {
        (1..20)
            .take_while(|n| RetryPolicy::default().delay(*n, &unavailable, started, 1.0).is_some())
            .count()
    };
    assert_eq!((waits(false), waits(true)), (3, 11));
}

#[test]
fn never_means_never() {
    for started in [false, true] {
        for error in [error(Code::Unavailable, None), error(Code::ResourceExhausted, Some(MS))] {
            assert_eq!(RetryPolicy::never().delay(1, &error, started, 1.0), None);
        }
    }
}

#[test]
fn no_wait_is_shorter_than_what_an_unavailable_server_asks_for() {
    let policy = RetryPolicy::default();
    assert_eq!(
        policy.delay(1, &error(Code::Unavailable, Some(700 * MS)), true, 1.0),
        Some(700 * MS)
    );
    assert_eq!(
        policy.delay(1, &error(Code::Unavailable, Some(70 * MS)), true, 1.0),
        Some(100 * MS)
    );
}

#[test]
fn a_limit_is_waited_for_and_the_wait_of_the_policy_on_top() {
    let policy = RetryPolicy::default();
    assert_eq!(
        policy.delay(2, &error(Code::ResourceExhausted, Some(700 * MS)), true, 1.0),
        Some(900 * MS)
    );
    assert_eq!(policy.delay(1, &error(Code::ResourceExhausted, None), true, 1.0), None);
}

#[test]
fn no_other_error_is_tried_again() {
    for number in 0..17 {
        let code = Code::from(number);
        if !matches!(code, Code::Unavailable | Code::ResourceExhausted) {
            assert_eq!(
                RetryPolicy::default().delay(1, &error(code, Some(MS)), true, 1.0),
                None,
                "{code:?}"
            );
        }
    }
}

#[test]
fn no_policy_overflows() {
    let unavailable = error(Code::Unavailable, None);
    let policies = [
        RetryPolicy {
            multiplier: f64::MAX,
            ..RetryPolicy::default()
        },
        RetryPolicy {
            multiplier: f64::INFINITY,
            ..RetryPolicy::default()
        },
        RetryPolicy {
            initial_backoff: Duration::ZERO,
            multiplier: f64::INFINITY,
            ..RetryPolicy::default()
        },
        RetryPolicy {
            initial_backoff: Duration::MAX,
            max_backoff: Duration::MAX,
            ..RetryPolicy::default()
        },
    ];
    for policy in policies.map(|policy| RetryPolicy {
        resume_attempts: u32::MAX,
        ..policy
    }) {
        policy.check().unwrap();
        for failures in [1, 2, 100, u32::MAX - 1] {
            let wait = policy.delay(failures, &unavailable, true, 1.0).unwrap();
            assert!(wait <= policy.max_backoff, "{policy:?} {failures} {wait:?}");
        }
    }
}

#[test]
fn policies_out_of_range_are_refused() {
    for policy in [
        RetryPolicy {
            start_attempts: 0,
            ..RetryPolicy::default()
        },
        RetryPolicy {
            resume_attempts: 0,
            ..RetryPolicy::default()
        },
        RetryPolicy {
            initial_backoff: Duration::from_secs(6),
            ..RetryPolicy::default()
        },
        RetryPolicy {
            multiplier: 0.9,
            ..RetryPolicy::default()
        },
        RetryPolicy {
            multiplier: f64::NAN,
            ..RetryPolicy::default()
        },
    ] {
        assert_eq!(
            policy.check().unwrap_err().field_violations()[0].field,
            "retry",
            "{policy:?}"
        );
    }
    RetryPolicy::default().check().unwrap();
    RetryPolicy::never().check().unwrap();
}

#[test]
fn only_waits_that_end_before_the_deadline_are_begun() {
    let start = Instant::now();
    let deadline = Deadline::new(start, 1000 * MS).unwrap();
    let cause = error(Code::Unavailable, None);
    deadline.fit(start + 400 * MS, 599 * MS, &cause).unwrap();
    for (now, wait) in [(400, 600), (1000, 0), (2000, 1)] {
        let error = deadline.fit(start + now * MS, wait * MS, &cause).unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded);
        assert!(error.message().contains("it failed"), "{error}");
    }
    assert!(deadline.fit(start, Duration::MAX, &cause).is_err());
}

#[test]
fn a_timeout_beyond_the_clock_is_none() {
    assert!(Deadline::new(Instant::now(), Duration::MAX).is_none());
    assert!(Deadline::new(Instant::now(), FOREVER).is_none());
    assert!(Deadline::new(Instant::now(), FOREVER - MS).is_some());
}

#[tokio::test]
async fn no_wait_is_longer_than_clocks_and_timers_take() {
    let error = error(Code::ResourceExhausted, Some(Duration::MAX));
    let policy = RetryPolicy {
        initial_backoff: Duration::MAX,
        max_backoff: Duration::MAX,
        ..RetryPolicy::default()
    };
    let wait = policy.delay(1, &error, false, 1.0).unwrap();
    assert_eq!(wait, FOREVER);
    for wait in [wait, Duration::MAX] {
        let alarm = std::pin::pin!(crate::alarm::Alarm::after(wait).unwrap());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(alarm.poll(&mut context).is_pending());
    }
}
