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
/// long as it needs it. It is made when it is first used, and again when it is lost. It goes through the proxy that
/// gRPC finds in the environment (`grpc_proxy`, `https_proxy`, `http_proxy`, less `no_grpc_proxy`, `no_proxy`), except
/// to this machine, and except with a token in plain text.
///
/// A process that is forked from one that has made a client can use neither that client nor a new one.
///
/// Models are named `iris-vae` (the newest version that is ready), `iris-vae@2` (that version), or by their full
/// resource name (`models/iris-vae/versions/2`).
class Client {
 public:
  /// @param target The server's address: `HOST:PORT`, or any other target that gRPC knows (`dns:///...`, `unix:...`).
  /// @param options How to connect.
  /// @throws Error (`invalid_argument`) An option has a value that is not allowed, `target` is not an address, or
  /// others
  ///     could read the token on its way there; (`failed_precondition`) this process was forked, see above.
  explicit Client(std::string target, ClientOptions options = {});

  // A move copies, so that a client that was moved from can still be used.
  Client(const Client&) = default;
  Client& operator=(const Client&) = default;
  ~Client() = default;

  /// Lists the models of the server, those that failed to load too, sorted by name.
  ///
  /// @throws Error The call failed, after it was tried again; so do the methods that follow.
  std::vector<v1::Model> models(const ListOptions& options = {}) const;

  /// Describes a model, with all categories. A condition on a table that has none of its own takes those of its
  /// column, or `false` and `true`.
  v1::Model model(std::string_view name, const CallOptions& options = {}) const;

  /// Asks for rows of a table model as typed columns.
  ///
  /// @throws Error (`invalid_argument`) `model` is not a name, or a condition has a value that cannot be sent. What the
  ///     server refuses is told when the stream is read.
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
