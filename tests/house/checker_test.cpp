// The checks themselves: each must find its violation in a small sample, and only there.
#include <gtest/gtest.h>

#include "house/habits.h"

namespace tocsin::house {
namespace {

constexpr std::string_view kCmake = R"(
# tocsin_room(ghost)
tocsin_room(base)
tocsin_room(alert LIBRARIES PkgConfig::XXHASH)
tocsin_room(triage USES alert)
tocsin_room(config USES alert LIBRARIES yaml-cpp)
tocsin_room(http USES triage
            LIBRARIES Boost::json)
)";

Drawing drawing() {
  std::vector<std::string> problems;
  Drawing result = read_drawing(kCmake, problems);
  EXPECT_TRUE(problems.empty());
  return result;
}

Sources one(const char* path, std::string_view text) { return {read_source(path, text)}; }

std::string text_of(const Findings& findings) {
  std::string text;
  for (const std::string& finding : findings) text += finding + "\n";
  return text;
}

TEST(Drawing, ListsRoomsWithWhatTheyUseAndNoCommentedOnes) {
  const Drawing rooms = drawing();
  ASSERT_EQ(rooms.size(), 5U);
  EXPECT_EQ(rooms.at("http").uses, (std::set<std::string>{"base", "http", "triage"}));
  EXPECT_EQ(rooms.at("http").libraries, (std::set<std::string>{"Boost::json"}));
  EXPECT_TRUE(rooms.at("base").libraries.empty());
}

TEST(Drawing, RefusesARoomThatUsesOneDrawnBelowIt) {
  std::vector<std::string> problems;
  read_drawing("tocsin_room(base USES alert)\ntocsin_room(alert)\n", problems);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].find("room base uses alert"), std::string::npos);
}

TEST(Drawing, FollowsArrowsOfArrows) {
  EXPECT_EQ(reachable(drawing(), "http"),
            (std::set<std::string>{"alert", "base", "http", "triage"}));
}

TEST(SourceText, CommentsAndLiteralsAreNoCodeAndLinesAreKept) {
  const SourceText source = read_source("src/alert/a.cpp",
                                        "int a = 1'000; // sleep_for\n"
                                        "/* sleep_for\n */ auto s = \"sleep_for\";\n"
                                        "auto r = R\"x(\nsleep_for)x\"; char c = '\"';\n"
                                        "sleep_for();\n");
  EXPECT_EQ(lines_with(source, "sleep_for"), (std::vector<int>{6}));
  EXPECT_EQ(source.lines, 6);
}

TEST(SourceText, TokensAreWholeWords) {
  const SourceText source = read_source("src/alert/a.cpp", "operand rand_x xrand rand(\n");
  EXPECT_TRUE(lines_with(source, "random").empty());
  EXPECT_EQ(lines_with(source, "rand").size(), 1U);
}

TEST(SourceText, ReadsIncludesButNoneInsideCommentsOrLiterals) {
  const SourceText source =
      read_source("src/alert/a.cpp",
                  "#include <map>\n  #  include \"tocsin/base/id.h\"\n"
                  "// #include <regex>\nauto s = R\"(\n#include <thread>\n)\";\n");
  ASSERT_EQ(source.includes.size(), 2U);
  EXPECT_EQ(source.includes[0].name, "map");
  EXPECT_TRUE(source.includes[0].angled);
  EXPECT_EQ(source.includes[1].name, "tocsin/base/id.h");
  EXPECT_EQ(source.includes[1].line, 2);
}

struct Case {
  const char* name;
  Findings (*check)(const Sources&);
  const char* path;
  const char* text;
  const char* finding;  ///< Begins the only finding; "" = none.
};

Findings arrows(const Sources& sources) { return arrows_not_drawn(drawing(), sources); }
Findings libraries(const Sources& sources) { return strayed_libraries(drawing(), sources); }

