#include <synthserve/client.h>

#include <atomic>
#include <map>
#include <vector>

#include "fake_server.h"
#include "thrown.h"

namespace synthserve {
namespace {

constexpr RetryPolicy kQuick{.initial_backoff = std::chrono::milliseconds(1),
                             .max_backoff = std::chrono::milliseconds(1)};
const grpc::Status kAway(grpc::StatusCode::UNAVAILABLE, "away");

std::multimap<std::string, std::string> headers(const grpc::ServerContext& context) {
  std::multimap<std::string, std::string> found;
  for (const auto& [name, value] : context.client_metadata()) {
    found.emplace(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
  }
  return found;
}

TEST(Client, TriesUnaryCallsAgain) {
  std::atomic<int> calls = 0;
  FakeServer server;
  server.on_get = [&](auto&, const auto& request, auto& response) {
    EXPECT_EQ(request.name(), "models/m/versions/3");
    if (++calls < 4) {
      return calls == 2 ? come_back(grpc::StatusCode::RESOURCE_EXHAUSTED, std::chrono::milliseconds(1)) : kAway;
    }
    response.mutable_model()->set_version(kVersion);
    return grpc::Status::OK;
  };
  EXPECT_EQ(Client(server.target(), {.retry = kQuick}).model("m@3").version(), kVersion);
  EXPECT_EQ(calls, 4);
}

TEST(Client, GivesUpOnUnaryCalls) {
  std::atomic<int> calls = 0;
  FakeServer server;
  server.on_get = [&](auto&, auto&, auto&) {
    ++calls;
    return kAway;
  };
  EXPECT_EQ(thrown_code([&] { Client(server.target(), {.retry = kQuick}).model("m"); }), Code::unavailable);
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(thrown_code([&] { Client(server.target(), {.retry = RetryPolicy::never()}).model("m"); }),
            Code::unavailable);
  EXPECT_EQ(calls, 5);
}

TEST(Client, TellsWhatTheServerSays) {
  FakeServer server;
  server.on_get = [&](auto& context, auto&, auto&) {
    context.AddTrailingMetadata("x-request-id", "4711");
    return come_back(grpc::StatusCode::FAILED_PRECONDITION, std::chrono::milliseconds(1500));
  };
  const auto error = thrown([&] { Client(server.target()).model("m"); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Code::failed_precondition);
  EXPECT_EQ(error->details().request_id, "4711");
  EXPECT_EQ(error->details().retry_delay, std::chrono::milliseconds(1500));
}

TEST(Client, SaysWhoItIs) {
  FakeServer server;
  server.on_list = [](auto& context, auto&, auto&) {
    const auto sent = headers(context);
    EXPECT_TRUE(sent.find("user-agent")->second.starts_with("synthserve-cpp/0.1.0 "));
    EXPECT_EQ(sent.count("authorization"), 0U);
    return grpc::Status::OK;
  };
  EXPECT_TRUE(Client(server.target()).models().empty());
}

TEST(Client, SendsItsToken) {
  FakeServer server;
  server.on_list = [](auto& context, auto&, auto&) {
    const auto sent = headers(context);
    EXPECT_EQ(sent.count("authorization"), 1U);
    EXPECT_EQ(sent.find("authorization")->second, "Bearer secret");
    return grpc::Status::OK;
  };
  Client(server.target(), {.token = "secret"}).models();
}

TEST(Client, AsksForATokenForEachAttempt) {
  std::vector<std::string> seen;
  FakeServer server;
  server.on_list = [&](auto& context, auto&, auto&) {
    seen.push_back(headers(context).find("authorization")->second);
    return seen.size() < 3 ? kAway : grpc::Status::OK;
  };
  int made = 0;
  const Token token = [&] { return "token " + std::to_string(++made); };
  Client(server.target(), {.token = token, .retry = kQuick}).models();
  EXPECT_EQ(seen, (std::vector<std::string>{"Bearer token 1", "Bearer token 2", "Bearer token 3"}));
}

TEST(Client, KeepsItsTokenFromOthers) {
  const auto refused = thrown([] { Client("example.org:50051", {.token = "secret"}); });
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code(), Code::invalid_argument);
  EXPECT_EQ(refused->details().fields.at(0).field, "token");
  EXPECT_EQ(std::string(refused->what()).find("secret"), std::string::npos);
  EXPECT_NO_THROW(Client("example.org:50051", {.token = "secret", .insecure_token = true}));
  EXPECT_NO_THROW(Client("example.org:50051", {.tls = TlsOptions{}, .token = "secret"}));
}

TEST(Client, RefusesWhatCannotBe) {
  EXPECT_EQ(thrown_code([] { Client("localhost:0"); }), Code::invalid_argument);
  EXPECT_EQ(thrown_code([] { Client("localhost:1", {.retry = {.start_attempts = 0}}); }), Code::invalid_argument);
  const Client client("localhost:1");
  EXPECT_EQ(thrown_code([&] { client.model("a/b"); }), Code::invalid_argument);
  EXPECT_EQ(thrown_code([&] { static_cast<void>(client.rows("")); }), Code::invalid_argument);
  EXPECT_EQ(thrown_code([&] { static_cast<void>(client.encoded_rows("a@b", RowFormat::csv)); }),
            Code::invalid_argument);
  EXPECT_EQ(thrown_code([&] { static_cast<void>(client.images("@")); }), Code::invalid_argument);
}

TEST(Client, RefusesTextThatIsNotUtf8) {
  const Client client("localhost:1");
  const auto field = [](auto&& call) {
    const auto error = thrown(call);
    return error && error->code() == Code::invalid_argument ? error->details().fields.at(0).field : "";
  };
  EXPECT_EQ(field([&] { client.model("caf\xE9"); }), "model");
  EXPECT_EQ(field([&] { client.model("models/caf\xE9"); }), "model");
  EXPECT_EQ(field([&] { static_cast<void>(client.rows("m", {.where = {{"city", "\xFF"}}})); }), "conditions[city]");
  EXPECT_EQ(field([&] { static_cast<void>(client.images("m", {.where = {{"\xFF", "Rome"}}})); }), "conditions");
}

TEST(Client, RefusesFormatsThatAreNone) {
  const Client client("localhost:1");
  EXPECT_EQ(thrown_code([&] { static_cast<void>(client.encoded_rows("m", static_cast<RowFormat>(99))); }),
            Code::invalid_argument);
  EXPECT_EQ(thrown_code([&] { static_cast<void>(client.images("m", {.format = static_cast<ImageFormat>(99)})); }),
            Code::invalid_argument);
}

TEST(Client, RefusesTokensWhenItIsMade) {
  for (const Token& token : {Token("two\nlines"), Token(""), Token(std::function<std::string()>())}) {
    EXPECT_EQ(thrown_code([&] { Client("localhost:1", {.token = token}); }), Code::invalid_argument);
  }
}

TEST(Client, ATokenOfAFunctionIsRefusedWithoutAborting) {
  const Client client("localhost:1", {.token = [] { return std::string("two\nlines"); }});
  EXPECT_EQ(thrown_code([&] { client.models(); }), Code::invalid_argument);
  auto stream = client.rows("m");
  EXPECT_EQ(thrown_code([&] { stream.next(); }), Code::invalid_argument);
}

TEST(Client, CanBeUsedAfterAMove) {
  FakeServer server;
  server.on_list = [](auto&, auto&, auto&) { return grpc::Status::OK; };
  Client client(server.target());
  const Client moved = std::move(client);
  EXPECT_NO_THROW(moved.models());
  EXPECT_NO_THROW(client.models());  // NOLINT(bugprone-use-after-move)
}

TEST(Client, SendsTheOptionsOfRows) {
  FakeServer server;
  server.on_rows = [](auto&, const auto& request, auto&) {
    EXPECT_EQ(request.model(), "models/m");
    EXPECT_EQ(request.count(), 5);
    EXPECT_EQ(request.seed(), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(request.offset(), 9);
    EXPECT_EQ(request.conditions_size(), 2);
    EXPECT_EQ(request.conditions(0).column(), "age");
    EXPECT_EQ(request.conditions(0).between().low(), "30");
    EXPECT_EQ(request.conditions(1).column(), "city");
    EXPECT_EQ(request.conditions(1).equals(), "\u6771\u4eac");
    EXPECT_EQ(request.format(), v1::ROW_FORMAT_JSON_LINES);
    EXPECT_EQ(request.rows_per_message(), 3);
    return grpc::Status(grpc::StatusCode::ABORTED, "seen");
  };
  auto stream = Client(server.target())
                    .encoded_rows("m", RowFormat::json_lines,
                                  {.count = 5,
                                   .seed = std::numeric_limits<std::int64_t>::max(),
                                   .offset = 9,
                                   .where = {{"city", "\u6771\u4eac"}, {"age", Condition::between(30, 40)}},
                                   .rows_per_message = 3});
  EXPECT_EQ(thrown_code([&] { stream.next(); }), Code::aborted);
}

TEST(Client, SendsTheOptionsOfImages) {
  FakeServer server;
  server.on_images = [](auto&, const auto& request, auto&) {
    EXPECT_FALSE(request.has_count());
    EXPECT_FALSE(request.has_seed());
    EXPECT_EQ(request.format(), v1::IMAGE_FORMAT_JPEG);
    EXPECT_EQ(request.jpeg_quality(), 80);
    EXPECT_EQ(request.images_per_message(), 4);
    EXPECT_EQ(request.conditions(0).column(), "digit");
    EXPECT_EQ(request.conditions(0).any_of().values(1), "9");
    return grpc::Status(grpc::StatusCode::ABORTED, "seen");
  };
  auto stream = Client(server.target())
                    .images("m", {.where = {{"digit", Condition::any_of({3, 9})}},
                                  .format = ImageFormat::jpeg,
                                  .jpeg_quality = 80,
                                  .images_per_message = 4});
  EXPECT_EQ(thrown_code([&] { stream.next(); }), Code::aborted);
}

}  // namespace
}  // namespace synthserve
