#include "http/redact.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

namespace tocsin::http {
namespace {

struct Case {
  const char* name;
  const char* body;
  const char* expected;
};

TEST(Redaction, MasksWhatLooksLikeASecretAndNothingElse) {
  const Case cases[] = {
      {"nothing", R"([{"labels":{"alertname":"A"}}])", R"([{"labels":{"alertname":"A"}}])"},
      {"a routing key", R"({"routing_key":"abc","a":1})", R"({"routing_key":"xxx","a":1})"},
      {"with blanks", "{\"service_key\" :\n \"abc\"}", "{\"service_key\" :\n \"xxx\"}"},
      {"whatever its case", R"({"X-Api-Token":"abc","DB_PASSWORD":"p"})",
       R"({"X-Api-Token":"xxx","DB_PASSWORD":"x"})"},
      {"with an escaped quote", R"({"secret":"a\"b","c":"d"})", R"({"secret":"xxxx","c":"d"})"},
      {"a number", R"({"token":12345,"n":6})", R"({"token":00000,"n":6})"},
      {"objects by their members", R"({"credentials":{"user":"ana","password":"p"}})",
       R"({"credentials":{"user":"ana","password":"x"}})"},
      {"cut in the middle", R"({"routing_key":"abc)", R"({"routing_key":"xxx)"},
      {"no JSON at all", "routing_key=abc&x=1", "routing_key=xxx&x=1"},
      {"in a URL", R"({"u":"https://ana:pw@a.example/?token=abc&x=1"})",
       R"({"u":"https://xxxxxx@a.example/?token=xxx&x=1"})"},
      {"an address is no user", R"({"u":"https://a.example/","m":"ana@example.net"})",
       R"({"u":"https://a.example/","m":"ana@example.net"})"},
      {"a header as text", R"({"h":"Authorization: Bearer abc.def"})",
       R"({"h":"Authorization: Bearer xxxxxxx"})"},
      {"a dedup_key is none", R"({"dedup_key":"disk/1"})", R"({"dedup_key":"disk/1"})"},
      {"values are no names", R"({"summary":"token","next":"b"})",
       R"({"summary":"token","next":"b"})"},
      {"a lone quote", "\"", "\""},
      {"a backslash at the end", "\"token\":\"\\", "\"token\":\"x"},
      {"a name and nothing", "{\"token\":", "{\"token\":"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(redacted(c.body), c.expected);
  }
}

TEST(Redaction, KeepsEveryByteInItsPlaceOnAnyInput) {
  std::uint32_t state = 7;
  const std::string_view alphabet = "\"\\:={}[]&/@ \n,token_keybarsic0";
  for (int round = 0; round < 20'000; ++round) {
    std::string body;
    for (int i = 0; i < 40; ++i) {
      state = state * 1'664'525 + 1'013'904'223;
      body += alphabet[(state >> 16) % alphabet.size()];
    }
    EXPECT_EQ(redacted(body).size(), body.size());
  }
}

TEST(Redaction, OfAMebibyteOfHostileTextTakesNoTime) {
  const auto began = std::chrono::steady_clock::now();
  for (const char* piece : {"a=", "//", "\"", "bearer ", "token", "token:", "@", "\\"}) {
    std::string body = "\"";
    while (body.size() < (1U << 20)) body += piece;
    EXPECT_EQ(redacted(body).size(), body.size());
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
}

}  // namespace
}  // namespace tocsin::http
