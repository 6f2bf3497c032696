#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <memory>

#include "cancellation.h"
#include "connection.h"
#include "deadline.h"
#include "retry.h"
#include "synthserve/error.h"
#include "synthserve/options.h"
#include "synthserve/v1/generation.grpc.pb.h"
#include "synthserve/v1/model.grpc.pb.h"

namespace synthserve::detail {

/// The state that all calls of a client share.
class Caller {
 public:
  /// @throws Error See `Client`.
  Caller(std::string target, ClientOptions options);
  ~Caller();
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  const RetryPolicy& policy() const { return options_.retry; }
  const std::unique_ptr<v1::GenerationService::Stub>& generation() const { return generation_; }
  const std::unique_ptr<v1::ModelService::Stub>& models() const { return models_; }

  /// Gives an attempt its deadline and its headers.
  ///
  /// @throws Error No time is left, the token cannot be sent, or this process was forked.
  void prepare(grpc::ClientContext& context, const Deadline& deadline) const;

  /// The error for an attempt that failed and that this client did not cancel.
  Error error(const grpc::Status& status, const grpc::ClientContext& context) const;

  /// A random number from 0 to 1, by which to shorten a wait.
  static double shortening();

  /// Makes a call with one answer, and tries it again.
  ///
  /// @param call Makes an attempt: a function of a context that returns the status.
  template <typename Call>
  void unary(Call&& call, const Deadline& deadline, Cancellation& cancellation) const;

 private:
  Connection connection_;
  ClientOptions options_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::GenerationService::Stub> generation_;
  std::unique_ptr<v1::ModelService::Stub> models_;
};

template <typename Call>
void Caller::unary(Call&& call, const Deadline& deadline, Cancellation& cancellation) const {
  for (int failures = 1;; ++failures) {
    grpc::ClientContext context;
    cancellation.check();
    prepare(context, deadline);
    const grpc::Status status = [&] {
      const Cancellation::Running running(cancellation, context);
      return call(context);
    }();
    if (status.ok()) {
      return;
    }
    cancellation.check();
    const auto failure = error(status, context);
    const auto wait = wait_before_next(policy(), failures, false, failure, shortening());
    deadline.require(wait, failure);
    cancellation.pause(wait);
  }
}

}  // namespace synthserve::detail
