#include "process.h"

#include <unistd.h>

#include <atomic>

#include "synthserve/error.h"

namespace synthserve::detail {

namespace {

constexpr pid_t kNone = 0;

// The process that began to use gRPC. A fork copies this value.
std::atomic<pid_t> user = kNone;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

}  // namespace

void check_process() {
  auto before = kNone;
  user.compare_exchange_strong(before, getpid());
  if (is_forked()) {
    throw Error(Code::failed_precondition,
                "this process was forked from one that had made a client already, and gRPC does not work in it: make "
                "the first client after the fork, or start the process with exec");
  }
}

bool is_forked() noexcept {
  const auto known = user.load();
  return known != kNone && known != getpid();
}

}  // namespace synthserve::detail
