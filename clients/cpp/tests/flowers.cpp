#include "flowers.h"

#include <string>
#include <utility>

#include "synthserve/client/error_details.pb.h"

namespace synthserve {

namespace {

void add_column(v1::TableSchema& schema, const std::string& name, v1::ColumnType type) {
  auto& column = *schema.add_columns();
  column.set_name(name);
  column.set_type(type);
  if (type == v1::COLUMN_TYPE_CATEGORY) {
    column.add_categories("setosa");
  }
}

/// Identical flowers.
v1::GenerateRowsResponse flowers(const v1::GenerateRowsRequest& request) {
  v1::GenerateRowsResponse response;
  auto& info = *response.mutable_info();
  info.set_model(request.model() + "/versions/1");
  info.set_seed(request.seed());
  add_column(*info.mutable_schema(), "petal_width", v1::COLUMN_TYPE_DOUBLE);
  add_column(*info.mutable_schema(), "species", v1::COLUMN_TYPE_CATEGORY);
  response.set_row_count(request.count());
  if (request.format() == v1::ROW_FORMAT_CSV) {
    info.set_preamble("petal_width,species\n");
    response.set_data("0.5,setosa\n");
    return response;
  }
  auto& widths = *response.mutable_columns()->add_columns()->mutable_doubles();
  auto& species = *response.mutable_columns()->add_columns()->mutable_categories();
  for (std::int64_t row = 0; row < request.count(); ++row) {
    widths.add_values(0.5);
    species.add_codes(0);
  }
  return response;
}

}  // namespace

Flowers::Flowers(std::shared_ptr<grpc::ServerCredentials> credentials) : FakeServer(std::move(credentials)) {
  on_rows = [](auto&, const auto& request, auto& writer) {
    writer.Write(flowers(request));
    return grpc::Status::OK;
  };
  on_images = [](auto&, const auto& request, auto& writer) {
    v1::GenerateImagesResponse response;
    response.mutable_info()->set_model(request.model() + "/versions/1");
    response.mutable_info()->set_seed(request.seed());
    for (std::int64_t image = 0; image < request.count(); ++image) {
      response.add_images("image " + std::to_string(image));
    }
    writer.Write(response);
    return grpc::Status::OK;
  };
  on_get = [](auto&, const auto& request, auto&) {
    client::ResourceInfo resource;
    resource.set_resource_name(request.name());
    client::Status status;
    auto* packed = status.add_details();
    packed->set_type_url("type.googleapis.com/google.rpc.ResourceInfo");
    packed->set_value(resource.SerializeAsString());
    return grpc::Status(grpc::StatusCode::NOT_FOUND, "no such model", status.SerializeAsString());
  };
  on_list = [](auto&, auto&, auto& response) {
    response.add_models()->set_version("models/iris-vae/versions/1");
    return grpc::Status::OK;
  };
}

}  // namespace synthserve
