#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "caller.h"
#include "messages.h"
#include "process.h"
#include "resume.h"

namespace synthserve::detail {

/// The messages of one logical stream, over as many calls as needed. One thread reads; any thread may cancel.
template <typename Request, typename Response, typename Info>
class StreamCall {
 public:
  StreamCall(std::shared_ptr<const Caller> caller, Request request, std::optional<std::chrono::milliseconds> timeout,
             const std::stop_token& stop)
      : caller_(std::move(caller)),
        request_(std::move(request)),
        resume_(wanted(request_), caller_->policy()),
        timeout_(timeout),
        cancellation_(stop) {}

  ~StreamCall() { close(); }
  StreamCall(const StreamCall&) = delete;
  StreamCall& operator=(const StreamCall&) = delete;

  /// Waits for the next message; nothing at the end. Those after the first have no `info`.
  std::optional<Response> next() {
    if (ahead_) {
      return std::exchange(ahead_, std::nullopt);
    }
    return read();
  }

  /// Waits for the first message, if none has arrived.
  const std::shared_ptr<const Info>& info() {
    if (!info_) {
      ahead_ = read();
    }
    return info_;
  }

  void cancel() noexcept { cancellation_.cancel(); }

  /// @throws Error (`cancelled`) The stream was cancelled. Messages that have already arrived are dropped.
  void check_cancelled() const { cancellation_.check(); }

  /// Releases the running call.
  void close() {
    if (is_forked()) {
      static_cast<void>(attempt_.release());
    }
    if (attempt_) {
      attempt_->context.TryCancel();
      Response unwanted;
      while (attempt_->reader->Read(&unwanted)) {
      }
      attempt_->reader->Finish();
      attempt_.reset();
    }
  }

 private:
  // Members are destroyed in reverse order: the reader must be destroyed before the objects that it refers to.
  struct Attempt {
    explicit Attempt(Cancellation& cancellation) : running(cancellation, context) {}

    grpc::ClientContext context;
    Cancellation::Running running;
    std::unique_ptr<Reader<Response>> reader;
  };

  static Ask wanted(const Request& request) {
    Ask ask{.model = request.model(), .offset = request.offset()};
    if (request.has_count()) {
      ask.count = request.count();
    }
    if (request.has_seed()) {
      ask.seed = request.seed();
    }
    return ask;
  }

  std::optional<Response> read() {
    if (!deadline_) {
      deadline_.emplace(timeout_);
    }
    while (!ended_) {
      check_process();
      cancellation_.check();
      if (!attempt_) {
        begin_attempt();
      }
      if (Response response; detail::read(*attempt_->reader, response)) {
        accept(response);
        return response;
      }
      after_attempt();
    }
    return std::nullopt;
  }

  void begin_attempt() {
    const auto ask = resume_.ask();
    request_.set_model(ask.model);
    request_.set_offset(ask.offset);
    if (ask.count) {
      request_.set_count(*ask.count);
    }
    if (ask.seed) {
      request_.set_seed(*ask.seed);
    }
    auto attempt = std::make_unique<Attempt>(cancellation_);
    caller_->prepare(attempt->context, *deadline_);
    attempt->reader = open(*caller_, attempt->context, request_);
    attempt_ = std::move(attempt);
  }

  void accept(Response& response) {
    std::optional<Head> head;
    if (response.has_info()) {
      const auto& info = response.info();
      head = Head{.model = info.model(), .seed = info.seed(), .schema = info.schema().SerializeAsString()};
    }
    resume_.accept(std::move(head), response.first_index(), sample_count(response));
    if (response.has_info() && !info_) {
      info_ = std::make_shared<const Info>(std::move(*response.mutable_info()));
    }
    response.clear_info();
  }

  void after_attempt() {
    const auto status = attempt_->reader->Finish();
    const auto failure = status.ok() ? std::nullopt : std::optional(caller_->error(status, attempt_->context));
    attempt_.reset();
    cancellation_.check();
    if (!failure) {
      resume_.finish();
      ended_ = true;
      return;
    }
    const auto wait = resume_.broken(*failure, Caller::shortening());
    if (!wait) {
      ended_ = true;
      return;
    }
    deadline_->require(*wait, *failure);
    cancellation_.pause(*wait);
  }

  std::shared_ptr<const Caller> caller_;
  Request request_;
  Resume resume_;
  std::optional<std::chrono::milliseconds> timeout_;
  std::optional<Deadline> deadline_;
  std::shared_ptr<const Info> info_;
  std::optional<Response> ahead_;
  bool ended_ = false;
  Cancellation cancellation_;
  std::unique_ptr<Attempt> attempt_;
};

}  // namespace synthserve::detail
