#include "http/target.h"

#include <gtest/gtest.h>

namespace tocsin::http {
namespace {

struct PathCase {
  const char* target;
  const char* path;  ///< Null: refused.
};

TEST(Target, PathsHaveOneSpelling) {
  const PathCase cases[] = {
      {"/", "/"},
      {"//", "/"},
      {"/a/b", "/a/b"},
      {"//a///b//", "/a/b"},
      {"/a/b/?x=/../", "/a/b"},
      {"/a#b", "/a"},
      {"/%61%2Db", "/a-b"},
      {"http://host.example/a", "/a"},
      {"http://host.example", "/"},
      {"https://host.example?x", "/"},
      {"/a..b/..c", "/a..b/..c"},
      {"/../a", nullptr},
      {"/a/..", nullptr},
      {"/a/./b", nullptr},
      {"/a/%2e%2E/b", nullptr},
      {"/a/.%2e", nullptr},
      {"/a%2Fb", nullptr},
      {"/a%5cb", nullptr},
      {"/a\\b", nullptr},
      {"/a%00", nullptr},
      {"/a%0d%0ab", nullptr},
      {"/a%", nullptr},
      {"/a%g0", nullptr},
      {"a/b", nullptr},
      {"*", nullptr},
      {"", nullptr},
  };
  for (const PathCase& c : cases) {
    SCOPED_TRACE(c.target);
    const auto target = parse_target(c.target);
    ASSERT_EQ(target.has_value(), c.path != nullptr);
    if (target) {
      EXPECT_EQ(target->path, c.path);
    }
  }
}

TEST(Query, PairsAreDecoded) {
  const auto query = Query::parse("filter=a%3D%22x+y%22&filter=b&&empty=&bare&x=1=2");
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(query->all("filter"), (std::vector<std::string_view>{"a=\"x y\"", "b"}));
  EXPECT_TRUE(query->has("empty"));
  EXPECT_TRUE(query->has("bare"));
  EXPECT_EQ(query->get("x"), "1=2");
  EXPECT_EQ(query->get("missing"), "");
}

TEST(Query, BrokenAndEndlessOnesAreRefused) {
  EXPECT_FALSE(Query::parse("a=%zz").has_value());
  EXPECT_FALSE(Query::parse("a=%4").has_value());
  std::string many;
  for (int i = 0; i < 101; ++i) many += "a=1&";
  EXPECT_FALSE(Query::parse(many).has_value());
}

}  // namespace
}  // namespace tocsin::http
