#include <synthserve/client.h>

#include <atomic>
#include <future>
#include <thread>

#include "fake_server.h"
#include "thrown.h"

namespace synthserve {
namespace {

using std::chrono::milliseconds;

// Writes ten rows, and nothing more until the caller has gone.
void stall_after_ten(FakeServer& server, std::promise<void>& gone) {
  server.on_rows = [&gone](auto& context, auto&, auto& writer) {
    writer.Write(rows_from(0, 10, true));
    auto status = wait_for_cancel(context);
    gone.set_value();
    return status;
  };
}

TEST(Cancel, EndsAWaitFromAnotherThread) {
  std::promise<void> gone;
  FakeServer server;
  stall_after_ten(server, gone);
  auto stream = Client(server.target()).rows("m");
  ASSERT_TRUE(stream.next());
  std::thread other([&] { stream.cancel(); });
  EXPECT_EQ(thrown_code([&] { stream.next(); }), Code::cancelled);
  other.join();
  gone.get_future().wait();
  EXPECT_EQ(thrown_code([&] { stream.next(); }), Code::cancelled);
}

TEST(Cancel, WorksBeforeTheFirstMessage) {
  std::promise<void> begun;
  FakeServer server;
  server.on_rows = [&](auto& context, auto&, auto&) {
    begun.set_value();
    return wait_for_cancel(context);
  };
  auto stream = Client(server.target()).rows("m");
  std::thread other([&] {
    begun.get_future().wait();
    stream.cancel();
  });
  EXPECT_EQ(thrown_code([&] { stream.info(); }), Code::cancelled);
  other.join();
}

TEST(Cancel, HoldsForWhatHasComeAlready) {
  FakeServer server;
  server.on_images = [](auto& context, auto&, auto& writer) {
    v1::GenerateImagesResponse response;
    response.mutable_info()->set_model(kVersion);
    for (int i = 0; i < 5; ++i) {
      response.add_images("image");
    }
    writer.Write(response);
    return wait_for_cancel(context);
  };
  auto stream = Client(server.target()).images("m");
  ASSERT_TRUE(stream.next());
  stream.cancel();
  EXPECT_EQ(thrown_code([&] { stream.next(); }), Code::cancelled);
}

TEST(Cancel, EndsAPauseBetweenAttempts) {
  std::promise<void> asked;
  FakeServer server;
  server.on_rows = [&](auto&, auto&, auto&) {
    asked.set_value();
    return come_back(grpc::StatusCode::UNAVAILABLE, std::chrono::hours(1));
  };
  auto stream = Client(server.target()).rows("m");
  std::thread other([&] {
    asked.get_future().wait();
    stream.cancel();
  });
  EXPECT_EQ(thrown_code([&] { stream.next(); }), Code::cancelled);
  other.join();
}

TEST(Cancel, ComesFromAStopToken) {
  std::promise<void> gone;
  FakeServer server;
  stall_after_ten(server, gone);
  std::stop_source stop;
  auto stream = Client(server.target()).rows("m", {.stop = stop.get_token()});
  ASSERT_TRUE(stream.next());
  std::jthread other([&] { stop.request_stop(); });
  EXPECT_EQ(thrown_code([&] { stream.next(); }), Code::cancelled);
  gone.get_future().wait();
}

TEST(Cancel, AStopBeforeTheStartSendsNothing) {
  std::stop_source stop;
  stop.request_stop();
  FakeServer server;
  const Client client(server.target());
  auto stream = client.rows("m", {.stop = stop.get_token()});
  EXPECT_EQ(thrown_code([&] { stream.next(); }), Code::cancelled);
  EXPECT_EQ(thrown_code([&] { client.models({.stop = stop.get_token()}); }), Code::cancelled);
}

TEST(Cancel, EndsUnaryCalls) {
  std::promise<void> begun;
  FakeServer server;
  server.on_get = [&](auto& context, auto&, auto&) {
    begun.set_value();
    return wait_for_cancel(context);
  };
  std::stop_source stop;
  std::jthread other([&] {
    begun.get_future().wait();
    stop.request_stop();
  });
  EXPECT_EQ(thrown_code([&] { Client(server.target()).model("m", {.stop = stop.get_token()}); }), Code::cancelled);
}

TEST(Cancel, HappensWhenAStreamIsDropped) {
  std::promise<void> gone;
  FakeServer server;
  stall_after_ten(server, gone);
  {
    auto stream = Client(server.target()).rows("m");
    ASSERT_TRUE(stream.next());
  }
  gone.get_future().wait();
}

TEST(Deadline, EndsAStream) {
  std::promise<void> gone;
  FakeServer server;
  stall_after_ten(server, gone);
  auto stream = Client(server.target()).rows("m", {.timeout = milliseconds(100)});
  EXPECT_EQ(thrown_code([&] {
              while (stream.next()) {
              }
            }),
            Code::deadline_exceeded);
}

TEST(Deadline, EndsUnaryCalls) {
  FakeServer server;
  server.on_get = [&](auto& context, auto&, auto&) { return wait_for_cancel(context); };
  EXPECT_EQ(thrown_code([&] { Client(server.target()).model("m", {.timeout = milliseconds(100)}); }),
            Code::deadline_exceeded);
}

TEST(Deadline, IsNotWaitedForWhereWaitingIsUseless) {
  FakeServer server;
  server.on_rows = [](auto&, auto&, auto&) {
    return come_back(grpc::StatusCode::UNAVAILABLE, std::chrono::hours(100));
  };
  auto stream = Client(server.target()).rows("m", {.timeout = std::chrono::hours(1)});
  const auto error = thrown([&] { stream.next(); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Code::deadline_exceeded);
  EXPECT_NE(std::string(error->what()).find("come back later"), std::string::npos);
}

TEST(BackPressure, ASlowReaderSlowsTheServerDown) {
  constexpr std::size_t kBytes = 1'000'000;
  constexpr int kMessages = 512;
  std::atomic<int> written = 0;
  FakeServer server;
  server.on_rows = [&](auto&, auto&, auto& writer) {
    const std::string data(kBytes, 'x');
    for (int i = 0; i < kMessages; ++i) {
      auto response = rows_from(i, 1, i == 0);
      response.set_data(data);
      if (!writer.Write(response)) {
        break;
      }
      ++written;
    }
    return grpc::Status::OK;
  };
  auto stream = Client(server.target()).encoded_rows("m", RowFormat::csv);
  ASSERT_TRUE(stream.next());
  // Waits until the server has sent nothing more for a while.
  for (int before = -1; before != written;) {
    before = written;
    std::this_thread::sleep_for(milliseconds(200));
  }
  EXPECT_LT(written, kMessages / 4);
}

}  // namespace
}  // namespace synthserve
