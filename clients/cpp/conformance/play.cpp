#include "play.h"

#include <charconv>
#include <optional>
#include <stdexcept>
#include <utility>

#include "describe.h"
#include "digests.h"
#include "pixels.h"
#include "where.h"

namespace conformance {

namespace {

using nlohmann::json;

std::optional<std::int64_t> number(const json& test_case, const char* field) {
  if (!test_case.contains(field)) {
    return std::nullopt;
  }
  const auto& text = test_case[field].get_ref<const std::string&>();
  std::int64_t value = 0;
  if (const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
      read.ec != std::errc{} || read.ptr != text.data() + text.size()) {
    throw std::runtime_error("not a 64-bit number: " + text);
  }
  return value;
}

std::optional<std::chrono::milliseconds> timeout(const json& test_case) {
  return test_case.contains("timeout_ms") ? std::optional(std::chrono::milliseconds(test_case["timeout_ms"]))
                                          : std::nullopt;
}

template <typename Options>
Options options(const json& test_case) {
  Options options;
  options.count = number(test_case, "count");
  options.seed = number(test_case, "seed");
  options.offset = number(test_case, "offset").value_or(0);
  if (test_case.contains("where")) {
    options.where = where(test_case["where"]);
  }
  options.timeout = timeout(test_case);
  return options;
}

synthserve::RowOptions row_options(const json& test_case) {
  auto chosen = options<synthserve::RowOptions>(test_case);
  chosen.rows_per_message = test_case.value("per_message", 0);
  return chosen;
}

json problem(const synthserve::Error& error) {
  const auto& details = error.details();
  json said = {{"code", synthserve::to_string(error.code())}};
  if (!details.reason.empty()) {
    said["reason"] = details.reason;
  }
  for (const auto& violation : details.fields) {
    said["fields"].push_back(violation.field);
  }
  if (!details.resource.empty()) {
    said["resource"] = details.resource;
  }
  if (details.retry_delay) {
    said["retry_ms"] = details.retry_delay->count();
  }
  for (const auto& violation : details.quotas) {
    said["quotas"].push_back(violation.subject);
  }
  for (const auto& violation : details.preconditions) {
    said["preconditions"].push_back(violation.subject);
  }
  return said;
}

/// Reads a stream to its end, as a case says.
template <typename Stream, typename Add, typename Finish>
json read(Stream stream, const json& test_case, const std::function<void()>& pause, Add add, Finish finish) {
  const auto cancel_after = number(test_case, "cancel_after");
  auto pause_after = number(test_case, "pause_after");
  std::int64_t samples = 0;
  json said;
  try {
    while (auto item = stream.next()) {
      samples += add(stream, *item);
      if (cancel_after && samples >= *cancel_after) {
        stream.cancel();
      }
      if (pause_after && samples >= *pause_after) {
        pause();
        pause_after.reset();
      }
    }
    said = {{"sha256", hexadecimal(finish(stream))},
            {"model", stream.info().model()},
            {"seed", std::to_string(stream.info().seed())}};
  } catch (const synthserve::Error& error) {
    if (cancel_after && error.code() == synthserve::Code::cancelled) {
      said["cancelled"] = true;
    } else {
      said["error"] = problem(error);
    }
  }
  said["samples"] = std::to_string(samples);
  return said;
}

json play_columns(const synthserve::Client& client, const json& test_case, const std::function<void()>& pause) {
  std::optional<ColumnsDigest> digest;
  const auto begun = [&](synthserve::RowStream& stream) -> ColumnsDigest& {
    return digest ? *digest : digest.emplace(stream.info().schema());
  };
  return read(
      client.rows(test_case["model"].get<std::string>(), row_options(test_case)), test_case, pause,
      [&](auto& stream, const synthserve::RowBatch& batch) {
        begun(stream).add(batch);
        return static_cast<std::int64_t>(batch.size());
      },
      [&](auto& stream) { return begun(stream).finish(); });
}

json play_encoded(const synthserve::Client& client, const json& test_case, const std::function<void()>& pause) {
  static const std::map<std::string, synthserve::RowFormat> kFormats = {
      {"csv", synthserve::RowFormat::csv},
      {"json_lines", synthserve::RowFormat::json_lines},
      {"arrow", synthserve::RowFormat::arrow}};
  Sha256 digest;
  return read(
      client.encoded_rows(test_case["model"].get<std::string>(), kFormats.at(test_case["format"]),
                          row_options(test_case)),
      test_case, pause,
      [&](auto&, const synthserve::RowChunk& chunk) {
        digest.add(chunk.data);
        return chunk.row_count;
      },
      [&](auto&) { return digest.finish(); });
}

json play_images(const synthserve::Client& client, const json& test_case, const std::function<void()>& pause) {
  static const std::map<std::string, synthserve::ImageFormat> kFormats = {{"png", synthserve::ImageFormat::png},
                                                                          {"jpeg", synthserve::ImageFormat::jpeg},
                                                                          {"raw", synthserve::ImageFormat::raw}};
  auto chosen = options<synthserve::ImageOptions>(test_case);
  chosen.format = kFormats.at(test_case.value("format", "png"));
  chosen.jpeg_quality = test_case.value("jpeg_quality", 0);
  chosen.images_per_message = test_case.value("per_message", 0);
  Sha256 digest;
  return read(
      client.images(test_case["model"].get<std::string>(), chosen), test_case, pause,
      [&](auto&, const synthserve::Image& image) {
        digest.add(chosen.format == synthserve::ImageFormat::png ? pixels(image.data) : image.data);
        return std::int64_t{1};
      },
      [&](auto&) { return digest.finish(); });
}

json list_models(const synthserve::Client& client, const json& test_case) {
  auto names = json::array();
  for (const auto& model : client.models({.timeout = timeout(test_case)})) {
    names.push_back(model.version());
  }
  return {{"models", names}};
}

json describe_model(const synthserve::Client& client, const json& test_case) {
  return describe(client.model(test_case["model"].get<std::string>(), {.timeout = timeout(test_case)}));
}

json play_call(const json& test_case, Clients& clients, const std::function<void()>& pause) {
  const auto& client = clients.get(test_case["connection"], test_case.value("retries", true));
  const std::string call = test_case["call"];
  if (call == "rows") {
    return test_case.value("format", "columns") == "columns" ? play_columns(client, test_case, pause)
                                                             : play_encoded(client, test_case, pause);
  }
  if (call == "images") {
    return play_images(client, test_case, pause);
  }
  return call == "models" ? list_models(client, test_case) : describe_model(client, test_case);
}

}  // namespace

const synthserve::Client& Clients::get(const std::string& connection, bool retries) {
  const std::pair key(connection, retries);
  if (const auto found = clients_.find(key); found != clients_.end()) {
    return found->second;
  }
  const auto& described = connections_.at(connection);
  synthserve::ClientOptions options;
  if (described.contains("ca")) {
    options.tls = synthserve::TlsOptions::from_files(described["ca"].get<std::string>());
  }
  if (described.contains("token")) {
    options.token = described["token"].get<std::string>();
  }
  if (!retries) {
    options.retry = synthserve::RetryPolicy::never();
  }
  return clients_.try_emplace(key, described["target"].get<std::string>(), options).first->second;
}

json play(const json& test_case, Clients& clients, const std::function<void()>& pause) {
  try {
    return play_call(test_case, clients, pause);
  } catch (const synthserve::Error& error) {
    return {{"samples", "0"}, {"error", problem(error)}};
  }
}

}  // namespace conformance
