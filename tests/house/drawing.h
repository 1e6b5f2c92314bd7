#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// Reads the tree as text and says where it breaks the rules of the house.
namespace tocsin::house {

/// One tocsin_room() line: the rooms it may use and the libraries it may include.
struct Room {
  std::set<std::string> uses;  ///< Always holds `base` and the room itself.
  std::set<std::string> libraries;
};
using Drawing = std::map<std::string, Room>;

/// The tocsin_room() calls of a CMakeLists.txt. `problems` gets a sentence for each room that uses
/// one drawn below it or not at all.
Drawing read_drawing(std::string_view cmake, std::vector<std::string>& problems);

/// The rooms a program linked with `room` can reach: its uses, theirs, and so on.
std::set<std::string> reachable(const Drawing&, const std::string& room);

}  // namespace tocsin::house
