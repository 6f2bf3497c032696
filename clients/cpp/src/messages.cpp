#include "messages.h"

#include <utility>

#include "faults.h"
#include "schema_parts.h"

namespace synthserve::detail {

std::unique_ptr<Reader<v1::GenerateRowsResponse>> open(const Caller& caller, grpc::ClientContext& context,
                                                       const v1::GenerateRowsRequest& request) {
  return caller.generation()->GenerateRows(&context, request);
}

std::unique_ptr<Reader<v1::GenerateImagesResponse>> open(const Caller& caller, grpc::ClientContext& context,
                                                         const v1::GenerateImagesRequest& request) {
  return caller.generation()->GenerateImages(&context, request);
}

bool read(Reader<v1::GenerateRowsResponse>& reader, v1::GenerateRowsResponse& response) {
  if (!reader.Read(&response)) {
    return false;
  }
  if (response.has_part()) {
    throw protocol_error("sent more parts of the schema than it announced");
  }
  if (!response.has_info()) {
    return true;
  }
  auto& info = *response.mutable_info();
  if (info.part_count() < 0 || (info.part_count() > 0 && response.row_count() != 0)) {
    throw protocol_error("sent rows before the whole schema");
  }
  // `part_count` drops to 0 as the parts are merged: the caller sees a complete schema.
  for (; info.part_count() > 0; info.set_part_count(info.part_count() - 1)) {
    v1::GenerateRowsResponse next;
    if (!reader.Read(&next)) {
      return false;
    }
    if (!next.has_part() || next.row_count() != 0) {
      throw protocol_error("sent rows before the whole schema");
    }
    append(info, std::move(*next.mutable_part()));
  }
  require_whole(info);
  return true;
}

bool read(Reader<v1::GenerateImagesResponse>& reader, v1::GenerateImagesResponse& response) {
  return reader.Read(&response);
}

std::int64_t sample_count(const v1::GenerateRowsResponse& response) {
  return response.row_count();
}

std::int64_t sample_count(const v1::GenerateImagesResponse& response) {
  return response.images_size();
}

}  // namespace synthserve::detail
