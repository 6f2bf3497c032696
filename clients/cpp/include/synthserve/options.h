#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>

#include "synthserve/condition.h"
#include "synthserve/retry.h"
#include "synthserve/timeout.h"

namespace synthserve {

/// How to connect over TLS, or over mutual TLS where there is a certificate. Everything is PEM text; byte order marks
/// in it do not matter.
struct TlsOptions {
  /// Certificates of the authorities that may have issued the server's certificate. Empty: those that gRPC brings.
  std::string ca{};
  /// The client's own certificate, then those between it and its authority. Empty: none.
  std::string certificate{};
  /// The private key of `certificate`, without a password.
  std::string key{};

  /// Reads the files once. After a certificate is renewed, make a new client.
  ///
  /// @param ca Empty: the authorities that gRPC brings.
  /// @throws std::filesystem::filesystem_error A file cannot be read.
  /// @throws Error (`invalid_argument`) A file is empty.
  static TlsOptions from_files(const std::filesystem::path& ca, const std::filesystem::path& certificate = {},
                               const std::filesystem::path& key = {});
};

/// A bearer token, or a function that returns one. The function is called for each attempt of each call, by the calling
/// thread and possibly by several at once, so it should cache the token while that is valid.
using Token = std::variant<std::string, std::function<std::string()>>;

/// How a client connects.
struct ClientOptions {
  /// Not set: plain text.
  std::optional<TlsOptions> tls{};
  /// Not set: none is sent.
  std::optional<Token> token{};
  /// Whether the token may be sent in plain text to another machine: directly, never through a proxy.
  bool insecure_token = false;
  /// How often to try again.
  RetryPolicy retry{};
};

/// How much a list contains of each model.
enum class ModelView {
  /// All but the categories of columns and conditions; `category_count` says how many there are.
  basic,
  /// With the categories. Where those of a model do not fit into a message they are left out; `Client::model()` has
  /// them.
  full,
};

/// The options of a list of models.
struct ListOptions {
  /// How much each model contains.
  ModelView view = ModelView::basic;
  /// For the whole call, with everything that is tried again. Not set: no limit.
  Timeout timeout{};
  /// Cancels the call when a stop is requested.
  std::stop_token stop{};
};

/// How long a call may take.
struct CallOptions {
  /// For the whole call, with everything that is tried again. Not set: no limit.
  Timeout timeout{};
  /// Cancels the call when a stop is requested.
  std::stop_token stop{};
};

/// A request to a table model. The server refuses values out of range when the stream is read.
struct RowOptions {
  /// How many rows, from 0. Not set: they come until the stream is cancelled.
  std::optional<std::int64_t> count{};
  /// From 0 to 2^63 - 1. Not set: the server draws one, which `info()` tells.
  std::optional<std::int64_t> seed{};
  /// The index of the first row, from 0. A large one costs no more than a small one.
  std::int64_t offset = 0;
  /// Conditions by column: `{{"species", "setosa"}, {"age", Condition::between(30, 40)}}`.
  std::map<std::string, Condition> where{};
  /// A hint for the size of the messages, which never changes the rows. 0: the server chooses.
  std::int32_t rows_per_message = 0;
  /// For the whole stream from its first use, with everything that is tried again. Not set: no limit.
  Timeout timeout{};
  /// Cancels the stream when a stop is requested.
  std::stop_token stop{};
};

/// The format of encoded rows.
enum class RowFormat {
  /// RFC 4180 with LF line ends and a header line, UTF-8.
  csv,
  /// One JSON object per line, UTF-8.
  json_lines,
  /// The streaming format of Arrow IPC.
  arrow,
};

/// The format of images.
enum class ImageFormat {
  /// Lossless, 8 bits per channel.
  png,
  /// JFIF.
  jpeg,
  /// The bare pixels: height * width * channels bytes, rows from the top, channels last.
  raw,
};

/// A request to an image model. The server refuses values out of range when the stream is read.
struct ImageOptions {
  /// How many images, from 0. Not set: they come until the stream is cancelled.
  std::optional<std::int64_t> count{};
  /// From 0 to 2^63 - 1. Not set: the server draws one, which `info()` tells.
  std::optional<std::int64_t> seed{};
  /// The index of the first image, from 0. A large one costs no more than a small one.
  std::int64_t offset = 0;
  /// Conditions by name.
  std::map<std::string, Condition> where{};
  /// How each image is encoded.
  ImageFormat format = ImageFormat::png;
  /// For JPEG, from 1 to 100. 0: 95.
  std::int32_t jpeg_quality = 0;
  /// A hint for the size of the messages, which never changes the images. 0: the server chooses.
  std::int32_t images_per_message = 0;
  /// For the whole stream from its first use, with everything that is tried again. Not set: no limit.
  Timeout timeout{};
  /// Cancels the stream when a stop is requested.
  std::stop_token stop{};
};

}  // namespace synthserve
