#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tocsin/alert/labels.h"
#include "tocsin/base/text.h"

namespace tocsin {
namespace {

using namespace std::string_literals;

TEST(LabelsJson, IsAFlatObjectInOrderOfNames) {
  EXPECT_EQ(labels_to_json(Labels{{"env", "prod"}, {"alertname", "X"}}),
            R"({"alertname":"X","env":"prod"})");
  EXPECT_EQ(labels_to_json(LabelsView()), "{}");
}

TEST(LabelsJson, EscapesWhatJsonDoesNotAllowRaw) {
  const std::string value = "a\"b\\c\n\r\t\b\f\x1f\x7f/é€😀"s + '\0';
  EXPECT_EQ(labels_to_json(Labels{{"v", value}}),
            R"({"v":"a\"b\\c\n\r\t\u0008\u000c\u001f\u007f/é€😀\u0000"})");
}

TEST(LabelsJson, WritesTheReplacementCharacterForBytesThatAreNoUtf8) {
  const std::string r = "\xEF\xBF\xBD";
  struct Case {
    const char* name;
    std::string value;
    std::string written;
  };
  const Case cases[] = {
      {"stray continuation", "a\x80z", "a" + r + "z"},
      {"cut short", "a\xe2\x82", "a" + r},
      {"overlong slash", "\xc0\xaf", r + r},
      {"overlong in three", "\xe0\x80\xaf", r + r + r},
      {"surrogate", "\xed\xa0\x80", r + r + r},
      {"beyond Unicode", "\xf4\x90\x80\x80", r + r + r + r},
      {"never a lead", "\xff\xfe", r + r},
      {"last code point", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
      {"first of three", "\xe0\xa0\x80", "\xe0\xa0\x80"},
      {"after surrogates", "\xee\x80\x80", "\xee\x80\x80"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(labels_to_json(Labels{{"v", c.value}}), "{\"v\":\"" + c.written + "\"}");
  }
}

TEST(LabelsJson, ReadsEveryEscape) {
  struct Case {
    const char* json;
    std::string value;
  };
  const Case cases[] = {
      {R"({"v":"\"\\\/\b\f\n\r\t"})", "\"\\/\b\f\n\r\t"},
      {R"({"v":"\u0041\u00e9\u20AC"})", "Aé€"},
      {R"({"v":"\ud83d\ude00"})", "😀"},
      {R"({"v":"\udbff\udfff"})", "\xf4\x8f\xbf\xbf"},
      {R"({"v":"a\u0000b"})", "a\0b"s},
      {R"({"v":"\ud800"})", "\xEF\xBF\xBD"},
      {R"({"v":"\udc00x"})", "\xEF\xBF\xBDx"},
      {R"({"v":"\ud800\ud83d\ude00"})", "\xEF\xBF\xBD😀"},
      {R"({"v":"\ud800\u0041"})",
       "\xEF\xBF\xBD"
       "A"},
      {R"({"v":"\ud800\n"})", "\xEF\xBF\xBD\n"},
      {" \t\r\n{ \"v\" : \"x\" } \n", "x"},
      {"{\"v\":\"\x7f\xff\"}", "\x7f\xEF\xBF\xBD"},
      {R"({"v":"first","v":"last"})", "last"},
      {R"({"v":"x","w":""})", "x"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.json);
    Labels labels;
    ASSERT_TRUE(labels_from_json(c.json, labels));
    EXPECT_EQ(labels, (Labels{{"v", c.value}}));
  }
  Labels labels{{"a", "b"}};
  ASSERT_TRUE(labels_from_json("{}", labels));
  EXPECT_EQ(labels, Labels());
}

TEST(LabelsJson, RefusesWhatIsNoFlatObjectOfStrings) {
  const std::string cases[] = {
      "",
      " ",
      "{",
      "}",
      "null",
      "[]",
      "\"x\"",
      "{}x",
      "{}{}",
      "{,}",
      R"({"a"})",
      R"({"a":})",
      R"({"a":1})",
      R"({"a":null})",
      R"({"a":true})",
      R"({"a":{"b":"c"}})",
      R"({"a":["b"]})",
      R"({"a":"b",})",
      R"({"a":"b" "c":"d"})",
      R"({a:"b"})",
      R"({'a':'b'})",
      R"({"a":"b)",
      R"({"a":"b")",
      R"({"a":"\)",
      R"({"a":"\x41"})",
      R"({"a":"\u12"})",
      R"({"a":"\u12g4"})",
      R"({"a":"\ud800\u12"})",
      R"({"a":"\ud800\u"})",
      "{\"a\":\"line\nbreak\"}",
      "{\"a\":\"\x01\"}",
      "{\"a\":\"nul\0\"}"s,
      "{}\0"s,
      "\xEF\xBB\xBF{}",
  };
  for (const std::string& json : cases) {
    SCOPED_TRACE(json);
    Labels labels{{"kept", "yes"}};
    EXPECT_FALSE(labels_from_json(json, labels));
    EXPECT_EQ(labels, (Labels{{"kept", "yes"}}));
  }
}

