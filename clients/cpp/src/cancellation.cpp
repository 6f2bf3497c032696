#include "cancellation.h"

#include <grpcpp/client_context.h>

#include "synthserve/error.h"

namespace synthserve::detail {

void Cancellation::cancel() noexcept {
  const std::lock_guard lock(mutex_);
  requested_ = true;
  if (running_ != nullptr) {
    running_->TryCancel();
  }
  changed_.notify_all();
}

void Cancellation::check() const {
  const std::lock_guard lock(mutex_);
  if (requested_) {
    throw Error(Code::cancelled, "the call was cancelled");
  }
}

void Cancellation::set_running(grpc::ClientContext* context) {
  const std::lock_guard lock(mutex_);
  running_ = context;
  if (requested_ && running_ != nullptr) {
    running_->TryCancel();
  }
}

void Cancellation::pause(std::chrono::nanoseconds wait) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, wait, [this] { return requested_; });
}

}  // namespace synthserve::detail