constexpr Case kCases[] = {
    {"drawn arrow", arrows, "src/http/a.cpp", "#include \"tocsin/triage/step.h\"\n", ""},
    {"arrow to base", arrows, "src/alert/a.cpp", "#include \"tocsin/base/id.h\"\n", ""},
    {"own files", arrows, "src/http/a.cpp", "#include \"http/session.h\"\n", ""},
    {"missing arrow", arrows, "src/http/a.cpp", "\n#include \"tocsin/config/config.h\"\n",
     "src/http/a.cpp:2: room http does not use config"},
    {"arrow of an arrow", arrows, "src/http/a.cpp", "#include \"tocsin/alert/labels.h\"\n",
     "src/http/a.cpp:1: room http does not use alert"},
    {"missing arrow in a front door", arrows, "include/tocsin/alert/a.h",
     "#include \"tocsin/http/http.h\"\n",
     "include/tocsin/alert/a.h:1: room alert does not use http"},
    {"no such room", arrows, "src/http/a.cpp", "#include \"tocsin/attic/a.h\"\n",
     "src/http/a.cpp:1: there is no room attic"},
    {"inside of another room", arrows, "src/http/a.cpp", "#include \"triage/decide.h\"\n",
     "src/http/a.cpp:1: this is inside room triage"},
    {"test inside another room", arrows, "tests/http/a.cpp", "#include \"triage/decide.h\"\n",
     "tests/http/a.cpp:1: this is inside room triage"},
    {"test of an arrow of an arrow", arrows, "tests/http/a.cpp",
     "#include \"tocsin/alert/labels.h\"\n", ""},
    {"test beyond all arrows", arrows, "tests/http/a.cpp", "#include \"tocsin/config/config.h\"\n",
     "tests/http/a.cpp:1: room http does not use config"},
    {"test of no room inside one", arrows, "tests/simulation/a.cpp",
     "#include \"triage/decide.h\"\n", "tests/simulation/a.cpp:1: this is inside room triage"},
    {"fuzz target inside a room", arrows, "tests/fuzz/a.cpp", "#include \"http/target.h\"\n", ""},
    {"test of no room", arrows, "tests/simulation/a.cpp", "#include \"tocsin/config/config.h\"\n",
     ""},
    {"test of no room inside a room", arrows, "tests/simulation/a.cpp",
     "#include \"config/yaml.h\"\n", "tests/simulation/a.cpp:1: this is inside room config"},
    {"file in no room", arrows, "src/attic/a.cpp", "", "src/attic/a.cpp:1: stands in no room"},

    {"std in a front door", heavy_front_doors, "include/tocsin/http/a.h",
     "#include <expected>\n#include \"tocsin/base/id.h\"\n", ""},
    {"library in a front door", heavy_front_doors, "include/tocsin/http/a.h",
     "#include <boost/json.hpp>\n",
     "include/tocsin/http/a.h:1: a front door includes boost/json.hpp"},
    {"system header in a front door", heavy_front_doors, "include/tocsin/http/a.h",
     "#include <sys/socket.h>\n", "include/tocsin/http/a.h:1: a front door includes sys/socket.h"},
    {"inside header in a front door", heavy_front_doors, "include/tocsin/http/a.h",
     "#include \"http/session.h\"\n",
     "include/tocsin/http/a.h:1: a front door includes http/session.h"},

    {"yaml-cpp in its reader", libraries, "src/config/yaml.cpp", "#include <yaml-cpp/yaml.h>\n",
     ""},
    {"yaml-cpp elsewhere", libraries, "src/config/rules.cpp", "#include <yaml-cpp/yaml.h>\n",
     "src/config/rules.cpp:1: only src/config/yaml.cpp"},
    {"library not named", libraries, "src/triage/a.cpp", "#include <sqlite3.h>\n",
     "src/triage/a.cpp:1: room triage does not name SQLite::SQLite3"},
    {"library named", libraries, "src/alert/a.cpp", "#include <xxhash.h>\n", ""},
    {"Beast in a header", libraries, "src/http/session.h", "#include <boost/beast/http.hpp>\n",
     "src/http/session.h:1: Beast is for .cpp files"},
    {"Beast in http", libraries, "src/http/session.cpp", "#include <boost/beast/http.hpp>\n", ""},
    {"Asio in the core", libraries, "src/triage/a.cpp", "#include <boost/asio.hpp>\n",
     "src/triage/a.cpp:1: Asio is for http and daemon"},

    {"clock type in the core", impure_core, "src/triage/a.cpp",
     "std::chrono::system_clock::time_point t;\n", ""},
    {"clock in the core", impure_core, "src/triage/a.cpp",
     "auto t = std::chrono::system_clock::now();\n",
     "src/triage/a.cpp:1: the core says system_clock::now"},
    {"clock outside the core", impure_core, "src/daemon/a.cpp",
     "auto t = std::chrono::system_clock::now();\n", ""},
    {"unordered in the core", impure_core, "include/tocsin/pipeline/a.h",
     "std::unordered_map<int, int> m;\n",
     "include/tocsin/pipeline/a.h:1: the core says unordered_map"},
    {"randomness in the core", impure_core, "src/rules/a.cpp", "#include <random>\n",
     "src/rules/a.cpp:1: the core includes random"},
    {"environment in the core", impure_core, "src/pipeline/a.cpp", "std::getenv(\"X\");\n",
     "src/pipeline/a.cpp:1: the core says getenv"},

    {"sleep in a unit test", sleeping_tests, "tests/store/a.cpp",
     "std::this_thread::sleep_for(x);\n", "tests/store/a.cpp:1: a test waits for time"},
    {"usleep in a unit test", sleeping_tests, "tests/store/a.cpp", "usleep(1);\n",
     "tests/store/a.cpp:1: a test waits for time"},
    {"sleep in a bench", sleeping_tests, "tests/bench/a.cpp", "usleep(1);\n", ""},
    {"sleep in a literal", sleeping_tests, "tests/store/a.cpp", "auto s = \"usleep(1)\";\n", ""},

    {"a store that speaks HTTP", outgoing_store, "src/store/a.cpp", "#include <curl/curl.h>\n",
     "src/store/a.cpp:1: the store includes curl/curl.h"},
    {"a front door with a socket", outgoing_store, "include/tocsin/store/a.h",
     "#include <sys/socket.h>\n", "include/tocsin/store/a.h:1: the store includes sys/socket.h"},
    {"a room that may speak", outgoing_store, "src/delivery/a.cpp", "#include <curl/curl.h>\n", ""},

    {"std::regex", backtracking, "src/rules/a.cpp", "std::regex r;\n",
     "src/rules/a.cpp:1: std::regex has no bound"},
    {"regex header", backtracking, "tests/rules/a.cpp", "#include <regex>\n",
     "tests/rules/a.cpp:1: std::regex has no bound"},

    {"Manager", empty_names, "src/http/a.cpp", "\nclass SessionManager {};\n",
     "src/http/a.cpp:2: SessionManager says \"manager\""},
    {"enum class", empty_names, "src/http/a.cpp", "enum class ErrorInfo { a };\n",
     "src/http/a.cpp:1: ErrorInfo says \"info\""},
    {"alias", empty_names, "src/http/a.cpp", "using HelperFn = int;\n",
     "src/http/a.cpp:1: HelperFn says \"helper\""},
    {"PageService", empty_names, "src/http/a.cpp", "struct PageService;\n",
     "src/http/a.cpp:1: PageService says \"service\""},
    {"a service", empty_names, "src/rules/a.cpp", "struct Service;\nstruct ServiceName;\n", ""},
    {"a pimpl", empty_names, "src/http/a.cpp", "struct Server::Impl {};\nstruct Impl;\n", ""},
    {"Metadata is a word", empty_names, "src/http/a.cpp", "struct Metadata;\n", ""},
    {"file name", empty_names, "src/http/string_utils.h", "",
     "src/http/string_utils.h:1: the file name says \"utils\""},
};

