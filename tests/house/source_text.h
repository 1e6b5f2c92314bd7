#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tocsin::house {

struct Include {
  std::string name;
  bool angled = false;
  int line = 0;
};

struct TypeName {
  std::string name;
  int line = 0;
};

/// One file of the tree, taken apart as far as the checks need it.
struct SourceText {
  std::string path;  ///< From the top of the tree, "/" between parts.
  std::string code;  ///< Comments and the insides of literals are blanks; lines are kept.
  std::vector<Include> includes;
  std::vector<TypeName> types;  ///< What class, struct, union, enum, concept and `using X =` name.
  int lines = 0;
};

SourceText read_source(std::string path, std::string_view text);

/// Lines (from 1) where `token` stands as a whole: no letter, digit or underscore goes on at an end
/// of it that is one itself.
std::vector<int> lines_with(const SourceText&, std::string_view token);

}  // namespace tocsin::house
