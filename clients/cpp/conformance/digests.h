#pragma once

#include <openssl/evp.h>
#include <synthserve/rows.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace conformance {

/// SHA-256 of bytes that are added piece by piece.
class Sha256 {
 public:
  Sha256();
  void add(std::string_view bytes);
  /// The 32 bytes of the digest; nothing can be added afterwards.
  std::string finish();

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

/// The bytes as lower-case hexadecimal digits.
std::string hexadecimal(std::string_view bytes);

/// The digest of typed columns, as tests/conformance/README.md defines it.
class ColumnsDigest {
 public:
  explicit ColumnsDigest(const synthserve::v1::TableSchema& schema);
  void add(const synthserve::RowBatch& batch);
  std::string finish();

 private:
  struct Column {
    Sha256 sha256;
    /// The hashed bytes of each category.
    std::vector<std::string> categories;
  };

  std::vector<Column> columns_;
  std::string buffer_;
};

}  // namespace conformance
