#include "digests.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace conformance {

namespace {

static_assert(std::endian::native == std::endian::little, "values are hashed as they lie in memory");

constexpr char kMissing = 0;
constexpr char kPresent = 1;

template <typename Value>
void append(std::string& buffer, Value value) {
  std::array<char, 1 + sizeof value> bytes{kPresent};
  std::memcpy(&bytes[1], &value, sizeof value);
  buffer.append(bytes.data(), bytes.size());
}

void append_text(std::string& buffer, std::string_view text) {
  append(buffer, static_cast<std::uint32_t>(text.size()));
  buffer.append(text);
}

// Writes the values of a column one after the other into the buffer.
template <typename Values, typename Append>
void write(std::string& buffer, const Values& values, std::span<const bool> validity, Append append_value) {
  for (std::size_t row = 0; row < values.size(); ++row) {
    if (!validity.empty() && !validity[row]) {
      buffer.push_back(kMissing);
    } else {
      append_value(values[row]);
    }
  }
}

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
  if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("there is no SHA-256");
  }
}

void Sha256::add(std::string_view bytes) {
  EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

std::string Sha256::finish() {
  std::string digest(32, '\0');
  EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  return digest;
}

std::string hexadecimal(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char each : bytes) {
    const auto byte = static_cast<unsigned char>(each);
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

ColumnsDigest::ColumnsDigest(const synthserve::v1::TableSchema& schema) {
  for (const auto& column : schema.columns()) {
    auto& state = columns_.emplace_back();
    for (const auto& category : column.categories()) {
      append_text(state.categories.emplace_back(), category);
    }
  }
}

void ColumnsDigest::add(const synthserve::RowBatch& batch) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto view = batch.column(i);
    const auto number = [this](auto value) { append(buffer_, value); };
    buffer_.clear();
    switch (view.column().type()) {
      case synthserve::v1::COLUMN_TYPE_DOUBLE:
        write(buffer_, view.doubles(), view.validity(), number);
        break;
      case synthserve::v1::COLUMN_TYPE_INT64:
        write(buffer_, view.int64s(), view.validity(), number);
        break;
      case synthserve::v1::COLUMN_TYPE_BOOL:
        write(buffer_, view.bools(), view.validity(), number);
        break;
      case synthserve::v1::COLUMN_TYPE_STRING:
        write(buffer_, view.strings(), view.validity(), [this](auto text) { append_text(buffer_, text); });
        break;
      case synthserve::v1::COLUMN_TYPE_DATE:
        write(buffer_, view.dates(), view.validity(),
              [this](auto day) { append(buffer_, static_cast<std::int32_t>(day.time_since_epoch().count())); });
        break;
      case synthserve::v1::COLUMN_TYPE_TIMESTAMP: {
        const auto time = [this](auto value) { append(buffer_, std::int64_t{value.time_since_epoch().count()}); };
        if (view.column().utc()) {
          write(buffer_, view.instants(), view.validity(), time);
        } else {
          write(buffer_, view.local_times(), view.validity(), time);
        }
        break;
      }
      default:
        write(buffer_, view.categories(), view.validity(),
              [&](auto code) { buffer_.append(columns_[i].categories[static_cast<std::size_t>(code)]); });
    }
    columns_[i].sha256.add(buffer_);
  }
}

std::string ColumnsDigest::finish() {
  Sha256 all;
  for (auto& column : columns_) {
    all.add(column.sha256.finish());
  }
  return all.finish();
}

}  // namespace conformance
