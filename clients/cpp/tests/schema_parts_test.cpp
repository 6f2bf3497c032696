#include <synthserve/client.h>

#include <functional>
#include <string>
#include <vector>

#include "fake_server.h"
#include "thrown.h"

namespace synthserve {
namespace {

constexpr RetryPolicy kQuick{.initial_backoff = std::chrono::milliseconds(1),
                             .max_backoff = std::chrono::milliseconds(1)};
const grpc::Status kAway(grpc::StatusCode::UNAVAILABLE, "away");

using Messages = std::vector<v1::GenerateRowsResponse>;

/// A message with categories of a column, and more of the preamble.
v1::GenerateRowsResponse part(int column, const std::vector<std::string>& categories, const std::string& preamble) {
  v1::GenerateRowsResponse response;
  auto& sent = *response.mutable_part();
  sent.set_preamble(preamble);
  sent.add_columns()->set_index(column);
  sent.mutable_columns(0)->mutable_categories()->Add(categories.begin(), categories.end());
  return response;
}

/// A stream of the rows from `first_index` to 3. Row `i` has the category `i` of 4. The schema takes three messages.
Messages four_cities(std::int64_t first_index = 0) {
  Messages messages(1);
  auto& info = *messages[0].mutable_info();
  info.set_model(kVersion);
  info.set_seed(kSeed);
  info.set_preamble("a");
  info.set_part_count(2);
  auto& column = *info.mutable_schema()->add_columns();
  column.set_name("city");
  column.set_type(v1::COLUMN_TYPE_CATEGORY);
  column.add_categories("Oslo");
  column.set_category_count(4);
  messages[0].set_first_index(first_index);
  messages.push_back(part(0, {"Rome", "Bern"}, "b"));
  messages.push_back(part(0, {"Wien"}, "c"));
  for (auto row = first_index; row < 4; ++row) {
    auto& rows = messages.emplace_back();
    rows.set_first_index(row);
    rows.set_row_count(1);
    rows.mutable_columns()->add_columns()->mutable_categories()->add_codes(static_cast<std::int32_t>(row));
  }
  return messages;
}

/// Sends at most a number of the messages.
void write(grpc::ServerWriter<v1::GenerateRowsResponse>& writer, const Messages& messages, std::size_t count = 1000) {
  for (std::size_t i = 0; i < std::min(count, messages.size()); ++i) {
    writer.Write(messages[i]);
  }
}

std::vector<std::string> cities(RowStream& stream) {
  std::vector<std::string> found;
  for (const auto row : stream.by_row()) {
    found.emplace_back(std::get<std::string_view>(row["city"]));
  }
  return found;
}

const std::vector<std::string> kCities = {"Oslo", "Rome", "Bern", "Wien"};

TEST(SchemaParts, AreThereBeforeTheFirstRow) {
  FakeServer server;
  server.on_rows = [](auto&, auto&, auto& writer) {
    write(writer, four_cities());
    return grpc::Status::OK;
  };
  auto stream = Client(server.target()).rows("m", {.count = 4});
  EXPECT_EQ(stream.info().schema().columns(0).categories_size(), 4);
  EXPECT_EQ(stream.info().preamble(), "abc");
  EXPECT_EQ(stream.info().part_count(), 0);
  EXPECT_EQ(cities(stream), kCities);
}

TEST(SchemaParts, OfAStreamWithoutRows) {
  FakeServer server;
  server.on_rows = [](auto&, auto&, auto& writer) {
    write(writer, four_cities(4));
    return grpc::Status::OK;
  };
  auto stream = Client(server.target()).rows("m", {.count = 0, .offset = 4});
  EXPECT_EQ(stream.next(), std::nullopt);
  EXPECT_EQ(stream.info().schema().columns(0).categories(3), "Wien");
}

TEST(SchemaParts, ComeAgainWhereverTheStreamBreaks) {
  for (std::size_t broken_after = 0; broken_after <= 6; ++broken_after) {
    int calls = 0;
    FakeServer server;
    server.on_rows = [&](auto&, const auto& request, auto& writer) {
      write(writer, four_cities(request.offset()), ++calls == 1 ? broken_after : 1000);
      return calls == 1 ? kAway : grpc::Status::OK;
    };
    auto stream = Client(server.target(), {.retry = kQuick}).rows("m", {.count = 4});
    EXPECT_EQ(cities(stream), kCities);
    EXPECT_EQ(calls, 2);
  }
}

TEST(SchemaParts, AStreamThatBreaksAmongThemHasNotBegun) {
  int calls = 0;
  FakeServer server;
  server.on_rows = [&](auto&, auto&, auto& writer) {
    ++calls;
    write(writer, four_cities(), 2);
    return kAway;
  };
  auto stream = Client(server.target(), {.retry = kQuick}).rows("m", {.count = 4});
  EXPECT_EQ(thrown_code([&] { stream.info(); }), Code::unavailable);
  EXPECT_EQ(calls, kQuick.start_attempts);
}

TEST(SchemaParts, OfAnotherSchemaThanBeforeAreRefused) {
  int calls = 0;
  FakeServer server;
  server.on_rows = [&](auto&, const auto& request, auto& writer) {
    auto messages = four_cities(request.offset());
    if (++calls == 1) {
      write(writer, messages, 4);
      return kAway;
    }
    messages[2].mutable_part()->mutable_columns(0)->set_categories(0, "Graz");
    write(writer, messages);
    return grpc::Status::OK;
  };
  auto stream = Client(server.target(), {.retry = kQuick}).rows("m", {.count = 4});
  EXPECT_EQ(thrown_code([&] { cities(stream); }), Code::internal);
}

TEST(SchemaParts, ThePreambleComesOnce) {
  int calls = 0;
  FakeServer server;
  server.on_rows = [&](auto&, const auto& request, auto& writer) {
    auto messages = four_cities(request.offset());
    for (std::size_t i = 3; i < messages.size(); ++i) {
      messages[i].set_data(std::to_string(messages[i].first_index()));
    }
    write(writer, messages, ++calls == 1 ? 5 : 1000);
    return calls == 1 ? kAway : grpc::Status::OK;
  };
  auto stream = Client(server.target(), {.retry = kQuick}).encoded_rows("m", RowFormat::arrow, {.count = 4});
  std::vector<std::string> chunks;
  std::int64_t rows = 0;
  for (const auto& chunk : stream) {
    chunks.push_back(chunk.data);
    rows += chunk.row_count;
  }
  EXPECT_EQ(chunks, (std::vector<std::string>{"abc", "0", "1", "2", "3"}));
  EXPECT_EQ(rows, 4);
}

TEST(SchemaParts, ThatBreakTheRulesAreRefused) {
  const auto refused = [](auto&& change) {
    auto messages = four_cities();
    change(messages);
    FakeServer server;
    server.on_rows = [&](auto&, auto&, auto& writer) {
      write(writer, messages);
      return grpc::Status::OK;
    };
    auto stream = Client(server.target(), {.retry = kQuick}).rows("m", {.count = 4});
    return thrown_code([&] { cities(stream); });
  };
  const auto column = [](Messages& m) { return m[0].mutable_info()->mutable_schema()->mutable_columns(0); };
  const auto category_part = [](Messages& m) { return m[1].mutable_part()->mutable_columns(0); };
  EXPECT_EQ(refused([&](auto& m) { category_part(m)->set_index(1); }), Code::internal);
  EXPECT_EQ(refused([&](auto& m) { category_part(m)->set_index(-1); }), Code::internal);
  EXPECT_EQ(refused([&](auto& m) { category_part(m)->add_categories("Graz"); }), Code::internal);
  EXPECT_EQ(refused([&](auto& m) { category_part(m)->mutable_categories()->RemoveLast(); }), Code::internal);
  EXPECT_EQ(refused([&](auto& m) { column(m)->set_category_count(0); }), Code::internal);
  EXPECT_EQ(refused([&](auto& m) { column(m)->set_category_count(std::numeric_limits<int>::min()); }), Code::internal);
  EXPECT_EQ(refused([&](auto& m) { column(m)->set_category_count(std::numeric_limits<int>::max()); }), Code::internal);
  EXPECT_EQ(refused([&](auto& m) { m[0].mutable_info()->set_part_count(-1); }), Code::internal);
  EXPECT_EQ(refused([&](auto& m) { m[0].mutable_info()->set_part_count(1); }), Code::internal);
  EXPECT_EQ(refused([&](auto& m) { m[0].mutable_info()->set_part_count(3); }), Code::internal);
  EXPECT_EQ(refused([&](auto& m) { m[0].set_row_count(1); }), Code::internal);
  EXPECT_EQ(refused([&](auto& m) { m[1].set_row_count(1); }), Code::internal);
  EXPECT_EQ(refused([&](auto& m) { std::swap(m[2], m[3]); }), Code::internal);
  EXPECT_EQ(refused([&](auto& m) { m.resize(2); }), Code::internal);
}

}  // namespace
}  // namespace synthserve
