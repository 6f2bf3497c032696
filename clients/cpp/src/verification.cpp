#include "verification.h"

#include <netdb.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <span>

#include "openssl.h"
#include "target.h"

namespace synthserve::detail {

namespace {

using Clock = std::chrono::steady_clock;

/// A TCP connection whose operations end at a point in time.
class Socket {
 public:
  Socket(int number, Clock::time_point end) : number_(number), end_(end) {}
  ~Socket() { close(number_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool connect(const addrinfo& address) {
    return wait_no_longer() && ::connect(number_, address.ai_addr, address.ai_addrlen) == 0;
  }

  bool send(std::span<const char> bytes) {
    return wait_no_longer() &&
           ::send(number_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }

  /// The number of bytes received; 0 at the end.
  std::size_t receive(std::span<char> bytes) {
    const auto size = wait_no_longer() ? recv(number_, bytes.data(), bytes.size(), 0) : 0;
    return size > 0 ? static_cast<std::size_t>(size) : 0;
  }

 private:
  /// Bounds the next operation; false if there is no time for one.
  bool wait_no_longer() const {
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(end_ - Clock::now()).count();
    const timeval most{.tv_sec = left / 1'000'000, .tv_usec = left % 1'000'000};
    return left > 0 && setsockopt(number_, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most) == 0 &&
           setsockopt(number_, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most) == 0;
  }

  int number_;
  Clock::time_point end_;
};

/// Connects to the first reachable address of a host; nothing if none is reachable.
std::unique_ptr<Socket> connected(const HostAndPort& address, Clock::time_point end) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found) != 0) {
    return nullptr;
  }
  const std::unique_ptr<addrinfo, openssl::Freed<freeaddrinfo>> owner(found);
  for (const auto* each = found; each != nullptr; each = each->ai_next) {
    auto made = std::make_unique<Socket>(socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), end);
    if (made->connect(*each)) {
      return made;
    }
  }
  return nullptr;
}

/// Verifies the server against the same authorities as gRPC, and in the same way.
void trust(SSL_CTX* context, const std::string& ca) {
  auto* store = SSL_CTX_get_cert_store(context);
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
  if (ca.empty()) {
    SSL_CTX_set_default_verify_paths(context);
    return;
  }
  const auto reader = openssl::reader_of(ca);
  while (const auto certificate =
             openssl::Certificate(PEM_read_bio_X509_AUX(reader.get(), nullptr, nullptr, nullptr))) {
    X509_STORE_add_cert(store, certificate.get());
  }
}

/// Runs a handshake until it ends or fails. The bytes are moved here: if OpenSSL wrote to the socket of a server that
/// has closed it, SIGPIPE would end the process.
void shake_hands(SSL* session, Socket& socket) {
  std::array<char, 16384> bytes{};
  while (true) {
    const int error = SSL_get_error(session, SSL_connect(session));
    for (int size = 0; (size = BIO_read(SSL_get_wbio(session), bytes.data(), bytes.size())) > 0;) {
      if (!socket.send(std::span(bytes).first(static_cast<std::size_t>(size)))) {
        return;
      }
    }
    const auto size = error == SSL_ERROR_WANT_READ ? socket.receive(bytes) : 0;
    if (size == 0) {
      return;
    }
    BIO_write(SSL_get_rbio(session), bytes.data(), static_cast<int>(size));
  }
}

}  // namespace

std::optional<std::string> verification_failure(const std::string& target, const std::string& ca,
                                                std::chrono::nanoseconds patience) {
  const auto address = host_and_port(target);
  const auto socket = address ? connected(*address, Clock::now() + patience) : nullptr;
  const openssl::OwnErrors own;
  const openssl::Context context(SSL_CTX_new(TLS_client_method()));
  if (!socket || !context) {
    return std::nullopt;
  }
  trust(context.get(), ca);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  const openssl::Session session(SSL_new(context.get()));
  constexpr std::array<unsigned char, 3> kHttp2 = {2, 'h', '2'};
  SSL_set_alpn_protos(session.get(), kHttp2.data(), kHttp2.size());
  SSL_set_tlsext_host_name(session.get(), address->host.c_str());
  SSL_set_bio(session.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  shake_hands(session.get(), *socket);
  const auto result = SSL_get_verify_result(session.get());
  return result == X509_V_OK ? std::nullopt : std::optional<std::string>(X509_verify_cert_error_string(result));
}

}  // namespace synthserve::detail
