#include <synthserve/client.h>

#include <limits>

#include "fake_server.h"
#include "thrown.h"

namespace synthserve {
namespace {

using std::chrono::milliseconds;

TEST(Timeout, IsMadeOfAnyUnit) {
  EXPECT_EQ(Timeout(std::chrono::seconds(2)), milliseconds(2000));
  EXPECT_EQ(Timeout(std::chrono::microseconds(1)), milliseconds(1));
  EXPECT_EQ(Timeout(std::chrono::microseconds(-1)), milliseconds(0));
  EXPECT_EQ(Timeout(std::chrono::duration<double>(1.5)), milliseconds(1500));
  EXPECT_EQ(Timeout(std::nullopt), std::nullopt);
  EXPECT_EQ(Timeout(std::optional(milliseconds(5))), milliseconds(5));
  EXPECT_EQ(Timeout(std::optional<milliseconds>()), std::nullopt);
}

TEST(Timeout, DoesNotOverflow) {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  EXPECT_EQ(Timeout(std::chrono::hours::max()), milliseconds::max());
  EXPECT_EQ(Timeout(std::chrono::seconds::max()), milliseconds::max());
  EXPECT_EQ(Timeout(milliseconds::max()), milliseconds::max());
  EXPECT_EQ(Timeout(std::chrono::duration<double>(kInfinite)), milliseconds::max());
  EXPECT_EQ(Timeout(std::chrono::hours::min()), milliseconds::min());
  EXPECT_EQ(Timeout(std::chrono::duration<double>(-kInfinite)), milliseconds::min());
}

TEST(Timeout, IsANumber) {
  const auto error = thrown([] { Timeout(std::chrono::duration<float>(std::numeric_limits<float>::quiet_NaN())); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Code::invalid_argument);
  EXPECT_EQ(error->details().fields.at(0).field, "timeout");
}

TEST(Timeout, AVeryLongOneIsNoLimit) {
  FakeServer server;
  server.on_list = [](auto& context, auto&, auto&) {
    EXPECT_EQ(context.deadline(), std::chrono::system_clock::time_point::max());
    return grpc::Status::OK;
  };
  const Client client(server.target());
  for (const Timeout timeout : {Timeout(std::chrono::hours::max()), Timeout(std::chrono::seconds::max()),
                                Timeout(std::chrono::seconds(1'000'000'000'000'000)), Timeout(milliseconds::max()),
                                Timeout(std::chrono::duration<double>(1e300))}) {
    EXPECT_NO_THROW(client.models({.timeout = timeout}));
  }
}

TEST(Timeout, ALongOneIsSent) {
  FakeServer server;
  server.on_list = [](auto& context, auto&, auto&) {
    EXPECT_GT(context.deadline(), std::chrono::system_clock::now() + std::chrono::hours(24 * 365));
    return grpc::Status::OK;
  };
  EXPECT_NO_THROW(Client(server.target()).models({.timeout = std::chrono::hours(24 * 365 * 49)}));
}

TEST(Timeout, WhatIsOverIsOverAtOnce) {
  const Client client("localhost:1");
  for (const Timeout timeout : {Timeout(milliseconds(0)), Timeout(milliseconds(-1)), Timeout(std::chrono::hours::min()),
                                Timeout(std::chrono::seconds::min())}) {
    EXPECT_EQ(thrown_code([&] { client.models({.timeout = timeout}); }), Code::deadline_exceeded);
  }
}

}  // namespace
}  // namespace synthserve
