#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace grpc {
class ClientContext;
}

namespace synthserve::detail {

/// Ends the call or the pause that a thread waits for, from any other thread.
class Cancellation {
 public:
  class Running;

  explicit Cancellation(const std::stop_token& stop) : on_stop_(stop, Trigger{this}) {}
  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;

  /// Cancels the running call and every one to come, and ends the pause.
  void cancel() noexcept;

  /// @throws Error (`cancelled`) It was requested.
  void check() const;

  /// Pauses for so long, or until it is cancelled.
  void pause(std::chrono::nanoseconds wait);

 private:
  struct Trigger {
    Cancellation* self;
    void operator()() const noexcept { self->cancel(); }
  };

  void set_running(grpc::ClientContext* context);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool requested_ = false;
  grpc::ClientContext* running_ = nullptr;
  // The last member: it may fire during construction, and its destructor waits until it has finished.
  std::stop_callback<Trigger> on_stop_;
};

/// Registers the call of a context for cancellation, for as long as it lives.
class Cancellation::Running {
 public:
  Running(Cancellation& cancellation, grpc::ClientContext& context) : cancellation_(cancellation) {
    cancellation_.set_running(&context);
  }
  ~Running() { cancellation_.set_running(nullptr); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  Cancellation& cancellation_;
};

}  // namespace synthserve::detail