TEST(Habits, EachIsFoundWhenBrokenAndOnlyThen) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    const Findings findings = c.check(one(c.path, c.text));
    if (*c.finding == '\0') {
      EXPECT_TRUE(findings.empty()) << text_of(findings);
    } else {
      ASSERT_EQ(findings.size(), 1U) << text_of(findings);
      EXPECT_TRUE(findings[0].starts_with(c.finding)) << findings[0];
    }
  }
}

TEST(Habits, BeastInAFourthFileIsFound) {
  Sources sources;
  for (const char* path : {"src/http/a.cpp", "src/http/b.cpp", "src/http/c.cpp"}) {
    sources.push_back(read_source(path, "#include <boost/beast.hpp>\n"));
  }
  EXPECT_TRUE(libraries(sources).empty());
  sources.push_back(read_source("src/http/d.cpp", "#include <boost/beast.hpp>\n"));
  EXPECT_EQ(libraries(sources).size(), 1U);
}

TEST(Habits, AFileBehindTheWallIsFound) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "int x;\n";
  EXPECT_TRUE(overlong_files(one("src/http/a.cpp", text)).empty());
  EXPECT_EQ(overlong_files(one("src/http/a.cpp", text + "int y;\n")).size(), 1U);
}

}  // namespace
}  // namespace tocsin::house
