#include "retry.h"

#include <array>
#include <random>

#include "thrown.h"

namespace synthserve::detail {
namespace {

using std::chrono::milliseconds;

Error unavailable(std::optional<milliseconds> delay = std::nullopt) {
  return {Code::unavailable, "away", {.retry_delay = delay}};
}

Error over_limit(std::optional<milliseconds> delay) {
  return {Code::resource_exhausted, "full", {.retry_delay = delay}};
}

TEST(Retry, WaitsDoubleUpToTheLongest) {
  const std::array expected = {milliseconds(100),  milliseconds(200),  milliseconds(400),  milliseconds(800),
                               milliseconds(1600), milliseconds(3200), milliseconds(5000), milliseconds(5000)};
  int failures = 0;
  for (const auto wait : expected) {
    EXPECT_EQ(wait_before_next({}, ++failures, true, unavailable(), 0), wait);
    EXPECT_EQ(wait_before_next({}, failures, true, unavailable(), 1), wait / 2);
  }
}

TEST(Retry, ALaterWaitIsNeverOutOfBounds) {
  const RetryPolicy patient{.start_attempts = 2'000'000'000, .resume_attempts = 2'000'000'000};
  for (const int failures : {30, 64, 1000, 1'999'999'999}) {
    EXPECT_EQ(wait_before_next(patient, failures, false, unavailable(), 0), milliseconds(5000));
  }
}

TEST(Retry, AttemptsBeforeAndAfterTheStart) {
  EXPECT_NO_THROW(wait_before_next({}, 3, false, unavailable(), 0));
  EXPECT_EQ(thrown_code([] { wait_before_next({}, 4, false, unavailable(), 0); }), Code::unavailable);
  EXPECT_NO_THROW(wait_before_next({}, 11, true, unavailable(), 0));
  EXPECT_EQ(thrown_code([] { wait_before_next({}, 12, true, unavailable(), 0); }), Code::unavailable);
}

TEST(Retry, GivingUpIsSaidOnlyAfterSeveralAttempts) {
  const auto last = thrown([] { wait_before_next({}, 4, false, unavailable(), 0); });
  const auto only = thrown([] { wait_before_next(RetryPolicy::never(), 1, false, unavailable(), 0); });
  ASSERT_TRUE(last && only);
  EXPECT_STREQ(last->what(), "away; gave up after 4 attempts");
  EXPECT_STREQ(only->what(), "away");
}

TEST(Retry, NeverTriesAgain) {
  for (const bool started : {false, true}) {
    EXPECT_EQ(thrown_code([&] { wait_before_next(RetryPolicy::never(), 1, started, unavailable(), 0); }),
              Code::unavailable);
    EXPECT_EQ(thrown_code([&] { wait_before_next(RetryPolicy::never(), 1, started, over_limit(milliseconds(1)), 0); }),
              Code::resource_exhausted);
  }
}

TEST(Retry, IsNotSoonerThanTheServerSays) {
  EXPECT_EQ(wait_before_next({}, 1, false, unavailable(milliseconds(2500)), 0.5), milliseconds(2500));
  EXPECT_EQ(wait_before_next({}, 1, false, unavailable(milliseconds(20)), 0), milliseconds(100));
}

TEST(Retry, AfterALimitComesBothWaits) {
  EXPECT_EQ(wait_before_next({}, 1, false, over_limit(milliseconds(2500)), 0), milliseconds(2600));
  EXPECT_EQ(wait_before_next({}, 2, true, over_limit(milliseconds(0)), 1), milliseconds(100));
  EXPECT_EQ(thrown_code([] { wait_before_next({}, 1, false, over_limit(std::nullopt), 0); }), Code::resource_exhausted);
}

TEST(Retry, OtherErrorsEndTheCall) {
  for (int code = 1; code <= 16; ++code) {
    const Error error(static_cast<Code>(code), "no", {.retry_delay = milliseconds(1)});
    if (error.code() != Code::unavailable && error.code() != Code::resource_exhausted) {
      EXPECT_EQ(thrown_code([&] { wait_before_next({}, 1, true, error, 0); }), error.code());
    }
  }
}

TEST(Retry, EveryWaitIsWithinItsBounds) {
  std::mt19937 random(1);
  std::uniform_int_distribution<int> times(0, 10'000);
  std::uniform_real_distribution<double> parts(0, 1);
  for (int run = 0; run < 2000; ++run) {
    const milliseconds first(times(random));
    const RetryPolicy policy{
        .start_attempts = 100, .initial_backoff = first, .max_backoff = first + milliseconds(times(random))};
    check(policy);
    const int failures = 1 + run % 99;
    const auto wait = wait_before_next(policy, failures, false, unavailable(), parts(random));
    EXPECT_GE(wait, policy.initial_backoff / 2.0);
    EXPECT_LE(wait, policy.max_backoff);
    const milliseconds asked(times(random));
    EXPECT_GE(wait_before_next(policy, failures, false, unavailable(asked), parts(random)), asked);
    EXPECT_GE(wait_before_next(policy, failures, false, over_limit(asked), parts(random)), asked + first / 2.0);
  }
}

TEST(Retry, ValuesOutOfRangeAreRefused) {
  EXPECT_NO_THROW(check({}));
  EXPECT_NO_THROW(check(RetryPolicy::never()));
  EXPECT_NO_THROW(check({.initial_backoff = milliseconds(0), .max_backoff = milliseconds(0)}));
  for (const auto& policy : {RetryPolicy{.start_attempts = 0}, RetryPolicy{.resume_attempts = -1},
                             RetryPolicy{.initial_backoff = milliseconds(-1)},
                             RetryPolicy{.initial_backoff = milliseconds(2), .max_backoff = milliseconds(1)},
                             RetryPolicy{.max_backoff = milliseconds::max()}}) {
    EXPECT_EQ(thrown_code([&] { check(policy); }), Code::invalid_argument);
  }
}

}  // namespace
}  // namespace synthserve::detail
