#include "listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <stdexcept>

namespace synthserve {

Listener::Listener() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || listen(socket_, 16) != 0) {
    throw std::runtime_error("cannot listen");
  }
}

Listener::~Listener() {
  close(socket_);
}

std::string Listener::address() const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
  return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

bool Listener::has_connection() const {
  pollfd waiting{.fd = socket_, .events = POLLIN, .revents = 0};
  if (poll(&waiting, 1, 0) != 1) {
    return false;
  }
  close(accept(socket_, nullptr, nullptr));
  return true;
}

std::string Listener::answer(const std::string& text) const {
  const int connection = accept(socket_, nullptr, nullptr);
  std::array<char, 4096> bytes{};
  const auto size = recv(connection, bytes.data(), bytes.size(), 0);
  send(connection, text.data(), text.size(), MSG_NOSIGNAL);
  close(connection);
  return {bytes.data(), static_cast<std::size_t>(size < 0 ? 0 : size)};
}

Variable::Variable(const char* name, const std::string& value) : name_(name) {
  setenv(name, value.c_str(), 1);
}

Variable::~Variable() {
  unsetenv(name_);
}

}  // namespace synthserve
