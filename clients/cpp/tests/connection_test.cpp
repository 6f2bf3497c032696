#include "connection.h"

#include <synthserve/client.h>

#include <filesystem>
#include <future>

#include "certificates.h"
#include "fake_server.h"
#include "listener.h"
#include "secured_server.h"
#include "thrown.h"

namespace synthserve {
namespace {

/// The message of a client that cannot connect, which ends with gRPC's own message.
std::string why(const std::string& target, const std::optional<TlsOptions>& tls = std::nullopt) {
  const auto error = thrown([&] { Client(target, {.tls = tls, .retry = RetryPolicy::never()}).models(); });
  EXPECT_EQ(error ? error->code() : Code::unknown, Code::unavailable);
  const std::string message = error ? error->what() : "";
  EXPECT_NE(message.find(" (gRPC: "), std::string::npos) << message;
  return message;
}

TEST(Connection, NobodyListens) {
  const std::string target = [] { return Listener().address(); }();
  EXPECT_TRUE(why(target).starts_with("no server at " + target + " (connection refused): is it running?"));
  EXPECT_TRUE(why("unix:/there/is/none").starts_with("no server at unix:/there/is/none (no such socket)"));
}

TEST(Connection, TheHostIsUnknown) {
  EXPECT_TRUE(why("nothing.invalid:1").starts_with("cannot find the host of nothing.invalid:1: check the address"));
}

TEST(Connection, TheAuthorityIsUnknown) {
  const SecuredServer server(self_signed(), nullptr);
  const auto message = why(server.target(), TlsOptions{.ca = self_signed({.name = "other"}).certificate});
  EXPECT_TRUE(message.starts_with("the certificate of the server at " + server.target())) << message;
  EXPECT_EQ(message.find("is not accepted"), std::string::npos) << message;
  EXPECT_NE(message.find("not issued by an authority that this client trusts"), std::string::npos) << message;
  EXPECT_NE(message.find("TlsOptions::ca"), std::string::npos) << message;
}

TEST(Connection, TheNameIsAnother) {
  const auto identity = self_signed({.name = "example.org"});
  const SecuredServer server(identity, nullptr);
  const auto message = why(server.target(), TlsOptions{.ca = identity.certificate});
  EXPECT_NE(message.find("is for other names: connect by a name in it"), std::string::npos) << message;
}

TEST(Connection, TheCertificateIsOutOfDate) {
  const auto authority = self_signed({.name = "authority"});
  const SecuredServer expired(issued_by(authority, {.begins = -7200, .ends = -3600}), nullptr);
  const auto message = why(expired.target(), TlsOptions{.ca = authority.certificate});
  EXPECT_NE(message.find("has expired"), std::string::npos) << message;
  EXPECT_NE(message.find("clock"), std::string::npos) << message;
  EXPECT_EQ(message.find("authority"), std::string::npos) << message;
  const SecuredServer early(issued_by(authority, {.begins = 3600, .ends = 7200}), nullptr);
  EXPECT_NE(why(early.target(), TlsOptions{.ca = authority.certificate}).find("is not valid yet"), std::string::npos);
}

TEST(Connection, TheServerDoesNotSpeakTls) {
  const FakeServer server;
  const auto message = why(server.target(), TlsOptions{.ca = self_signed().certificate});
  EXPECT_TRUE(message.starts_with("the server at " + server.target() + " does not speak TLS: connect without TLS"))
      << message;
}

TEST(Connection, TheServerWantsTls) {
  const SecuredServer server(self_signed(), nullptr);
  const auto message = why(server.target());
  EXPECT_NE(message.find("closed the connection before it answered: it may want TLS (ClientOptions::tls)"),
            std::string::npos)
      << message;
}

TEST(Connection, TheServerWantsACertificate) {
  const auto identity = self_signed();
  const auto trusted = self_signed();
  const SecuredServer server(identity, &trusted);
  EXPECT_NE(why(server.target(), TlsOptions{.ca = identity.certificate}).find("it may ask for a client certificate"),
            std::string::npos);
  const auto other = self_signed({.name = "other"});
  const auto message =
      why(server.target(), TlsOptions{.ca = identity.certificate, .certificate = other.certificate, .key = other.key});
  EXPECT_NE(message.find("may not accept the client's certificate"), std::string::npos) << message;
  EXPECT_NE(message.find("P-256"), std::string::npos) << message;
}

TEST(Connection, WhoListensIsNoServer) {
  const Listener listener;
  auto said = std::async([&] { return listener.answer("HTTP/1.1 400 Bad Request\r\n\r\n"); });
  EXPECT_NE(why(listener.address()).find("does not speak gRPC"), std::string::npos);
  said.get();
}

TEST(Connection, ThereIsNoneInTime) {
  const Listener listener;
  const auto error = thrown([&] { Client(listener.address()).models({.timeout = std::chrono::milliseconds(300)}); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Code::deadline_exceeded);
  EXPECT_NE(std::string(error->what()).find("did not answer in time (timed out)"), std::string::npos) << error->what();
}

TEST(Connection, GrpcCannotTakeTheAddress) {
  for (const auto* target : {"ipv4:nonsense:1", "ipv4:10.0.0.1", "ipv6:127.0.0.1:1", "unix://host/path"}) {
    EXPECT_EQ(thrown_code([&] { Client{target}; }), Code::invalid_argument) << target;
  }
}

TEST(Connection, WhatIsNotKnownIsToldInGrpcsWords) {
  EXPECT_EQ(detail::connection_fault("failed to connect to all addresses; last error: odd", {.target = "t"}),
            "t: failed to connect to all addresses; last error: odd");
  EXPECT_EQ(detail::connection_fault("Socket closed", {.target = "t"}), "t: Socket closed");
  const detail::Proxy proxy{.url = "http://p:1", .variable = "http_proxy"};
  EXPECT_EQ(detail::connection_fault("Socket closed", {.target = "t", .proxy = proxy}),
            "t through the proxy http://p:1 (http_proxy): Socket closed");
}

TEST(Connection, TheReasonsOfOtherVersionsOfGrpcAreKnown) {
  const auto meaning = [](const std::string& words) {
    return detail::connection_fault("failed to connect to all addresses; last error: " + words, {.target = "t"});
  };
  EXPECT_NE(meaning("CERTIFICATE_VERIFY_FAILED: certificate has expired").find("has expired:"), std::string::npos);
  EXPECT_NE(meaning("CERTIFICATE_VERIFY_FAILED: unable to get local issuer certificate").find("not issued by"),
            std::string::npos);
  EXPECT_NE(meaning("certificate verify failed").find("is not accepted"), std::string::npos);
  EXPECT_NE(meaning("certificate verify failed: EE certificate key too weak").find("is too weak"), std::string::npos);
  EXPECT_NE(meaning("connect: No route to host (113)").find("no route"), std::string::npos);
  EXPECT_NE(meaning("unix:/s: Permission denied").find("permission denied"), std::string::npos);
}

}  // namespace
}  // namespace synthserve
