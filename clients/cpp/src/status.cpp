#include "status.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "faults.h"
#include "synthserve/client/error_details.pb.h"
#include "text.h"

namespace synthserve::detail {

namespace {

// Longer than any useful wait, and far from overflowing when it is added to a time.
constexpr std::int64_t kLongestDelaySeconds = 365LL * 24 * 3600;

std::chrono::milliseconds rounded_up(const google::protobuf::Duration& delay) {
  if (delay.seconds() < 0) {
    return std::chrono::milliseconds(0);
  }
  const auto seconds = std::min<std::int64_t>(delay.seconds(), kLongestDelaySeconds);
  return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::seconds(seconds) +
                                                      std::chrono::nanoseconds(std::max(delay.nanos(), 0)));
}

void read(const client::ErrorInfo& info, ErrorDetails& details) {
  details.reason = info.reason();
  details.metadata = {info.metadata().begin(), info.metadata().end()};
}

void read(const client::BadRequest& request, ErrorDetails& details) {
  for (const auto& violation : request.field_violations()) {
    details.fields.push_back({violation.field(), violation.description()});
  }
}

void read(const client::ResourceInfo& info, ErrorDetails& details) {
  details.resource = info.resource_name();
}

void read(const client::RetryInfo& info, ErrorDetails& details) {
  details.retry_delay = rounded_up(info.retry_delay());
}

void read(const client::QuotaFailure& failure, ErrorDetails& details) {
  for (const auto& violation : failure.violations()) {
    details.quotas.push_back({violation.subject(), violation.description()});
  }
}

void read(const client::PreconditionFailure& failure, ErrorDetails& details) {
  for (const auto& violation : failure.violations()) {
    details.preconditions.push_back({violation.type(), violation.subject(), violation.description()});
  }
}

template <typename Message>
void read_if(std::string_view name, const google::protobuf::Any& packed, ErrorDetails& details) {
  const std::string_view url = packed.type_url();
  Message message;
  if (url.substr(url.rfind('/') + 1) == name && message.ParseFromString(packed.value())) {
    read(message, details);
  }
}

ErrorDetails details_from(const Failure& failure) {
  ErrorDetails details{.request_id = failure.request_id};
  client::Status status;
  if (!status.ParseFromString(failure.details)) {
    return details;
  }
  for (const auto& packed : status.details()) {
    read_if<client::ErrorInfo>("google.rpc.ErrorInfo", packed, details);
    read_if<client::BadRequest>("google.rpc.BadRequest", packed, details);
    read_if<client::ResourceInfo>("google.rpc.ResourceInfo", packed, details);
    read_if<client::RetryInfo>("google.rpc.RetryInfo", packed, details);
    read_if<client::QuotaFailure>("google.rpc.QuotaFailure", packed, details);
    read_if<client::PreconditionFailure>("google.rpc.PreconditionFailure", packed, details);
  }
  return details;
}

}  // namespace

Error error_from(const Failure& failure, const Connection& connection) {
  auto details = details_from(failure);
  auto code = failure.code;
  auto message = failure.message.empty() ? std::string(to_string(code)) : failure.message;
  if (details.reason.empty()) {
    if (code == Code::cancelled) {
      // A server that shuts down, or a proxy, cancels calls. The caller did not, so the call may be tried again.
      code = Code::unavailable;
    }
    // gRPC wrote the message, not the server.
    message = failure.connected || code != Code::deadline_exceeded ? connection_fault(message, connection)
                                                                   : no_connection_in_time(message, connection);
  } else if (code == Code::internal && !details.request_id.empty()) {
    message += " (request " + details.request_id + ")";
  }
  return {code, message, std::move(details)};
}

std::string authorization(std::string_view token) {
  if (token.starts_with(kByteOrderMark)) {
    token.remove_prefix(kByteOrderMark.size());
  }
  const auto first = token.find_first_not_of(" \t\r\n");
  const auto last = token.find_last_not_of(" \t\r\n");
  const auto line = first == std::string_view::npos ? std::string_view{} : token.substr(first, last - first + 1);
  if (line.empty() || !std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c <= '~'; })) {
    throw invalid("token", is_utf16(token) ? "must be a line of ASCII text, not UTF-16"
                                           : "must be a line of printable ASCII text");
  }
  return "Bearer " + std::string(line);
}

}  // namespace synthserve::detail
