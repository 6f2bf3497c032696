#include "fake_server.h"

#include <grpcpp/server_builder.h>

#include <algorithm>
#include <thread>

#include "synthserve/client/error_details.pb.h"

namespace synthserve {

FakeServer::FakeServer(std::shared_ptr<grpc::ServerCredentials> credentials) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("localhost:0", std::move(credentials), &port_);
  builder.RegisterService(static_cast<v1::GenerationService::Service*>(this));
  builder.RegisterService(static_cast<v1::ModelService::Service*>(this));
  server_ = builder.BuildAndStart();
}

FakeServer::~FakeServer() {
  server_->Shutdown(std::chrono::system_clock::now());
}

grpc::Status FakeServer::GenerateRows(grpc::ServerContext* context, const v1::GenerateRowsRequest* request,
                                      grpc::ServerWriter<v1::GenerateRowsResponse>* writer) {
  return on_rows(*context, *request, *writer);
}

grpc::Status FakeServer::GenerateImages(grpc::ServerContext* context, const v1::GenerateImagesRequest* request,
                                        grpc::ServerWriter<v1::GenerateImagesResponse>* writer) {
  return on_images(*context, *request, *writer);
}

grpc::Status FakeServer::ListModels(grpc::ServerContext* context, const v1::ListModelsRequest* request,
                                    v1::ListModelsResponse* response) {
  return on_list(*context, *request, *response);
}

grpc::Status FakeServer::GetModel(grpc::ServerContext* context, const v1::GetModelRequest* request,
                                  v1::GetModelResponse* response) {
  return on_get(*context, *request, *response);
}

v1::GenerateRowsResponse rows_from(std::int64_t first_index, std::int64_t count, bool first) {
  v1::GenerateRowsResponse response;
  if (first) {
    response.mutable_info()->set_model(kVersion);
    response.mutable_info()->set_seed(kSeed);
    auto& column = *response.mutable_info()->mutable_schema()->add_columns();
    column.set_name("id");
    column.set_type(v1::COLUMN_TYPE_INT64);
  }
  response.set_first_index(first_index);
  response.set_row_count(count);
  auto& values = *response.mutable_columns()->add_columns()->mutable_int64s();
  for (std::int64_t i = 0; i < count; ++i) {
    values.add_values(first_index + i);
  }
  return response;
}

grpc::Status serve_rows(const v1::GenerateRowsRequest& request, grpc::ServerWriter<v1::GenerateRowsResponse>& writer,
                        std::optional<std::int64_t> broken_at, const grpc::Status& broken) {
  const auto end = request.offset() + request.count();
  auto next = request.offset();
  bool first = true;
  do {
    const auto count = std::min<std::int64_t>({10, end - next, broken_at.value_or(end) - next});
    if (count <= 0 && broken_at) {
      return broken;
    }
    writer.Write(rows_from(next, count, first));
    first = false;
    next += count;
  } while (next < end);
  return grpc::Status::OK;
}

grpc::Status come_back(grpc::StatusCode code, std::chrono::milliseconds delay) {
  client::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(delay.count() / 1000);
  retry.mutable_retry_delay()->set_nanos(static_cast<std::int32_t>(delay.count() % 1000 * 1'000'000));
  client::Status status;
  auto* packed = status.add_details();
  packed->set_type_url("type.googleapis.com/google.rpc.RetryInfo");
  packed->set_value(retry.SerializeAsString());
  return {code, "come back later", status.SerializeAsString()};
}

grpc::Status wait_for_cancel(const grpc::ServerContext& context) {
  while (!context.IsCancelled()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return grpc::Status::CANCELLED;
}

}  // namespace synthserve
