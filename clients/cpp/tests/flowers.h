#pragma once

#include "fake_server.h"

namespace synthserve {

/// A server whose only models give identical flowers, as rows and as images.
class Flowers : public FakeServer {
 public:
  explicit Flowers(std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials());
};

}  // namespace synthserve
