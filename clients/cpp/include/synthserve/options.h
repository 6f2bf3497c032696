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
  /// Certificates of the authorities that the server's certificate may be of. Empty: those that gRPC brings.
  std::string ca{};
  /// The client's own certificate, then those between it and its authority. Empty: none.
  std::string certificate{};
  /// The private key of `certificate`, without a password.
  std::string key{};

  /// Reads the files once; a client that goes on for longer than its certificate is valid must be made anew.
  ///
  /// @param ca Empty: the authorities that gRPC brings.
  /// @throws std::filesystem::filesystem_error A file cannot be read.
  /// @throws Error (`invalid_argument`) A file is empty.
  static TlsOptions from_files(const std::filesystem::path& ca, const std::filesystem::path& certificate = {},
                               const std::filesystem::path& key = {});
};

/// A bearer token, or what gives one: it is called for each attempt of each call, by the thread that makes it and
/// possibly by several at once, so it should keep a token for as long as that is good.
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

/// How much a list tells of each model.
enum class ModelView {
  /// All but the categories of columns and conditions; `category_count` says how many there are.
  basic,
  /// With the categories. Where those of a model do not fit into a message they are left out; `Client::model()` has
  /// them.
  full,
};

/// What to ask of the list of models.
struct ListOptions {
  /// How much to tell of each.
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

/// What to ask of a table model. Values out of range are told by the server when the stream is read.
struct RowOptions {
  /// How many rows, from 0. Not set: they come until the stream is cancelled.
  std::optional<std::int64_t> count{};
  /// From 0 to 2^63 - 1. Not set: the server draws one, which `info()` tells.
  std::optional<std::int64_t> seed{};
  /// The index of the first row, from 0. A large one costs no more than a small one.
  std::int64_t offset = 0;
  /// Conditions, column to what holds for it: `{{"species", "setosa"}, {"age", Condition::between(30, 40)}}`.
  std::map<std::string, Condition> where{};
  /// A hint for the size of the messages, which never changes the rows. 0: the server chooses.
  std::int32_t rows_per_message = 0;
  /// For the whole stream from its first use, with everything that is tried again. Not set: no limit.
  Timeout timeout{};
  /// Cancels the stream when a stop is requested.
  std::stop_token stop{};
};

/// How encoded rows come.
enum class RowFormat {
  /// RFC 4180 with LF line ends and a header line, UTF-8.
  csv,
  /// One JSON object per line, UTF-8.
  json_lines,
  /// The streaming format of Arrow IPC.
  arrow,
};

/// How images come.
enum class ImageFormat {
  /// Lossless, 8 bits per channel.
  png,
  /// JFIF.
  jpeg,
  /// The bare pixels: height * width * channels bytes, rows from the top, channels last.
  raw,
};

/// What to ask of an image model. Values out of range are told by the server when the stream is read.
struct ImageOptions {
  /// How many images, from 0. Not set: they come until the stream is cancelled.
  std::optional<std::int64_t> count{};
  /// From 0 to 2^63 - 1. Not set: the server draws one, which `info()` tells.
  std::optional<std::int64_t> seed{};
  /// The index of the first image, from 0. A large one costs no more than a small one.
  std::int64_t offset = 0;
  /// Conditions, name to what holds for it.
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
