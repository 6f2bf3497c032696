#pragma once

#include "fake_server.h"

namespace synthserve {

/// A server of flowers that are all alike, as rows and as images; there is no other model.
class Flowers : public FakeServer {
 public:
  explicit Flowers(std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials());
};

}  // namespace synthserve