std::string random_utf8(std::mt19937_64& random, std::size_t longest) {
  std::string out;
  for (std::size_t n = random() % (longest + 1); n > 0; --n) {
    switch (random() % 4) {
      case 0:
        out += static_cast<char>(random() % 0x80);
        break;
      case 1:
        out += static_cast<char>(0xc2 + random() % 30);
        out += static_cast<char>(0x80 + random() % 0x40);
        break;
      case 2:
        out += "€";
        break;
      default:
        out += "😀";
    }
  }
  return out;
}

TEST(LabelsJson, ComesBackAsItWasWritten) {
  std::mt19937_64 random(404);
  for (int i = 0; i < 3'000; ++i) {
    std::vector<std::string> words;
    for (int n = 0; n < 12; ++n) words.push_back(random_utf8(random, 12));
    std::vector<Label> pairs;
    for (std::size_t n = 0; n < words.size(); n += 2) pairs.push_back({words[n], words[n + 1]});
    const Labels labels(pairs);
    Labels read;
    ASSERT_TRUE(labels_from_json(labels_to_json(labels), read));
    ASSERT_EQ(read, labels);
  }
}

TEST(LabelsJson, AnyBytesGiveJsonThatIsRead) {
  std::mt19937_64 random(405);
  for (int i = 0; i < 3'000; ++i) {
    std::string value(1 + random() % 40, '\0');
    for (char& c : value) c = static_cast<char>(random());
    const std::string json = labels_to_json(Labels{{"v", value}});
    Labels read;
    ASSERT_TRUE(labels_from_json(json, read));
    ASSERT_EQ(labels_to_json(read), json);
  }
}

/// Texts are spelled by sixteen bytes: each place of an odd byte in a text of each size, first in
/// the block and last.
TEST(LabelsJson, OneOddByteAnywhereIsSpelledAsItMustBe) {
  const auto text_of = [](std::size_t size) {
    std::string text;
    while (text.size() < size) text += static_cast<char>('a' + text.size() % 26);
    return text;
  };
  const auto expected = [](std::string_view name, std::string_view value) {
    std::string out = "{";
    append_json_string(name, out);
    out += ":";
    append_json_string(value, out);
    return out + "}";
  };
  for (std::size_t size = 1; size <= 50; ++size) {
    const std::string plain = text_of(size);
    EXPECT_EQ(labels_to_json(Labels{{plain, plain}}), expected(plain, plain));
    for (std::size_t at = 0; at < size; ++at) {
      for (const char odd : {'"', '\\', '\n', '\x1F', '\x7F', '\x80', '\xFF'}) {
        std::string text = plain;
        text[at] = odd;
        ASSERT_EQ(labels_to_json(Labels{{"v", text}}), expected("v", text)) << size << " " << at;
        ASSERT_EQ(labels_to_json(Labels{{text, "v"}}), expected(text, "v")) << size << " " << at;
      }
    }
  }
}

TEST(LabelsJson, NothingBehindTheLabelsIsRead) {
  for (std::size_t size = 1; size <= 40; ++size) {
    const Labels labels{{"n", std::string(size, 'x')}};
    const std::string_view block = labels.view().block();
    const auto exact = std::make_unique<char[]>(block.size());  // asan watches its end.
    block.copy(exact.get(), block.size());
    EXPECT_EQ(labels_to_json(LabelsView({exact.get(), block.size()})), labels_to_json(labels));
  }
}

TEST(LabelsJson, HostileTextIsReadWithoutHarm) {
  std::mt19937_64 random(406);
  const std::string good = R"({"a":"\ud83d\ude00\n","b":"é\"","c":"x"})";
  constexpr std::string_view kBytes = "{}\",:\\u0d8\x01\xff\xe2";
  for (int i = 0; i < 50'000; ++i) {
    std::string json = good.substr(0, random() % (good.size() + 1));
    for (std::size_t n = random() % 4; n > 0 && !json.empty(); --n) {
      json[random() % json.size()] = kBytes[random() % kBytes.size()];
    }
    Labels labels;
    if (!labels_from_json(json, labels)) continue;
    Labels again;
    ASSERT_TRUE(labels_from_json(labels_to_json(labels), again));
    ASSERT_EQ(again, labels);
  }
}

}  // namespace
}  // namespace tocsin
