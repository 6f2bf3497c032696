#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "synthserve/error.h"
#include "synthserve/images.h"
#include "synthserve/options.h"
#include "synthserve/rows.h"
#include "synthserve/v1/model.pb.h"

namespace synthserve {

namespace detail {
class Caller;
}

/// A connection to a server. Safe to share between threads; copies share the connection, and a stream keeps it for as
/// long as it needs it. It is made when it is first used, and again when it is lost. It uses the proxy that gRPC finds
/// in the environment (`grpc_proxy`, `https_proxy`, `http_proxy`, less `no_grpc_proxy`, `no_proxy`), except to this
/// machine, and except with a token in plain text.
///
/// A process that is forked after a client was made can use neither that client nor a new one.
///
/// Models are named `iris-vae` (the newest version that is ready), `iris-vae@2` (that version), or by their full
/// resource name (`models/iris-vae/versions/2`).
class Client {
 public:
  /// @param target The server's address: `HOST:PORT`, or any other target that gRPC knows (`dns:///...`, `unix:...`).
  /// @param options How to connect.
  /// @throws Error (`invalid_argument`) An option has a value that is not allowed, `target` is not an address, or
  ///     the token would be sent in plain text; (`failed_precondition`) this process was forked, see above.
  explicit Client(std::string target, ClientOptions options = {});

  // A move copies, so that a client that was moved from can still be used.
  Client(const Client&) = default;
  Client& operator=(const Client&) = default;
  ~Client() = default;

  /// Lists the models of the server, including those that failed to load, sorted by name.
  ///
  /// @throws Error The call failed, after all retries.
  std::vector<v1::Model> models(const ListOptions& options = {}) const;

  /// Describes a model, with all categories. A condition on a table that lists no categories accepts those of its
  /// column, or `false` and `true`.
  ///
  /// @throws Error As `models()`.
  v1::Model model(std::string_view name, const CallOptions& options = {}) const;

  /// Asks for rows of a table model as typed columns.
  ///
  /// @throws Error (`invalid_argument`) `model` is not a name, or a condition has a value that cannot be sent. If the
  ///     server refuses the request, reading the stream throws.
  [[nodiscard]] RowStream rows(std::string_view model, const RowOptions& options = {}) const;

  /// Asks for rows of a table model as a file.
  ///
  /// @throws Error As `rows()`.
  [[nodiscard]] EncodedRowStream encoded_rows(std::string_view model, RowFormat format,
                                              const RowOptions& options = {}) const;

  /// Asks for images of an image model.
  ///
  /// @throws Error As `rows()`.
  [[nodiscard]] ImageStream images(std::string_view model, const ImageOptions& options = {}) const;

 private:
  std::shared_ptr<const detail::Caller> caller_;
};

}  // namespace synthserve
