#include "tocsin/base/text.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace tocsin {
namespace {

std::string json(std::string_view text) {
  std::string out;
  append_json_string(text, out);
  return out;
}

std::string log_value(std::string_view text) {
  std::string out;
  append_log_value(text, out);
  return out;
}

TEST(Text, HostileTextBecomesAHarmlessJsonString) {
  struct Case {
    const char* name;
    std::string_view text;
    const char* expected;
  };
  const Case cases[] = {
      {"empty", "", R"("")"},
      {"plain", "disk / is full", R"("disk / is full")"},
      {"quotes and backslashes", R"(a"b\c)", R"("a\"b\\c")"},
      {"line ends", "a\nb\r\tc", R"("a\nb\r\tc")"},
      {"an ANSI escape", "\x1b[31mred", R"("\u001b[31mred")"},
      {"NUL and DEL", std::string_view("a\0b\x7f", 4), R"("a\u0000b\u007f")"},
      {"C1 control",
       "a\xc2\x9b"
       "b",
       R"("a\u009bb")"},
      {"letters of other alphabets stay", "größe 負荷 🚨", R"("größe 負荷 🚨")"},
      {"text turned right to left",
       "a\xe2\x80\xae"
       "b",
       R"("a\u202eb")"},
      {"a line separator",
       "a\xe2\x80\xa8"
       "b",
       R"("a\u2028b")"},
      {"a stray continuation",
       "a\x80"
       "b",
       "\"a\xEF\xBF\xBD"
       "b\""},
      {"a sequence cut short is one mark", "a\xe2\x82", "\"a\xEF\xBF\xBD\""},
      {"an overlong slash is two marks", "\xc0\xaf", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
      {"a surrogate is three marks", "\xed\xa0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
      {"above U+10FFFF", "\xf4\x90\x80\x80",
       "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(json(c.text), c.expected);
  }
}

TEST(Text, C23ALogValueNeverLeavesItsPair) {
  struct Case {
    const char* name;
    std::string_view text;
    const char* expected;
  };
  const Case cases[] = {
      {"plain text stays bare", "INC-1", "INC-1"},
      {"nothing is shown as nothing", "", R"("")"},
      {"a blank needs quotes", "a b", R"("a b")"},
      {"a pair inside a value needs quotes", "level=info", R"("level=info")"},
      {"a second line", "x\n2026-01-01 error forged", R"("x\n2026-01-01 error forged")"},
      {"an ANSI escape", "\x1b[2J", R"("\u{001b}[2J")"},
      {"a byte that is no UTF-8", "a\xff", R"("a\xff")"},
      {"a sequence cut short", "\xe2\x82", R"("\xe2\x82")"},
      {"quotes", R"(say "hi")", R"("say \"hi\"")"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(log_value(c.text), c.expected);
  }
}

TEST(Text, EveryCodePointIsReadBackAsItWasEncoded) {
  const auto encode = [](char32_t c) {
    const auto byte = [](char32_t bits) { return static_cast<char>(bits); };
    std::string out;
    if (c < 0x80) {
      out = {byte(c)};
    } else if (c < 0x800) {
      out = {byte(0xC0 | c >> 6), byte(0x80 | (c & 0x3F))};
    } else if (c < 0x10000) {
      out = {byte(0xE0 | c >> 12), byte(0x80 | (c >> 6 & 0x3F)), byte(0x80 | (c & 0x3F))};
    } else {
      out = {byte(0xF0 | c >> 18), byte(0x80 | (c >> 12 & 0x3F)), byte(0x80 | (c >> 6 & 0x3F)),
             byte(0x80 | (c & 0x3F))};
    }
    return out;
  };
  for (char32_t c = 0; c <= 0x110000; ++c) {
    const std::string bytes = encode(c);
    const CodePoint point = first_code_point(bytes);
    const bool is_character = c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF);
    ASSERT_EQ(point.valid, is_character) << std::hex << static_cast<unsigned long>(c);
    if (is_character) {
      ASSERT_EQ(point.value, c);
      ASSERT_EQ(point.size, bytes.size());
    }
  }
}

TEST(Text, SameTextIsWhatEqualsSays) {
  for (std::size_t size = 0; size <= 40; ++size) {
    const std::string text(size, 'x');
    EXPECT_TRUE(same_text(text, std::string(text)));
    EXPECT_FALSE(same_text(text, text + "x"));
    EXPECT_FALSE(same_text(text + "x", text));
    for (std::size_t at = 0; at < size; ++at) {
      std::string other = text;
      other[at] = 'y';
      EXPECT_FALSE(same_text(text, other)) << size << " " << at;
    }
  }
}

}  // namespace
}  // namespace tocsin
