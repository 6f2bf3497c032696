#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "synthserve/error.h"
#include "synthserve/retry.h"

namespace synthserve::detail {

/// The end of the indices: no sample has this one.
inline constexpr std::int64_t kEndOfIndices = std::numeric_limits<std::int64_t>::max();

/// What a call asks for.
struct Ask {
  std::string model;
  std::optional<std::int64_t> count{};
  std::optional<std::int64_t> seed{};
  std::int64_t offset = 0;

  bool operator==(const Ask&) const = default;
};

/// What the first message of a call says.
struct Head {
  std::string model;
  std::int64_t seed = 0;
  /// The schema as bytes; the same schema gives the same bytes.
  std::string schema{};

  bool operator==(const Head&) const = default;
};

/// The state of one logical stream, which may take several calls. Pure: no I/O, no clock.
///
/// Sample `i` depends only on the model version, the seed, `i` and the conditions. So a stream that broke goes on, with
/// nothing lost and nothing repeated, by asking for the rest: the next index, the version and the seed of the first
/// message. One that broke before its first message is simply asked for again; where no seed was given, none of the
/// drawn ones was seen.
///
/// The driver asks `ask()` what to send, shows every message to `accept()`, and tells how the call ended with
/// `finish()` or `broken()`.
class Resume {
 public:
  Resume(Ask wanted, RetryPolicy policy);

  /// What is missing.
  Ask ask() const;

  /// Takes the next message of the running call.
  ///
  /// @param head What it says of the stream, where it does.
  /// @param first_index The index of its first sample.
  /// @param size The number of its samples.
  /// @throws Error (`internal`) It does not follow the one before.
  void accept(std::optional<Head> head, std::int64_t first_index, std::int64_t size);

  /// Takes note that the running call ended without an error.
  ///
  /// @throws Error (`internal`) Too early.
  void finish() const;

  /// Takes note that the running call failed.
  ///
  /// @param shortening See `wait_before_next`.
  /// @return How long to wait before the next call; nothing if no sample is missing, so that the error does not matter.
  /// @throws Error `error`, when the stream cannot go on.
  std::optional<std::chrono::nanoseconds> broken(const Error& error, double shortening);

  /// The index of the sample that comes next.
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
