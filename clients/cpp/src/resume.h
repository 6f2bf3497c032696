#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "synthserve/error.h"
#include "synthserve/retry.h"

namespace synthserve::detail {

/// One past the largest index of a sample.
inline constexpr std::int64_t kEndOfIndices = std::numeric_limits<std::int64_t>::max();

/// The request of a call.
struct Ask {
  std::string model;
  std::optional<std::int64_t> count{};
  std::optional<std::int64_t> seed{};
  std::int64_t offset = 0;

  bool operator==(const Ask&) const = default;
};

/// The description of the stream in the first message of a call.
struct Head {
  std::string model;
  std::int64_t seed = 0;
  /// The schema as bytes; the same schema gives the same bytes.
  std::string schema{};

  bool operator==(const Head&) const = default;
};

/// The state of one logical stream, which may take several calls. Pure: no I/O, no clock.
///
/// Sample `i` depends only on the model version, the seed, `i` and the conditions. So a broken stream resumes, with
/// nothing lost and nothing repeated, when the rest is requested: from the next index, with the version and the seed of
/// the first message. A stream that broke before its first message is requested again unchanged; the caller has not
/// seen a seed yet.
///
/// The driver sends the request that `ask()` returns, passes every message to `accept()`, and reports the end of the
/// call with `finish()` or `broken()`.
class Resume {
 public:
  Resume(Ask wanted, RetryPolicy policy);

  /// The request for the missing samples.
  Ask ask() const;

  /// Accepts the next message of the running call.
  ///
  /// @param head The description of the stream, if the message has one.
  /// @param first_index The index of its first sample.
  /// @param size The number of its samples.
  /// @throws Error (`internal`) The message does not continue the one before.
  void accept(std::optional<Head> head, std::int64_t first_index, std::int64_t size);

  /// Records that the running call ended without an error.
  ///
  /// @throws Error (`internal`) Samples are missing.
  void finish() const;

  /// Records that the running call failed.
  ///
  /// @param shortening See `wait_before_next`.
  /// @return How long to wait before the next call; nothing if no sample is missing, so that the error does not matter.
  /// @throws Error `error`, when the stream cannot go on.
  std::optional<std::chrono::nanoseconds> broken(const Error& error, double shortening);

  /// The index of the next sample.
  std::int64_t next_index() const { return next_index_; }

 private:
  bool complete() const;
  void check(const Head& head) const;

  Ask wanted_;
  RetryPolicy policy_;
  std::int64_t next_index_;
  std::optional<std::int64_t> left_;
  std::optional<Head> head_;
  int failures_ = 0;
};

}  // namespace synthserve::detail
