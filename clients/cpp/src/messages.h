#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include <cstdint>
#include <memory>

#include "caller.h"

namespace synthserve::detail {

// The operations that differ between calls for rows and calls for images.

template <typename Response>
using Reader = grpc::ClientReader<Response>;

std::unique_ptr<Reader<v1::GenerateRowsResponse>> open(const Caller& caller, grpc::ClientContext& context,
                                                       const v1::GenerateRowsRequest& request);
std::unique_ptr<Reader<v1::GenerateImagesResponse>> open(const Caller& caller, grpc::ClientContext& context,
                                                         const v1::GenerateImagesRequest& request);

/// Waits for the next message. The first one of rows has the whole schema, which may arrive in several messages.
///
/// @return False when the call has ended.
/// @throws Error (`internal`) Parts of the schema break the protocol.
bool read(Reader<v1::GenerateRowsResponse>& reader, v1::GenerateRowsResponse& response);
bool read(Reader<v1::GenerateImagesResponse>& reader, v1::GenerateImagesResponse& response);

/// The number of rows or images of a message.
std::int64_t sample_count(const v1::GenerateRowsResponse& response);
std::int64_t sample_count(const v1::GenerateImagesResponse& response);

}  // namespace synthserve::detail
