#include <synthserve/client.h>

#include <numeric>
#include <vector>

#include "fake_server.h"
#include "thrown.h"

namespace synthserve {
namespace {

constexpr RetryPolicy kQuick{.initial_backoff = std::chrono::milliseconds(1),
                             .max_backoff = std::chrono::milliseconds(1)};

std::vector<std::int64_t> ids(RowStream& stream) {
  std::vector<std::int64_t> found;
  for (const auto& batch : stream) {
    const auto values = batch.column("id").int64s();
    found.insert(found.end(), values.begin(), values.end());
  }
  return found;
}

std::vector<std::int64_t> numbers(std::int64_t first, std::size_t count) {
  std::vector<std::int64_t> expected(count);
  std::iota(expected.begin(), expected.end(), first);
  return expected;
}

TEST(RowStreams, GoOnWhereTheyBroke) {
  for (const auto code : {grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::CANCELLED}) {
    std::vector<v1::GenerateRowsRequest> requests;
    FakeServer server;
    server.on_rows = [&](auto&, const auto& request, auto& writer) {
      requests.push_back(request);
      return requests.size() < 4 ? serve_rows(request, writer, 25 * requests.size() - 5, {code, "broken off"})
                                 : serve_rows(request, writer);
    };
    auto stream = Client(server.target(), {.retry = kQuick}).rows("m", {.count = 100, .offset = 3});
    EXPECT_EQ(ids(stream), numbers(3, 100));
    ASSERT_EQ(requests.size(), 4U);
    EXPECT_EQ(requests[0].model(), "models/m");
    EXPECT_FALSE(requests[0].has_seed());
    EXPECT_EQ(requests[3].model(), kVersion);
    EXPECT_EQ(requests[3].seed(), kSeed);
    EXPECT_EQ(requests[3].offset(), 70);
    EXPECT_EQ(requests[3].count(), 33);
    EXPECT_EQ(stream.info().model(), kVersion);
    EXPECT_EQ(stream.info().seed(), kSeed);
  }
}

TEST(RowStreams, TellWhatHoldsBeforeTheFirstBatch) {
  FakeServer server;
  server.on_rows = [&](auto&, const auto& request, auto& writer) { return serve_rows(request, writer); };
  auto stream = Client(server.target()).rows("m", {.count = 30});
  EXPECT_EQ(stream.info().schema().columns(0).name(), "id");
  EXPECT_EQ(ids(stream), numbers(0, 30));
}

TEST(RowStreams, CanBeEmpty) {
  FakeServer server;
  server.on_rows = [&](auto&, const auto& request, auto& writer) { return serve_rows(request, writer); };
  auto stream = Client(server.target()).rows("m", {.count = 0});
  EXPECT_EQ(stream.next(), std::nullopt);
  EXPECT_EQ(stream.info().model(), kVersion);
}

TEST(RowStreams, DoNotMindAnErrorAfterTheLastRow) {
  FakeServer server;
  server.on_rows = [&](auto&, const auto& request, auto& writer) {
    serve_rows(request, writer);
    return grpc::Status(grpc::StatusCode::INTERNAL, "too late");
  };
  auto stream = Client(server.target()).rows("m", {.count = 30});
  EXPECT_EQ(ids(stream), numbers(0, 30));
}

TEST(RowStreams, WithoutACountEndAtTheLastIndex) {
  FakeServer server;
  server.on_rows = [&](auto&, const auto& request, auto& writer) {
    EXPECT_FALSE(request.has_count());
    writer.Write(rows_from(request.offset(), 5, true));
    return grpc::Status(grpc::StatusCode::OUT_OF_RANGE, "no more");
  };
  constexpr auto kFirst = std::numeric_limits<std::int64_t>::max() - 5;
  auto stream = Client(server.target()).rows("m", {.offset = kFirst});
  EXPECT_EQ(ids(stream), numbers(kFirst, 5));
}

TEST(RowStreams, StopAtWhatBreaksTheProtocol) {
  int calls = 0;
  FakeServer server;
  server.on_rows = [&](auto&, auto&, auto& writer) {
    ++calls;
    writer.Write(rows_from(0, 10, true));
    writer.Write(rows_from(11, 10, false));
    return grpc::Status::OK;
  };
  auto stream = Client(server.target(), {.retry = kQuick}).rows("m", {.count = 100});
  EXPECT_TRUE(stream.next());
  EXPECT_EQ(thrown_code([&] { stream.next(); }), Code::internal);
  EXPECT_EQ(thrown_code([&] { stream.next(); }), Code::internal);
  EXPECT_EQ(calls, 1);
}

TEST(RowStreams, StopAtColumnsThatDoNotFit) {
  FakeServer server;
  server.on_rows = [&](auto&, auto&, auto& writer) {
    auto response = rows_from(0, 10, true);
    response.mutable_columns()->mutable_columns(0)->mutable_int64s()->add_values(1);
    writer.Write(response);
    return grpc::Status::OK;
  };
  auto stream = Client(server.target()).rows("m", {.count = 10});
  EXPECT_EQ(thrown_code([&] { stream.next(); }), Code::internal);
  EXPECT_EQ(thrown_code([&] { stream.next(); }), Code::internal);
}

TEST(RowStreams, ComeBackAfterALimit) {
  int calls = 0;
  FakeServer server;
  server.on_rows = [&](auto&, const auto& request, auto& writer) {
    return ++calls < 3 ? come_back(grpc::StatusCode::RESOURCE_EXHAUSTED, std::chrono::milliseconds(1))
                       : serve_rows(request, writer);
  };
  auto stream = Client(server.target(), {.retry = kQuick}).rows("m", {.count = 30});
  EXPECT_EQ(ids(stream), numbers(0, 30));
  EXPECT_EQ(calls, 3);
}

TEST(RowStreams, AreNotResumedWithoutRetries) {
  FakeServer server;
  server.on_rows = [&](auto&, const auto& request, auto& writer) { return serve_rows(request, writer, 10); };
  auto stream = Client(server.target(), {.retry = RetryPolicy::never()}).rows("m", {.count = 30});
  EXPECT_TRUE(stream.next());
  EXPECT_EQ(thrown_code([&] { stream.next(); }), Code::unavailable);
}

TEST(RowStreams, ThatWereMovedFromSaySo) {
  auto stream = Client("localhost:1").rows("m");
  const auto moved = std::move(stream);
  // NOLINTBEGIN(bugprone-use-after-move)
  EXPECT_EQ(thrown_code([&] { stream.next(); }), Code::failed_precondition);
  EXPECT_EQ(thrown_code([&] { stream.info(); }), Code::failed_precondition);
  EXPECT_EQ(thrown_code([&] { stream.by_row().begin(); }), Code::failed_precondition);
  stream.cancel();
  // NOLINTEND(bugprone-use-after-move)
}

TEST(EncodedRowStreams, HaveOnePreamble) {
  int calls = 0;
  FakeServer server;
  server.on_rows = [&](auto&, const auto& request, auto& writer) {
    auto response = rows_from(request.offset(), 1, true);
    response.mutable_info()->set_preamble("header\n");
    response.set_data(std::to_string(request.offset()) + "\n");
    writer.Write(response);
    return ++calls < 3 ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "broken off") : grpc::Status::OK;
  };
  auto stream = Client(server.target(), {.retry = kQuick}).encoded_rows("m", RowFormat::csv, {.count = 3});
  std::string file;
  for (const auto& chunk : stream) {
    EXPECT_EQ(chunk.row_count, 1);
    file += chunk.data;
  }
  EXPECT_EQ(file, "header\n0\n1\n2\n");
}

TEST(EncodedRowStreams, TakeLargeMessages) {
  constexpr std::size_t kBytes = 60'000'000;
  FakeServer server;
  server.on_rows = [&](auto&, auto&, auto& writer) {
    auto response = rows_from(0, 1, true);
    response.set_data(std::string(kBytes, 'x'));
    writer.Write(response);
    return grpc::Status::OK;
  };
  auto stream = Client(server.target()).encoded_rows("m", RowFormat::csv, {.count = 1});
  const auto chunk = stream.next();
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->data.size(), kBytes);
}

TEST(ImageStreams, GiveImagesOneByOneAcrossABreak) {
  FakeServer server;
  server.on_images = [&](auto&, const auto& request, auto& writer) {
    v1::GenerateImagesResponse response;
    response.mutable_info()->set_model(kVersion);
    response.mutable_info()->set_seed(kSeed);
    response.set_first_index(request.offset());
    for (auto i = request.offset(); i < request.offset() + std::min<std::int64_t>(request.count(), 3); ++i) {
      response.add_images("image " + std::to_string(i));
    }
    writer.Write(response);
    return request.count() > 3 ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "broken off") : grpc::Status::OK;
  };
  auto stream = Client(server.target(), {.retry = kQuick}).images("m", {.count = 8});
  std::int64_t next = 0;
  for (const auto& image : stream) {
    EXPECT_EQ(image.index, next);
    EXPECT_EQ(image.data, "image " + std::to_string(next));
    ++next;
  }
  EXPECT_EQ(next, 8);
}

}  // namespace
}  // namespace synthserve
