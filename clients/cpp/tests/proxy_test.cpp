#include "proxy.h"

#include <synthserve/client.h>

#include <future>
#include <map>

#include "certificates.h"
#include "fake_server.h"
#include "listener.h"
#include "thrown.h"

namespace synthserve::detail {
namespace {

using Variables = std::map<std::string, std::string>;

std::optional<Proxy> proxy(const std::string& target, const Variables& variables) {
  return proxy_for(target, [&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(Proxy, TheFirstVariableThatIsSetHolds) {
  const Proxy expected{.url = "http://p:1", .variable = "https_proxy"};
  EXPECT_EQ(proxy("example.org:1", {{"https_proxy", "http://p:1"}, {"http_proxy", "http://q:2"}}), expected);
  EXPECT_EQ(proxy("example.org:1", {{"grpc_proxy", "http://q:2"}, {"https_proxy", "http://p:1"}})->variable,
            "grpc_proxy");
  EXPECT_EQ(proxy("example.org:1", {{"grpc_proxy", ""}, {"https_proxy", "http://p:1"}}), std::nullopt);
  EXPECT_EQ(proxy("example.org:1", {{"HTTPS_PROXY", "http://p:1"}, {"all_proxy", "http://p:1"}}), std::nullopt);
}

TEST(Proxy, IsNamedWithoutUserAndPassword) {
  EXPECT_EQ(proxy("example.org:1", {{"http_proxy", "http://user:secret@p:1/path?secret"}})->url, "http://p:1");
}

TEST(Proxy, WhatGrpcCannotTakeIsNone) {
  for (const auto* url : {"p:1", "https://p:1", "socks5://p:1", "http://", "http://a@b@c:1"}) {
    EXPECT_EQ(proxy("example.org:1", {{"http_proxy", url}}), std::nullopt) << url;
  }
  EXPECT_EQ(proxy("unix:/run/socket", {{"http_proxy", "http://p:1"}}), std::nullopt);
}

TEST(Proxy, ExceptionsAreEndsOfNames) {
  const auto without = [](const std::string& target, const std::string& list) {
    return !proxy(target, {{"http_proxy", "http://p:1"}, {"no_proxy", list}});
  };
  EXPECT_TRUE(without("www.example.org:1", "other,.example.org"));
  EXPECT_TRUE(without("EXAMPLE.org", "example.ORG"));
  EXPECT_TRUE(without("dns:///example.org:1", "example.org"));
  EXPECT_TRUE(without("[fe80::1]:1", "fe80::1"));
  EXPECT_FALSE(without("example.org:1", "example.org.,*,,"));
  EXPECT_FALSE(proxy("example.org:1", {{"http_proxy", "http://p:1"}, {"no_grpc_proxy", "example.org"}}));
  EXPECT_TRUE(
      proxy("example.org:1", {{"http_proxy", "http://p:1"}, {"no_grpc_proxy", ""}, {"no_proxy", "example.org"}}));
}

/// A server that lists no models, and a proxy in the environment that only listens.
class BesideAProxy : public testing::TestWithParam<const char*> {
 protected:
  BesideAProxy() : variable_(GetParam(), "http://user:secret@" + listener_.address()) {
    server_.on_list = [](auto&, auto&, auto&) { return grpc::Status::OK; };
  }

  /// The server under another name for this machine.
  std::string target(const std::string& before) const {
    return before + server_.target().substr(std::string("localhost").size());
  }

  const Listener& listener() const { return listener_; }

 private:
  Listener listener_;
  Variable variable_;
  FakeServer server_;
};

INSTANTIATE_TEST_SUITE_P(Variables, BesideAProxy, testing::Values("grpc_proxy", "https_proxy", "http_proxy"));

TEST_P(BesideAProxy, ThisMachineIsReachedDirectly) {
  for (const auto* name : {"localhost", "LocalHost", "127.0.0.1", "[::ffff:127.0.0.1]", "dns:///localhost",
                           "dns:/localhost", "dns:localhost", "ipv4:127.0.0.1", "ipv4:///127.0.0.1"}) {
    EXPECT_NO_THROW(Client(target(name), {.token = "secret", .retry = RetryPolicy::never()}).models()) << name;
  }
  EXPECT_FALSE(listener().has_connection());
}

TEST_P(BesideAProxy, ATokenInPlainTextGoesToTheServerAlone) {
  // The rule does not regard this name as local, although it resolves to this machine.
  const Client client(target("0.0.0.0"), {.token = "secret", .insecure_token = true, .retry = RetryPolicy::never()});
  EXPECT_NO_THROW(client.models());
  EXPECT_FALSE(listener().has_connection());
}

TEST_P(BesideAProxy, OthersGoThroughItAndAnErrorNamesIt) {
  for (const bool tls : {false, true}) {
    ClientOptions options{.retry = RetryPolicy::never()};
    if (tls) {
      options.tls = TlsOptions{.ca = self_signed().certificate};
      options.token = "token";
    }
    auto request = std::async([&] { return listener().answer("HTTP/1.1 403 Forbidden\r\n\r\n"); });
    const auto error = thrown([&] { Client("example.invalid:1", options).models(); });
    EXPECT_TRUE(request.get().starts_with("CONNECT example.invalid:1 HTTP/1"));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), Code::unavailable);
    const std::string message = error->what();
    EXPECT_TRUE(message.starts_with("cannot connect to example.invalid:1 through the proxy http://" +
                                    listener().address() + " (" + GetParam() + "): the proxy refused to connect"))
        << message;
    EXPECT_NE(message.find("403"), std::string::npos);
    EXPECT_EQ(message.find("secret"), std::string::npos);
  }
}

TEST(Proxy, OneThatIsNotThereIsNamed) {
  const Variable variable("https_proxy", "http://nothing.invalid:3128");
  const auto error = thrown([] { Client("example.org:1", {.retry = RetryPolicy::never()}).models(); });
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("through the proxy http://nothing.invalid:3128 (https_proxy): cannot find"),
            std::string::npos)
      << error->what();
}

TEST(Proxy, OneThatDoesNotAnswerIsNamedAtTheDeadline) {
  const Listener listener;
  const Variable variable("https_proxy", "http://" + listener.address());
  const auto error = thrown([] { Client("example.org:1").models({.timeout = std::chrono::milliseconds(300)}); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), Code::deadline_exceeded);
  EXPECT_NE(std::string(error->what()).find("through the proxy http://" + listener.address() + " (https_proxy)"),
            std::string::npos)
      << error->what();
}

}  // namespace
}  // namespace synthserve::detail
