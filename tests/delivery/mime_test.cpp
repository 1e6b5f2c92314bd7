#include "delivery/mime.h"

#include <gtest/gtest.h>

#include <string>

namespace tocsin::delivery {
namespace {

TEST(Mime, PlainHeadersAreFoldedAtTheirBlanks) {
  EXPECT_EQ(header_line("Subject", "SEV-2 triggered: a"), "Subject: SEV-2 triggered: a\r\n");
  const std::string words = "word word word word word word word word word word word word word word";
  EXPECT_EQ(header_line("Subject", words + " " + words),
            "Subject: word word word word word word word word word word word word word word\r\n"
            " word word word word word word word word word word word word word word\r\n");
}

TEST(Mime, EverythingElseBecomesEncodedWordsThatPartNoCodePoint) {
  // Decoded with Python's email.header.
  EXPECT_EQ(header_line("Subject", "Störung"), "Subject: =?UTF-8?B?U3TDtnJ1bmc=?=\r\n");
  EXPECT_EQ(header_line("Subject", "a  b"), "Subject: =?UTF-8?B?YSAgYg==?=\r\n");
  EXPECT_EQ(header_line("Subject", "=?UTF-8?Q?x?="),
            "Subject: =?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?=\r\n");
  // 13 three-byte points fit into one word; the 14th begins another.
  std::string long_text;
  for (int i = 0; i < 14; ++i) long_text += "€";
  EXPECT_EQ(header_line("Subject", long_text),
            "Subject: =?UTF-8?B?4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs?=\r\n"
            " =?UTF-8?B?4oKs?=\r\n");
}

TEST(Mime, NoHeaderEndsEarlyOrBeginsAnother) {
  const std::string hostile[] = {"x\r\nBcc: bo@example.net",
                                 "x\nBcc: bo@example.net",
                                 "x\rBcc: bo@example.net",
                                 std::string("x\0y", 3),
                                 "\xff\xfe\r\n\r\nbody",
                                 "\xE2\x80\xA8"
                                 "x\x7f",
                                 std::string(5000, 'x'),
                                 std::string(5000, '\n')};
  for (const std::string& text : hostile) {
    const std::string line = header_line("Subject", text);
    SCOPED_TRACE(line);
    std::size_t begin = 0;
    while (begin < line.size()) {
      const std::size_t end = line.find("\r\n", begin);
      ASSERT_NE(end, std::string::npos) << "ends with CRLF";
      EXPECT_LE(end - begin, 78U);
      EXPECT_TRUE(begin == 0 || line[begin] == ' ') << "goes on with a fold";
      for (std::size_t i = begin; i < end; ++i) {
        EXPECT_TRUE(line[i] >= 0x20 && line[i] < 0x7F);
      }
      begin = end + 2;
    }
    EXPECT_EQ(line.find("\nBcc"), std::string::npos);
  }
}

TEST(Mime, AddressesAreFoldedBetweenThem) {
  EXPECT_EQ(address_line("To", {"ana@example.net", "bo@example.net"}),
            "To: ana@example.net, bo@example.net\r\n");
  const std::string name(40, 'a');
  EXPECT_EQ(address_line("To", {name + "@example.net", name + "@example.com"}),
            "To: " + name + "@example.net,\r\n " + name + "@example.com\r\n");
}

TEST(Mime, QuotedPrintableKeepsLinesShortAndBlanksAtTheirEnds) {
  EXPECT_EQ(quoted_printable("a=b\nlast \n\ttab"), "a=3Db\r\nlast=20\r\n\ttab");
  EXPECT_EQ(quoted_printable("größe"), "gr=C3=B6=C3=9Fe");
  EXPECT_EQ(quoted_printable("a\rb"), "a=0Db");
  EXPECT_EQ(quoted_printable(std::string(75, 'x')), std::string(75, 'x'));
  EXPECT_EQ(quoted_printable(std::string(76, 'x')), std::string(75, 'x') + "=\r\nx");
  EXPECT_EQ(quoted_printable(std::string(74, 'x') + "="), std::string(74, 'x') + "=\r\n=3D");
}

TEST(Mime, DatesAreThoseOfMail) {
  EXPECT_EQ(mail_date(0), "Thu, 01 Jan 1970 00:00:00 +0000");
  EXPECT_EQ(mail_date(1'796'353'445), "Fri, 04 Dec 2026 03:04:05 +0000");
}

TEST(Mime, CleanLinesAreCutBetweenCodePoints) {
  EXPECT_EQ(clean_line("a\nb\tc", 10), "a b c");
  EXPECT_EQ(clean_line("€€€€", 4), "€€€€");
  EXPECT_EQ(clean_line("€€€€€", 4), "€€€…");
  EXPECT_EQ(clean_line("a\xE2\x80\xAE"
                       "b\xff",
                       10),
            "a b ");
}

}  // namespace
}  // namespace tocsin::delivery
