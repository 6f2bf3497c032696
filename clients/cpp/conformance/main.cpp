// Plays the cases of tests/conformance through the public API of the client, and prints the results.
//
//     conformance_runner PLAY

#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>

#include "../example/standard_streams.h"
#include "play.h"

namespace {

void say(nlohmann::json line, const nlohmann::json& name) {
  line["case"] = name;
  std::cout << line.dump() << '\n';
  require_printed();
}

void play_all(const char* path) {
  std::ifstream file(path);
  if (!file) {
    throw std::runtime_error(std::string("cannot read ") + path);
  }
  const auto content = nlohmann::json::parse(file);
  conformance::Clients clients(content["connections"]);
  for (const auto& test_case : content["cases"]) {
    const auto& name = test_case["name"];
    const auto pause = [&] {
      say({{"paused", true}}, name);
      std::string line;
      if (!std::getline(std::cin, line)) {
        throw std::runtime_error("standard input ended in a pause");
      }
    };
    say(conformance::play(test_case, clients, pause), name);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    fill_closed_streams();
    if (argc != 2) {
      throw std::runtime_error("usage: conformance_runner PLAY");
    }
    play_all(argv[1]);
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << "conformance_runner: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
