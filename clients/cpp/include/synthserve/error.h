#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace synthserve {

/// The status codes of gRPC, with gRPC's numbers.
enum class Code {
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

/// The code as gRPC writes it, for example `NOT_FOUND`.
std::string_view to_string(Code code) noexcept;

/// A field of a request whose value is not allowed.
struct FieldViolation {
  /// The field, for example `count` or `conditions[species]`.
  std::string field;
  /// What is wrong with it and what is allowed.
  std::string description;
};

/// A limit that was hit.
struct QuotaViolation {
  /// Whose limit it is: `caller:NAME` or `server`.
  std::string subject;
  /// Which limit was hit, and what it allows.
  std::string description;
};

/// A state of the server that does not allow the call.
struct PreconditionViolation {
  /// The kind of state.
  std::string type;
  /// The object in that state, for example a model version.
  std::string subject;
  /// What would have to change.
  std::string description;
};

/// The details that the server sends with an error, beyond code and message. A detail that it did not send is empty.
struct ErrorDetails {
  /// `google.rpc.ErrorInfo.reason`, for example `MODEL_NOT_FOUND`.
  std::string reason{};
  /// `google.rpc.ErrorInfo.metadata`.
  std::map<std::string, std::string> metadata{};
  /// The id of the request in the server's log and traces.
  std::string request_id{};
  /// What is wrong with the request, field by field (`BadRequest`).
  std::vector<FieldViolation> fields{};
  /// The name of the resource that was not found (`ResourceInfo`).
  std::string resource{};
  /// When to try again, at the earliest (`RetryInfo`). Not set: the server did not say.
  std::optional<std::chrono::milliseconds> retry_delay{};
  /// The limits that were hit (`QuotaFailure`).
  std::vector<QuotaViolation> quotas{};
  /// The states that do not allow the call (`PreconditionFailure`).
  std::vector<PreconditionViolation> preconditions{};
};

/// The exception of every call of this library that fails. Distinguish errors by `code()` and `reason()`, never by the
/// message.
///
/// The client itself raises `invalid_argument` for a value that cannot be sent, `internal` for a response that breaks
/// the protocol, and `cancelled` without a reason for a call that this side cancelled.
class Error : public std::runtime_error {
 public:
  Error(Code code, const std::string& message, ErrorDetails details = {});

  /// The status code.
  Code code() const noexcept { return code_; }

  /// The server's reason, for example `MODEL_NOT_FOUND`; empty where it gave none.
  const std::string& reason() const noexcept { return details_->reason; }

  /// The other details that the server sent.
  const ErrorDetails& details() const noexcept { return *details_; }

  /// The same error with a note added to its message.
  Error with_note(std::string_view note) const;

 private:
  Error(Code code, const std::string& message, std::shared_ptr<const ErrorDetails> details);

  Code code_;
  // Shared, as copying an exception must not throw.
  std::shared_ptr<const ErrorDetails> details_;
};

}  // namespace synthserve
