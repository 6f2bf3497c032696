#include "deadline.h"

#include "thrown.h"

namespace synthserve::detail {
namespace {

using std::chrono::milliseconds;

const Error kCause(Code::unavailable, "the server is away");
const auto kNow = Deadline::Clock::time_point(std::chrono::hours(1));

TEST(Deadline, NoneIsNeverOver) {
  const Deadline deadline(std::nullopt, kNow);
  EXPECT_EQ(deadline.left(kNow + std::chrono::hours(1'000'000)), std::nullopt);
  EXPECT_NO_THROW(deadline.require(std::chrono::hours(1'000'000), kCause, kNow));
}

TEST(Deadline, RunsOut) {
  const Deadline deadline(milliseconds(500), kNow);
  EXPECT_EQ(deadline.left(kNow), milliseconds(500));
  EXPECT_EQ(deadline.left(kNow + milliseconds(499)), milliseconds(1));
  EXPECT_EQ(thrown_code([&] { deadline.left(kNow + milliseconds(500)); }), Code::deadline_exceeded);
}

TEST(Deadline, NoWaitGoesPastIt) {
  const Deadline deadline(milliseconds(500), kNow);
  EXPECT_NO_THROW(deadline.require(milliseconds(499), kCause, kNow));
  const auto error = thrown([&] { deadline.require(milliseconds(500), kCause, kNow); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Code::deadline_exceeded);
  EXPECT_NE(std::string(error->what()).find("the server is away"), std::string::npos);
}

TEST(Deadline, ExtremesDoNotOverflow) {
  EXPECT_EQ(Deadline(milliseconds::max(), kNow).left(kNow), std::nullopt);
  for (const auto past : {milliseconds::min(), milliseconds(-1), milliseconds(0)}) {
    EXPECT_EQ(thrown_code([&] { Deadline(past, kNow).left(kNow); }), Code::deadline_exceeded);
  }
}

}  // namespace
}  // namespace synthserve::detail
