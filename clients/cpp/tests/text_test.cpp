#include "text.h"

#include "thrown.h"

namespace synthserve::detail {
namespace {

using namespace std::string_view_literals;

TEST(Text, Utf8IsTaken) {
  for (const auto text : {""sv, "plain"sv, "\u00E9"sv, "\u6771\u4EAC"sv, "\U0001F33A"sv, "\xEF\xBF\xBF"sv,
                          "\xF4\x8F\xBF\xBF"sv, "\0"sv}) {
    EXPECT_TRUE(is_utf8(text)) << text;
    EXPECT_NO_THROW(check_utf8("field", text)) << text;
  }
}

TEST(Text, WhatIsNotUtf8IsRefused) {
  for (const auto text : {"\xFF"sv, "caf\xE9"sv, "\xE6\x9D"sv, "\x80"sv, "\xC0\x80"sv, "\xE0\x80\x80"sv,
                          "\xED\xA0\x80"sv, "\xF4\x90\x80\x80"sv, "\xF8\x88\x80\x80\x80"sv, "\xF0\x9F\x8C"sv}) {
    EXPECT_FALSE(is_utf8(text));
    const auto error = thrown([&] { check_utf8("field", text); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), Code::invalid_argument);
    EXPECT_EQ(error->details().fields.at(0).field, "field");
  }
}

TEST(Text, Utf16IsKnown) {
  EXPECT_TRUE(is_utf16("\xFF\xFE-"));
  EXPECT_TRUE(is_utf16("\xFE\xFF-"));
  EXPECT_TRUE(is_utf16("-\0-\0"sv));
  EXPECT_TRUE(is_utf16("\0-\0-"sv));
  EXPECT_FALSE(is_utf16("-----BEGIN"));
  EXPECT_FALSE(is_utf16(""));
}

}  // namespace
}  // namespace synthserve::detail
