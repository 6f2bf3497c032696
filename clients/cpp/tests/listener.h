#pragma once

#include <string>

namespace synthserve {

/// A TCP port of 127.0.0.1 where somebody listens who is not a server: connections wait there to be looked at.
class Listener {
 public:
  Listener();
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// `127.0.0.1:PORT`.
  std::string address() const;

  /// Whether anybody has connected since the last time.
  bool has_connection() const;

  /// Waits for a connection, reads the beginning of what it says, answers and closes it.
  ///
  /// @return What it said.
  std::string answer(const std::string& text) const;

 private:
  int socket_;
};

/// Sets a variable of the environment while it lives.
class Variable {
 public:
  Variable(const char* name, const std::string& value);
  ~Variable();
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

}  // namespace synthserve
