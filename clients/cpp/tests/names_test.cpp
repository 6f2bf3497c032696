#include "names.h"

#include <string>

#include "thrown.h"

namespace synthserve::detail {
namespace {

TEST(Names, WhatPeopleType) {
  EXPECT_EQ(resource_name("iris-vae"), "models/iris-vae");
  EXPECT_EQ(resource_name("iris-vae@2"), "models/iris-vae/versions/2");
  EXPECT_EQ(resource_name("iris-vae@0"), "models/iris-vae/versions/0");
  EXPECT_EQ(resource_name("iris-vae@0012"), "models/iris-vae/versions/12");
  EXPECT_EQ(resource_name("iris-vae@" + std::string(500, '0') + "7"), "models/iris-vae/versions/7");
  EXPECT_EQ(resource_name("iris-vae@999999999999999999"), "models/iris-vae/versions/999999999999999999");
}

TEST(Names, ResourceNamesStayAsTheyAre) {
  for (const auto* name : {"models/iris-vae", "models/iris-vae/versions/2", "models/", "models/a/b/c"}) {
    EXPECT_EQ(resource_name(name), name);
  }
}

TEST(Names, OthersAreRefused) {
  for (const auto* name : {"", "@", "@1", "iris-vae@", "iris-vae@x", "iris-vae@-1", "iris-vae@1@2", "iris-vae@+1",
                           "iris-vae@ 1", "iris/vae", "iris-vae/versions/1", "/", "iris-vae@1234567890123456789"}) {
    const auto error = thrown([&] { resource_name(name); });
    ASSERT_TRUE(error) << name;
    EXPECT_EQ(error->code(), Code::invalid_argument);
    ASSERT_EQ(error->details().fields.size(), 1U);
    EXPECT_EQ(error->details().fields[0].field, "model");
    EXPECT_EQ(error->reason(), "");
  }
}

}  // namespace
}  // namespace synthserve::detail
