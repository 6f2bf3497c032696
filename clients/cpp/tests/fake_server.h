#pragma once

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/sync_stream.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "synthserve/v1/generation.grpc.pb.h"
#include "synthserve/v1/model.grpc.pb.h"

namespace synthserve {

/// A server in this process that a test scripts.
class FakeServer : private v1::GenerationService::Service, private v1::ModelService::Service {
 public:
  template <typename Request, typename Response>
  using Streamed = std::function<grpc::Status(grpc::ServerContext&, const Request&, grpc::ServerWriter<Response>&)>;
  template <typename Request, typename Response>
  using Unary = std::function<grpc::Status(grpc::ServerContext&, const Request&, Response&)>;

  explicit FakeServer(std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials());
  ~FakeServer() override;

  /// `localhost:PORT`.
  std::string target() const { return "localhost:" + std::to_string(port_); }

  Streamed<v1::GenerateRowsRequest, v1::GenerateRowsResponse> on_rows;
  Streamed<v1::GenerateImagesRequest, v1::GenerateImagesResponse> on_images;
  Unary<v1::ListModelsRequest, v1::ListModelsResponse> on_list;
  Unary<v1::GetModelRequest, v1::GetModelResponse> on_get;

 private:
  grpc::Status GenerateRows(grpc::ServerContext* context, const v1::GenerateRowsRequest* request,
                            grpc::ServerWriter<v1::GenerateRowsResponse>* writer) override;
  grpc::Status GenerateImages(grpc::ServerContext* context, const v1::GenerateImagesRequest* request,
                              grpc::ServerWriter<v1::GenerateImagesResponse>* writer) override;
  grpc::Status ListModels(grpc::ServerContext* context, const v1::ListModelsRequest* request,
                          v1::ListModelsResponse* response) override;
  grpc::Status GetModel(grpc::ServerContext* context, const v1::GetModelRequest* request,
                        v1::GetModelResponse* response) override;

  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

inline constexpr const char* kVersion = "models/m/versions/3";
inline constexpr std::int64_t kSeed = 7;

/// Rows of one column `id`, whose value is the index of the row. The first message describes the stream.
v1::GenerateRowsResponse rows_from(std::int64_t first_index, std::int64_t count, bool first);

/// Answers a request for rows in messages of 10, and breaks off before the row `broken_at`.
grpc::Status serve_rows(const v1::GenerateRowsRequest& request, grpc::ServerWriter<v1::GenerateRowsResponse>& writer,
                        std::optional<std::int64_t> broken_at = std::nullopt,
                        const grpc::Status& broken = {grpc::StatusCode::UNAVAILABLE, "broken off"});

/// An error with `RetryInfo`.
grpc::Status come_back(grpc::StatusCode code, std::chrono::milliseconds delay);

/// Blocks until the client has cancelled the call.
grpc::Status wait_for_cancel(const grpc::ServerContext& context);

}  // namespace synthserve
