// The checks on the tree as it stands.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "house/habits.h"

namespace tocsin::house {
namespace {

const std::filesystem::path kTop = TOCSIN_SOURCE_DIR;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// All C++ files of the tree, sorted by path.
const Sources& tree() {
  static const Sources kSources = [] {
    Sources sources;
    for (const char* folder : {"include", "src", "tests"}) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(kTop / folder)) {
        const auto extension = entry.path().extension();
        if (extension != ".h" && extension != ".cpp") continue;
        sources.push_back(
            read_source(std::filesystem::relative(entry.path(), kTop).generic_string(),
                        read_file(entry.path())));
      }
    }
    std::sort(sources.begin(), sources.end(),
              [](const SourceText& a, const SourceText& b) { return a.path < b.path; });
    return sources;
  }();
  return kSources;
}

const Drawing& drawing() {
  static const Drawing kDrawing = [] {
    std::vector<std::string> problems;
    Drawing result = read_drawing(read_file(kTop / "CMakeLists.txt"), problems);
    for (const std::string& problem : problems) ADD_FAILURE() << problem;
    return result;
  }();
  return kDrawing;
}

void expect_none(const Findings& findings) {
  std::string text;
  for (const std::string& finding : findings) text += finding + "\n";
  EXPECT_TRUE(findings.empty()) << text;
}

// Everything below would hold of an empty tree as well.
TEST(Tree, WasFound) {
  EXPECT_GE(drawing().size(), 14U);
  EXPECT_GE(tree().size(), 100U);
  for (const auto& [room, ignored] : drawing()) {
    const bool found = std::any_of(tree().begin(), tree().end(), [&](const SourceText& source) {
      return source.path.starts_with("src/" + room + "/");
    });
    EXPECT_TRUE(found) << "room " << room << " has no file in src/" << room;
  }
}

TEST(Tree, HasNoArrowThatTheDrawingLacks) { expect_none(arrows_not_drawn(drawing(), tree())); }
TEST(Tree, HasFrontDoorsOfTheStandardLibraryOnly) { expect_none(heavy_front_doors(tree())); }
TEST(Tree, KeepsLibrariesInTheirRooms) { expect_none(strayed_libraries(drawing(), tree())); }
TEST(Tree, HasAPureCore) { expect_none(impure_core(tree())); }
TEST(Tree, R53HasAStoreThatReachesNobodyWhileATransactionIsOpen) {
  expect_none(outgoing_store(tree()));
  for (const char* room : {"delivery", "http", "ingest", "telemetry", "daemon"}) {
    EXPECT_FALSE(reachable(drawing(), "store").contains(room)) << room;
  }
}
TEST(Tree, HasNoTestThatWaitsForTime) { expect_none(sleeping_tests(tree())); }
TEST(Tree, HasNoStdRegex) { expect_none(backtracking(tree())); }
TEST(Tree, HasNamesThatSaySomething) { expect_none(empty_names(tree())); }
TEST(Tree, HasNoFileBehindTheWall) { expect_none(overlong_files(tree())); }

}  // namespace
}  // namespace tocsin::house
