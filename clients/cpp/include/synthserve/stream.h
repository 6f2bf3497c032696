#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "synthserve/error.h"

namespace synthserve {

/// The source of the items of a `Stream`. Programs need it only to make their own streams, for example in tests.
template <typename Item, typename Info>
class Source {
 public:
  virtual ~Source() = default;
  /// See `Stream::next`.
  virtual std::optional<Item> next() = 0;
  /// See `Stream::info`.
  virtual const Info& info() = 0;
  /// See `Stream::cancel`.
  virtual void cancel() noexcept = 0;
};

/// A stream of samples, in the order of their indices. Nothing is sent before it is used, and a reader that pauses
/// holds the server back. A stream that breaks is resumed without loss or repetition. Destroying the stream cancels it.
///
/// One thread reads a stream; `cancel()` may be called from any. A stream is an input range:
/// `for (auto& item : stream)`.
template <typename Item, typename Info>
class Stream {
 public:
  class Iterator;

  explicit Stream(std::unique_ptr<Source<Item, Info>> source) : source_(std::move(source)) {}

  /// Waits for the next item.
  ///
  /// @return Nothing at the end of the stream.
  /// @throws Error The stream cannot go on; `cancelled` after `cancel()`; `failed_precondition` where the stream was
  ///     moved from. Every further call throws the same.
  std::optional<Item> next() { return source().next(); }

  /// The model version, seed and schema of the stream. Waits for the first message if none has arrived.
  ///
  /// @return A message that lives as long as the stream.
  /// @throws Error As `next()`.
  const Info& info() { return source().info(); }

  /// Cancels the stream, from any thread. A thread that waits in `next()` gets an error with `Code::cancelled`. Calls
  /// after the first do nothing.
  void cancel() noexcept {
    if (source_) {
      source_->cancel();
    }
  }

  /// Waits for the next item and moves the iterator to it.
  Iterator begin() { return Iterator(*this); }

  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  Source<Item, Info>& source() const {
    if (!source_) {
      throw Error(Code::failed_precondition, "the stream was moved from: use the one that it was moved to");
    }
    return *source_;
  }

  std::unique_ptr<Source<Item, Info>> source_;
  std::optional<Item> current_;
};

/// Reads a stream item by item. An item is valid until the iterator advances, and may be moved from.
template <typename Item, typename Info>
class Stream<Item, Info>::Iterator {
 public:
  using iterator_concept = std::input_iterator_tag;
  using value_type = Item;
  using difference_type = std::ptrdiff_t;

  explicit Iterator(Stream& stream) : stream_(&stream) { ++*this; }

  Item& operator*() const { return *stream_->current_; }
  Item* operator->() const { return &*stream_->current_; }
  Iterator& operator++() {
    stream_->current_ = stream_->next();
    return *this;
  }
  void operator++(int) { ++*this; }
  bool operator==(std::default_sentinel_t) const { return !stream_->current_.has_value(); }

 private:
  Stream* stream_;
};

}  // namespace synthserve
