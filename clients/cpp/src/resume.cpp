#include "resume.h"

#include <utility>

#include "faults.h"
#include "retry.h"

namespace synthserve::detail {

namespace {

bool is_version(const std::string& model) {
  return model.find("/versions/") != std::string::npos;
}

}  // namespace

Resume::Resume(Ask wanted, RetryPolicy policy)
    : wanted_(std::move(wanted)), policy_(policy), next_index_(wanted_.offset), left_(wanted_.count) {}

Ask Resume::ask() const {
  Ask ask = wanted_;
  ask.offset = next_index_;
  ask.count = left_;
  if (head_) {
    ask.model = head_->model;
    ask.seed = head_->seed;
  }
  return ask;
}

void Resume::accept(std::optional<Head> head, std::int64_t first_index, std::int64_t size) {
  if (head) {
    check(*head);
    head_ = std::move(head);
  } else if (!head_) {
    throw protocol_error("its first message says neither model version nor seed");
  }
  if (first_index != next_index_ || size < 0) {
    throw protocol_error("expected samples from index " + std::to_string(next_index_) + ", got " +
                         std::to_string(size) + " from " + std::to_string(first_index));
  }
  if ((left_ && size > *left_) || next_index_ > kEndOfIndices - size) {
    throw protocol_error("sent more samples than it was asked for, from index " + std::to_string(first_index));
  }
  next_index_ += size;
  if (left_) {
    *left_ -= size;
  }
  if (size > 0) {
    failures_ = 0;
  }
}

void Resume::check(const Head& head) const {
  const auto asked = ask();
  if (!is_version(head.model) || (is_version(asked.model) && head.model != asked.model) ||
      (asked.seed && head.seed != *asked.seed)) {
    throw protocol_error("asked for " + asked.model + (asked.seed ? " with seed " + std::to_string(*asked.seed) : "") +
                         ", got " + head.model + " with seed " + std::to_string(head.seed));
  }
  if (head_ && head.schema != head_->schema) {
    throw protocol_error(head.model + " has another schema than before the stream broke");
  }
}

void Resume::finish() const {
  if (!complete()) {
    throw protocol_error(
        "ended the stream at index " + std::to_string(next_index_) +
        (left_ ? ", with " + std::to_string(*left_) + " samples missing" : ", although the call was not cancelled"));
  }
}

std::optional<std::chrono::nanoseconds> Resume::broken(const Error& error, double shortening) {
  if (complete()) {
    return std::nullopt;
  }
  ++failures_;
  try {
    return wait_before_next(policy_, failures_, head_.has_value(), error, shortening);
  } catch (const Error& final) {
    throw head_ ? final.with_note("the stream broke at index " + std::to_string(next_index_)) : final;
  }
}

bool Resume::complete() const {
  return head_ && (left_ ? *left_ == 0 : next_index_ == kEndOfIndices);
}

}  // namespace synthserve::detail
