#include "status.h"
#include "target.h"
#include "thrown.h"

namespace synthserve::detail {
namespace {

TEST(Address, WhatCanBeOne) {
  for (const auto* target :
       {"localhost:50051", "localhost", "10.0.0.1:1", "example.org:65535", "[::1]:50051", "[::1]", "::1", "fe80::1",
        "dns:///example.org:443", "dns:///localhost:http", "ipv4:10.0.0.1:1,10.0.0.2:2", "unix:/run/synthserve.sock",
        "unix-abstract:name", "xds:///anything at all"}) {
    EXPECT_NO_THROW(check_target(target)) << target;
  }
}

TEST(Address, WhatCannotBeOne) {
  for (const auto* target : {"",
                             ":50051",
                             "localhost:",
                             "localhost:0",
                             "localhost:65536",
                             "localhost:http",
                             "localhost:+1",
                             "localhost:1:2",
                             "http://localhost:50051",
                             "[::1",
                             "[]:1",
                             "[::1]50051",
                             "two words:1",
                             "localhost:99999999999999999999",
                             "localhost:1\n",
                             "local\x7fhost:1",
                             "dns:",
                             "dns:///",
                             "dns:localhost:99999",
                             "dns:///a%0Ab:1",
                             "dns:localhost:1,localhost:2",
                             "ipv4:127.0.0.1:0",
                             "ipv4:,",
                             "unix:",
                             "unix-abstract:"}) {
    EXPECT_EQ(thrown_code([&] { check_target(target); }), Code::invalid_argument) << target;
  }
  EXPECT_EQ(thrown_code([&] { check_target(std::string("127.0.0.1\0.example.org:1", 25)); }), Code::invalid_argument);
}

TEST(Address, WhatStaysOnThisMachine) {
  for (const auto* target : {"localhost:50051",
                             "LocalHost",
                             "127.0.0.1:50051",
                             "127.8.9.10",
                             "[::1]:50051",
                             "::1",
                             "unix:/run/synthserve.sock",
                             "unix-abstract:name",
                             "dns:localhost:1",
                             "dns:///localhost:1",
                             "ipv4:127.0.0.1:1,127.0.0.2:2",
                             "ipv6:[::1]:1",
                             "[::ffff:127.0.0.1]:1",
                             "::ffff:7f00:1",
                             "0:0:0:0:0:0:0:1",
                             "dns:/LOCALHOST:1",
                             "ipv4:///127.0.0.1:1",
                             "ipv6:%5B::1%5D:1",
                             "dns:///local%68ost:1",
                             "dns:localhost:1?query"}) {
    EXPECT_TRUE(is_local(target)) << target;
  }
}

TEST(Address, WhatDoesNot) {
  for (const auto* target : {"example.org:50051",
                             "10.0.0.1:1",
                             "128.0.0.1",
                             "0.0.0.0:1",
                             "[::]:1",
                             "localhost.example.org:1",
                             "127.0.0.1.example.org:1",
                             "ipv4:127.0.0.1:1,10.0.0.1:1",
                             "dns://10.0.0.1/localhost:1",
                             "xds:///localhost",
                             "",
                             "[::ffff:10.0.0.1]:1",
                             "[::ffff:0.0.0.0]:1",
                             "[::127.0.0.1]:1",
                             "foo.localhost:1",
                             "localhost.:1",
                             "127.1:1",
                             "dns:///localhost%2Eexample.org:1",
                             "ipv4:127.0.0.1%2C10.0.0.1:1",
                             "ipv4:,",
                             "user@localhost:1",
                             "vsock:1:1",
                             "DNS:///localhost:1",
                             "[::1%lo]:1"}) {
    EXPECT_FALSE(is_local(target)) << target;
  }
}

TEST(Token, IsSentAsOneLine) {
  EXPECT_EQ(authorization("secret"), "Bearer secret");
  EXPECT_EQ(authorization(" two words\r\n"), "Bearer two words");
  EXPECT_EQ(authorization("\xEF\xBB\xBFsecret \t\r\n"), "Bearer secret");
}

TEST(Token, IsNotToldWhenItIsRefused) {
  for (const auto* token : {"", " \n", "secret\nsecret", "s\u00e9cret", "secret\x7f", "\xEF\xBB\xBF",
                            "secret\xEF\xBB\xBF", "\xEF\xBB\xBF\xEF\xBB\xBFsecret", "\xFF\xFEsecret"}) {
    const auto error = thrown([&] { authorization(token); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), Code::invalid_argument);
    EXPECT_EQ(std::string(error->what()).find("cret"), std::string::npos);
  }
}

}  // namespace
}  // namespace synthserve::detail
