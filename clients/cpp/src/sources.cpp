#include "sources.h"

#include <exception>
#include <string>
#include <utility>

#include "conditions.h"
#include "faults.h"
#include "names.h"
#include "stream_call.h"

namespace synthserve::detail {

namespace {

using RowCall = StreamCall<v1::GenerateRowsRequest, v1::GenerateRowsResponse, v1::RowStreamInfo>;
using ImageCall = StreamCall<v1::GenerateImagesRequest, v1::GenerateImagesResponse, v1::ImageStreamInfo>;

/// Items made of the messages of a call. Every use after an error throws the same error again.
template <typename Item, typename Info, typename Call>
class CallSource : public Source<Item, Info> {
 public:
  template <typename Request, typename Options>
  CallSource(std::shared_ptr<const Caller> caller, Request request, const Options& options)
      : call(std::move(caller), std::move(request), options.timeout, options.stop) {}

  std::optional<Item> next() final {
    return guarded([this] {
      call.check_cancelled();
      return produce();
    });
  }
  const Info& info() final {
    return guarded([this]() -> const Info& { return *call.info(); });
  }
  void cancel() noexcept final { call.cancel(); }

 protected:
  virtual std::optional<Item> produce() = 0;

  Call call;  // NOLINT: for the classes below only

 private:
  template <typename Function>
  decltype(auto) guarded(Function&& function) {
    if (failure_) {
      std::rethrow_exception(failure_);
    }
    try {
      return function();
    } catch (...) {
      failure_ = std::current_exception();
      call.close();
      throw;
    }
  }

  std::exception_ptr failure_;
};

class RowSource final : public CallSource<RowBatch, v1::RowStreamInfo, RowCall> {
 public:
  using CallSource::CallSource;

 private:
  std::optional<RowBatch> produce() override {
    while (auto response = call.next()) {
      if (response->row_count() > 0) {
        return RowBatch(call.info(), std::move(*response));
      }
    }
    return std::nullopt;
  }
};

class ChunkSource final : public CallSource<RowChunk, v1::RowStreamInfo, RowCall> {
 public:
  using CallSource::CallSource;

 private:
  std::optional<RowChunk> produce() override {
    while (auto response = call.next()) {
      RowChunk chunk{.first_index = response->first_index(),
                     .row_count = response->row_count(),
                     .data = std::move(*response->mutable_data())};
      if (!begun_) {
        begun_ = true;
        chunk.data.insert(0, call.info()->preamble());
      }
      // A message with only the schema adds nothing to the file.
      if (chunk.row_count > 0 || !chunk.data.empty()) {
        return chunk;
      }
    }
    return std::nullopt;
  }

  bool begun_ = false;
};

class PictureSource final : public CallSource<Image, v1::ImageStreamInfo, ImageCall> {
 public:
  using CallSource::CallSource;

 private:
  std::optional<Image> produce() override {
    while (position_ == message_.images_size()) {
      auto response = call.next();
      if (!response) {
        return std::nullopt;
      }
      message_ = std::move(*response);
      position_ = 0;
    }
    Image image{.index = message_.first_index() + position_, .data = std::move(*message_.mutable_images(position_))};
    ++position_;
    return image;
  }

  v1::GenerateImagesResponse message_;
  int position_ = 0;
};

template <typename Request, typename Options>
Request request_for(std::string_view model, const Options& options) {
  Request request;
  request.set_model(resource_name(model));
  if (options.count) {
    request.set_count(*options.count);
  }
  if (options.seed) {
    request.set_seed(*options.seed);
  }
  request.set_offset(options.offset);
  for (const auto& [column, condition] : options.where) {
    *request.add_conditions() = on_wire(column, condition);
  }
  return request;
}

v1::GenerateRowsRequest rows_request(std::string_view model, v1::RowFormat format, const RowOptions& options) {
  auto request = request_for<v1::GenerateRowsRequest>(model, options);
  request.set_format(format);
  request.set_rows_per_message(options.rows_per_message);
  return request;
}

v1::RowFormat on_wire(RowFormat format) {
  switch (format) {
    case RowFormat::csv:
      return v1::ROW_FORMAT_CSV;
    case RowFormat::json_lines:
      return v1::ROW_FORMAT_JSON_LINES;
    case RowFormat::arrow:
      return v1::ROW_FORMAT_ARROW;
  }
  throw invalid("format", "is not a RowFormat");
}

v1::ImageFormat on_wire(ImageFormat format) {
  switch (format) {
    case ImageFormat::png:
      return v1::IMAGE_FORMAT_PNG;
    case ImageFormat::jpeg:
      return v1::IMAGE_FORMAT_JPEG;
    case ImageFormat::raw:
      return v1::IMAGE_FORMAT_RAW;
  }
  throw invalid("format", "is not an ImageFormat");
}

}  // namespace

std::unique_ptr<Source<RowBatch, v1::RowStreamInfo>> row_source(std::shared_ptr<const Caller> caller,
                                                                std::string_view model, const RowOptions& options) {
  return std::make_unique<RowSource>(std::move(caller), rows_request(model, v1::ROW_FORMAT_COLUMNS, options), options);
}

std::unique_ptr<Source<RowChunk, v1::RowStreamInfo>> chunk_source(std::shared_ptr<const Caller> caller,
                                                                  std::string_view model, RowFormat format,
                                                                  const RowOptions& options) {
  return std::make_unique<ChunkSource>(std::move(caller), rows_request(model, on_wire(format), options), options);
}

std::unique_ptr<Source<Image, v1::ImageStreamInfo>> image_source(std::shared_ptr<const Caller> caller,
                                                                 std::string_view model, const ImageOptions& options) {
  auto request = request_for<v1::GenerateImagesRequest>(model, options);
  request.set_format(on_wire(options.format));
  request.set_jpeg_quality(options.jpeg_quality);
  request.set_images_per_message(options.images_per_message);
  return std::make_unique<PictureSource>(std::move(caller), std::move(request), options);
}

}  // namespace synthserve::detail
