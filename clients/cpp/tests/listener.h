#pragma once

#include <string>

namespace synthserve {

/// A listening TCP port of 127.0.0.1 without a server behind it. Tests inspect the connections that arrive.
class Listener {
 public:
  Listener();
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// `127.0.0.1:PORT`.
  std::string address() const;

  /// Whether a client has connected since the last call.
  bool has_connection() const;

  /// Waits for a connection, reads its first bytes, answers and closes it.
  ///
  /// @return The bytes that were read.
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
