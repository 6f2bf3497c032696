#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "faults.h"
#include "synthserve/options.h"

namespace synthserve {

namespace {

std::string read_file(const std::string& field, const std::filesystem::path& path) {
  if (path.empty()) {
    return {};
  }
  std::ifstream file(path, std::ios::binary);
  std::string text;
  for (std::array<char, 65536> block{}; file.read(block.data(), block.size()) || file.gcount() > 0;) {
    text.append(block.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (!file.is_open() || file.bad()) {
    throw std::filesystem::filesystem_error("cannot read", path, std::error_code(errno, std::generic_category()));
  }
  if (text.empty()) {
    // An empty text would select the default, as if no file were given.
    throw detail::invalid(field, "the file " + path.string() + " is empty");
  }
  return text;
}

}  // namespace

TlsOptions TlsOptions::from_files(const std::filesystem::path& ca, const std::filesystem::path& certificate,
                                  const std::filesystem::path& key) {
  return {
      .ca = read_file("ca", ca), .certificate = read_file("certificate", certificate), .key = read_file("key", key)};
}

}  // namespace synthserve
