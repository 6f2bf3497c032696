#include "synthserve/client.h"

#include <iterator>
#include <utility>

#include "caller.h"
#include "faults.h"
#include "names.h"
#include "schema_parts.h"
#include "sources.h"

namespace synthserve {

namespace {

constexpr int kModelsPerPage = 1000;

v1::ModelView on_wire(ModelView view) {
  switch (view) {
    case ModelView::basic:
      return v1::MODEL_VIEW_BASIC;
    case ModelView::full:
      return v1::MODEL_VIEW_FULL;
  }
  throw detail::invalid("view", "is not a ModelView");
}

}  // namespace

Client::Client(std::string target, ClientOptions options)
    : caller_(std::make_shared<const detail::Caller>(std::move(target), std::move(options))) {}

std::vector<v1::Model> Client::models(const ListOptions& options) const {
  const detail::Deadline deadline(options.timeout);
  detail::Cancellation cancellation(options.stop);
  std::vector<v1::Model> found;
  v1::ListModelsRequest request;
  request.set_page_size(kModelsPerPage);
  request.set_view(on_wire(options.view));
  do {
    v1::ListModelsResponse page;
    caller_->unary([&](auto& context) { return caller_->models()->ListModels(&context, request, &page); }, deadline,
                   cancellation);
    std::move(page.mutable_models()->begin(), page.mutable_models()->end(), std::back_inserter(found));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return found;
}

v1::Model Client::model(std::string_view name, const CallOptions& options) const {
  const detail::Deadline deadline(options.timeout);
  detail::Cancellation cancellation(options.stop);
  v1::GetModelRequest request;
  request.set_name(detail::resource_name(name));
  v1::Model model;
  do {
    v1::GetModelResponse page;
    caller_->unary([&](auto& context) { return caller_->models()->GetModel(&context, request, &page); }, deadline,
                   cancellation);
    if (request.page_token().empty()) {
      model = std::move(*page.mutable_model());
    } else if (detail::append(model, std::move(*page.mutable_part())) == 0) {
      // A server that sends empty pages could keep this loop running for ever.
      throw detail::protocol_error("a page of " + request.name() + " adds no categories");
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  detail::require_whole(model);
  return model;
}

RowStream Client::rows(std::string_view model, const RowOptions& options) const {
  return RowStream(detail::row_source(caller_, model, options));
}

EncodedRowStream Client::encoded_rows(std::string_view model, RowFormat format, const RowOptions& options) const {
  return EncodedRowStream(detail::chunk_source(caller_, model, format, options));
}

ImageStream Client::images(std::string_view model, const ImageOptions& options) const {
  return ImageStream(detail::image_source(caller_, model, options));
}

}  // namespace synthserve
