#include <synthserve/client.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <optional>

#include "fake_server.h"
#include "thrown.h"

namespace synthserve {
namespace {

constexpr int kAsExpected = 42;
constexpr unsigned kHung = 20;

/// Runs a function in a forked child, which then exits normally.
///
/// @return The exit status of the child; -1 when it hung.
int in_child(const std::function<bool()>& is_as_expected) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(kHung);
    std::_Exit(is_as_expected() ? kAsExpected : EXIT_FAILURE);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

template <typename Function>
bool is_refused(Function&& function) {
  return thrown_code(function) == Code::failed_precondition;
}

TEST(Fork, AClientIsRefusedInTheChild) {
  FakeServer server;
  server.on_list = [](auto&, auto&, auto&) { return grpc::Status::OK; };
  const Client client(server.target());
  EXPECT_NO_THROW(client.models());
  EXPECT_EQ(in_child([&] {
              return is_refused([&] { client.models(); }) && is_refused([&] { client.model("m"); }) &&
                     is_refused([&] { Client("localhost:1"); });
            }),
            kAsExpected);
  EXPECT_NO_THROW(client.models());
}

TEST(Fork, AnOpenStreamIsRefusedInTheChildAndGoesOnInTheParent) {
  FakeServer server;
  server.on_rows = [](auto&, const auto& request, auto& writer) { return serve_rows(request, writer); };
  std::optional<Client> client(server.target());
  std::optional<RowStream> stream(client->rows("m", {.count = 10'000}));
  client.reset();
  ASSERT_TRUE(stream->next());
  EXPECT_EQ(in_child([&] {
              const bool refused = is_refused([&] { stream->next(); });
              stream.reset();
              return refused;
            }),
            kAsExpected);
  std::int64_t rows = 10;
  while (const auto batch = stream->next()) {
    rows += static_cast<std::int64_t>(batch->size());
  }
  EXPECT_EQ(rows, 10'000);
}

}  // namespace
}  // namespace synthserve
