#include "house/drawing.h"

#include <sstream>

namespace tocsin::house {
namespace {

std::string without_comments(std::string_view cmake) {
  std::string out;
  bool in_comment = false;
  for (const char c : cmake) {
    if (c == '#') in_comment = true;
    if (c == '\n') in_comment = false;
    if (!in_comment) out += c;
  }
  return out;
}

/// The words between the parentheses of a call.
std::vector<std::string> words_of(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

}  // namespace

Drawing read_drawing(std::string_view cmake, std::vector<std::string>& problems) {
  constexpr std::string_view kCall = "\ntocsin_room(";
  const std::string text = "\n" + without_comments(cmake);
  Drawing drawing;
  for (std::size_t at = text.find(kCall); at != std::string::npos; at = text.find(kCall, at + 1)) {
    const std::size_t begin = at + kCall.size();
    const std::size_t end = text.find(')', begin);
    if (end == std::string::npos) break;
    const auto words = words_of(std::string_view(text).substr(begin, end - begin));
    if (words.empty()) continue;
    Room room;
    bool in_libraries = false;
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (words[i] == "USES" || words[i] == "LIBRARIES") {
        in_libraries = words[i] == "LIBRARIES";
      } else if (in_libraries) {
        room.libraries.insert(words[i]);
      } else {
        if (!drawing.contains(words[i])) {
          problems.push_back("CMakeLists.txt: room " + words[0] + " uses " + words[i] +
                             ", which is not drawn above it");
        }
        room.uses.insert(words[i]);
      }
    }
    room.uses.insert("base");
    room.uses.insert(words[0]);
    drawing[words[0]] = room;
  }
  return drawing;
}

std::set<std::string> reachable(const Drawing& drawing, const std::string& room) {
  std::set<std::string> found;
  std::vector<std::string> open{room};
  while (!open.empty()) {
    const std::string next = open.back();
    open.pop_back();
    if (!found.insert(next).second) continue;
    const auto it = drawing.find(next);
    if (it == drawing.end()) continue;
    open.insert(open.end(), it->second.uses.begin(), it->second.uses.end());
  }
  return found;
}

}  // namespace tocsin::house
