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
      {"a number", R"({"token":12345,"n":6})", R"({"token":11111,"n":6})"},
      {"a number of any kind", R"({"token":-10.25e+7 ,"secret":0})",
       R"({"token":-11.11e+1 ,"secret":1})"},
      {"a word of JSON with a blank behind it", R"({"token":null ,"secret":true})",
       R"({"token":null ,"secret":true})"},
      {"a name at the end of its string", R"({"m":"no token=","n":"o","p":"secret: "})",
       R"({"m":"no token=","n":"o","p":"secret: "})"},
      {"a quoted name at the end of its string", R"({"m":"{\"secret\":","n":"o"})",
       R"({"m":"{\"secret\":","n":"o"})"},
      {"a quote that its string does not close", R"({"m":"token='b","n":"o's"})",
       R"({"m":"token='x","n":"o's"})"},
      {"an encoded quote that its string does not close", R"({"m":"token%3D%22b","n":"o"})",
       R"({"m":"token%3D%22x","n":"o"})"},
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
      {"in single quotes", "{'routing_key': 'abc', 'a': 'b'}", "{'routing_key': 'xxx', 'a': 'b'}"},
      {"JSON in a string", R"({"m":"{\"password\":\"abc\",\"a\":\"b\"}","n":"o"})",
       R"({"m":"{\"password\":\"xxx\",\"a\":\"b\"}","n":"o"})"},
      {"JSON in a string in a string", R"({"m":"{\"n\":\"{\\\"token\\\":\\\"a\\\"}\"}","o":"p"})",
       R"({"m":"{\"n\":\"{\\\"token\\\":\\\"x\\\"}\"}","o":"p"})"},
      {"a string in a string that does not end", R"({"m":"\"token\":\"ab","o":"p"})",
       R"({"m":"\"token\":\"xx","o":"p"})"},
      {"plain text in a string", R"({"m":"the password: abc def","n":"o"})",
       R"({"m":"the password: xxxxxxx","n":"o"})"},
      {"a name of two words in plain text", "API key: abc\nuser: ana", "API key: xxx\nuser: ana"},
      {"a name of many words in quotes", R"({"token of the relay":"abc"})",
       R"({"token of the relay":"xxx"})"},
      {"a word before a name is no part of it", R"({"m":"token of ana: abc"})",
       R"({"m":"token of ana: abc"})"},
      {"a form", "payload=%7B%22routing_key%22%3A%22abc%22%2C%22a%22%3A%22b%22%7D&c=d",
       "payload=%7B%22routing_key%22%3A%22xxx%22%2C%22a%22%3A%22b%22%7D&c=d"},
      {"a form's own secret", "password=a%2Cb&c=d", "password=xxxxx&c=d"},
      {"a scheme of its own", R"({"h":"Authorization: Token abc"})",
       R"({"h":"Authorization: Token xxx"})"},
      {"short names", R"({"pwd":"a","auth":"b","jwt":"c","DSN":"d","db_dsn":"e","userPwd":"f"})",
       R"({"pwd":"x","auth":"x","jwt":"x","DSN":"x","db_dsn":"x","userPwd":"x"})"},
      {"which are parts of other words", R"({"author":"ana","authority":"b"})",
       R"({"author":"ana","authority":"b"})"},
      {"what says nothing", R"({"token":null,"auth":false})", R"({"token":null,"auth":false})"},
      {"in a URL with escaped slashes", R"({"u":"https:\/\/ana:pw@a.example\/"})",
       R"({"u":"https:\/\/xxxxxx@a.example\/"})"},
      {"an apostrophe", "{'token': 'abc\n'a': 'b'}", "{'token': 'xxx\n'a': 'b'}"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(redacted(c.body), c.expected);
  }
}

TEST(Redaction, KeepsEveryByteInItsPlaceOnAnyInput) {
  std::uint32_t state = 7;
  const std::string_view alphabet = "\"'\\:={}[]&/@ \n,token_keybarsic0%23A";
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
  for (const char* piece : {"a=", "//", "\"", "bearer ", "token", "token:", "@", "\\", "token='",
                            "token:\\\"", "token%3A%22", "token ", "'", "%22"}) {
    std::string body = "\"";
    while (body.size() < (1U << 20)) body += piece;
    EXPECT_EQ(redacted(body).size(), body.size());
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
}

}  // namespace
}  // namespace tocsin::http
