// Lists the models of a server, and writes 1,000 flowers and 16 digits into the current folder.
//
//     example [TARGET]

#include <synthserve/client.h>

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "standard_streams.h"

namespace {

// Closes a file. Throws if part of it could not be written.
void finish(std::ofstream& file, const std::filesystem::path& path) {
  file.close();
  if (!file) {
    throw std::runtime_error("cannot write " + path.string());
  }
}

void list_models(const synthserve::Client& client) {
  for (const auto& model : client.models()) {
    std::cout << model.version() << ": " << model.card().summary() << '\n';
  }
}

void save_flowers(const synthserve::Client& client) {
  std::ofstream file("iris.csv", std::ios::binary);
  auto stream = client.encoded_rows("iris-vae", synthserve::RowFormat::csv, {.count = 1000, .seed = 7});
  std::int64_t rows = 0;
  for (const auto& chunk : stream) {
    file << chunk.data;
    rows += chunk.row_count;
  }
  finish(file, "iris.csv");
  std::cout << "iris.csv: " << rows << " rows of " << stream.info().model() << '\n';
}

void save_digits(const synthserve::Client& client) {
  std::filesystem::create_directories("digits");
  auto stream = client.images("mnist-dcgan", {.count = 16, .seed = 7});
  std::int64_t images = 0;
  for (const auto& image : stream) {
    std::ostringstream name;
    name << "digits/" << std::setfill('0') << std::setw(4) << image.index << ".png";
    std::ofstream file(name.str(), std::ios::binary);
    file << image.data;
    finish(file, name.str());
    ++images;
  }
  std::cout << "digits/: " << images << " images of " << stream.info().model() << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  try {
    fill_closed_streams();
    const synthserve::Client client(argc > 1 ? argv[1] : "localhost:50051");
    list_models(client);
    save_flowers(client);
    save_digits(client);
    require_printed();
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << "example: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
