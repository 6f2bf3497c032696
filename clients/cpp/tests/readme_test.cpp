#include <synthserve/client.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "certificates.h"
#include "flowers.h"
#include "thrown.h"

// The code blocks of README.md, to the letter: tests/unit/docs of the repository compares the two.

namespace synthserve {
namespace {

void print_rows(const std::string& target) {
  const synthserve::Client client(target);  // such as "localhost:50051"
  auto rows = client.rows("iris-vae", {.count = 1000, .seed = 7});
  for (const auto row : rows.by_row()) {
    std::cout << row.index() << ' ' << std::get<std::string_view>(row["species"]) << '\n';
  }
}

double columns_and_files(const synthserve::Client& client, std::ostream& file, const std::filesystem::path& folder) {
  // Rows as typed columns, one batch for each message.
  auto stream = client.rows("iris-vae", {.count = 1'000'000, .seed = 7, .where = {{"species", "setosa"}}});
  double sum = 0;
  for (const auto& batch : stream) {
    for (const double width : batch.column("petal_width").doubles()) {
      sum += width;
    }
  }

  // Rows as a file: CSV, JSON lines or Arrow.
  auto chunks = client.encoded_rows("iris-vae", synthserve::RowFormat::csv, {.count = 1000});
  for (const auto& chunk : chunks) {
    file << chunk.data;
  }
  if (!file.flush()) {
    throw std::runtime_error("cannot write the rows");  // for example, as the disk is full
  }

  // Images.
  auto digits = client.images("mnist-dcgan", {.count = 16, .format = synthserve::ImageFormat::jpeg});
  for (const auto& image : digits) {
    std::ofstream picture(folder / (std::to_string(image.index) + ".jpg"), std::ios::binary);
    if (!(picture << image.data).flush()) {
      throw std::runtime_error("cannot write picture " + std::to_string(image.index));
    }
  }
  return sum;
}

synthserve::RowStream people(const synthserve::Client& client, const std::string& model) {
  using synthserve::Condition;
  using namespace std::chrono_literals;
  const std::map<std::string, Condition> where = {
      {"species", "setosa"},                                      // this value
      {"country", Condition::any_of({"AT", "DE"})},               // one of these
      {"color", Condition::any_of({"red", std::nullopt})},        // this, or missing
      {"age", Condition::between(30, 40)},                        // in this range, both ends included
      {"born", Condition::between(2000y / 1 / 1, std::nullopt)},  // from this day on
      {"seen", Condition::missing()},
      {"income", Condition::present()},
  };
  auto stream = client.rows(model, {.count = 1000, .where = where});
  return stream;
}

void tell(const synthserve::Client& client) {
  try {
    client.model("nothing");
  } catch (const synthserve::Error& error) {
    if (error.code() == synthserve::Code::not_found) {
      std::cerr << "no model " << error.details().resource << '\n';
    }
  }
}

synthserve::Client secured(const std::string& target, const std::filesystem::path& folder, const std::string& token) {
  const synthserve::ClientOptions options{
      .tls = synthserve::TlsOptions::from_files(folder / "ca.pem", folder / "client.pem", folder / "client.key"),
      .token = token,  // or a function that returns one
  };
  return synthserve::Client(target, options);
}

/// The text that a function writes to a stream.
template <typename Function>
std::string written(std::ostream& stream, Function&& function) {
  const std::ostringstream captured;
  auto* const before = stream.rdbuf(captured.rdbuf());
  function();
  stream.rdbuf(before);
  return captured.str();
}

/// A temporary folder for one test.
class Readme : public testing::Test {
 protected:
  Readme() { std::filesystem::create_directories(folder_); }
  ~Readme() override { std::filesystem::remove_all(folder_); }

  void save(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }

  const std::filesystem::path& folder() const { return folder_; }

 private:
  const std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) /
      (std::string("readme-") + testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(Readme, PrintsRows) {
  const Flowers server;
  const auto lines = written(std::cout, [&] { print_rows(server.target()); });
  EXPECT_EQ(std::ranges::count(lines, '\n'), 1000);
  EXPECT_TRUE(lines.ends_with("\n999 setosa\n"));
}

TEST_F(Readme, AddsUpColumnsAndWritesFiles) {
  const Flowers server;
  std::ostringstream file;
  EXPECT_EQ(columns_and_files(Client(server.target()), file, folder()), 500'000);
  EXPECT_EQ(file.str(), "petal_width,species\n0.5,setosa\n");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder()), {}), 16);
}

TEST_F(Readme, AsksForConditions) {
  Flowers server;
  std::map<std::string, v1::Condition> asked;
  server.on_rows = [&](auto&, const auto& request, auto&) {
    for (const auto& condition : request.conditions()) {
      asked[condition.column()] = condition;
    }
    return grpc::Status(grpc::StatusCode::ABORTED, "seen");
  };
  auto stream = people(Client(server.target()), "people");
  EXPECT_EQ(thrown_code([&] { stream.next(); }), Code::aborted);
  EXPECT_EQ(asked.size(), 7U);
  EXPECT_EQ(asked["species"].equals(), "setosa");
  EXPECT_EQ(asked["country"].any_of().values_size(), 2);
  EXPECT_TRUE(asked["color"].any_of().missing());
  EXPECT_EQ(asked["age"].between().high(), "40");
  EXPECT_EQ(asked["born"].between().low(), "2000-01-01");
  EXPECT_TRUE(asked["seen"].missing());
  EXPECT_EQ(asked["income"].test_case(), v1::Condition::kMissing);
}

TEST_F(Readme, TellsErrorsApart) {
  const Flowers server;
  EXPECT_EQ(written(std::cerr, [&] { tell(Client(server.target())); }), "no model models/nothing\n");
}

TEST_F(Readme, ConnectsOverMutualTls) {
  const auto own = self_signed();
  const auto theirs = self_signed();
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_key_cert_pairs.push_back({own.key, own.certificate});
  options.pem_root_certs = theirs.certificate;
  const Flowers server(grpc::SslServerCredentials(options));
  save("ca.pem", own.certificate);
  save("client.pem", theirs.certificate);
  save("client.key", theirs.key);
  const auto client = secured(server.target(), folder(), "secret");
  EXPECT_EQ(thrown_code([&] { client.model("nothing"); }), Code::not_found);
}

}  // namespace
}  // namespace synthserve
