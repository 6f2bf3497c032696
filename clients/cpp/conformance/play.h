#pragma once

#include <synthserve/client.h>

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace conformance {

/// The clients that a play needs: one for each connection, and one more without retries where a case says so.
class Clients {
 public:
  explicit Clients(const nlohmann::json& connections) : connections_(connections) {}
  const synthserve::Client& get(const std::string& connection, bool retries);

 private:
  const nlohmann::json& connections_;
  std::map<std::pair<std::string, bool>, synthserve::Client> clients_;
};

/// Plays a case.
///
/// @param pause Called where the case has a pause; returns when it is over.
/// @return The result of the case.
nlohmann::json play(const nlohmann::json& test_case, Clients& clients, const std::function<void()>& pause);

}  // namespace conformance
