// rule_mix RULES FILES FOLDER: writes so many rules as many teams would write them into so many
// files.
#include "bench/rule_mix.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

int main(int count, char** words) {
  if (count != 4) {
    std::fprintf(stderr, "usage: rule_mix RULES FILES FOLDER\n");
    return 2;
  }
  const std::size_t size = std::strtoul(words[1], nullptr, 10);
  const std::size_t files = std::strtoul(words[2], nullptr, 10);
  tocsin::bench::RuleMix mix(size, 42);
  std::vector<std::ofstream> out;
  for (std::size_t i = 0; i < files; ++i) {
    out.emplace_back(std::string(words[3]) + "/mix-" + std::to_string(i) + ".yaml");
    out.back() << "rules:\n";
  }
  for (std::size_t i = 0; i < size; ++i) {
    std::ofstream& file = out[i * files / size];
    file << "  - name: mix-" << i << "\n    when:\n";
    for (const std::string& matcher : mix.next_rule()) {
      std::string quoted;
      for (const char c : matcher) quoted += c == '\'' ? "''" : std::string(1, c);
      file << "      - '" << quoted << "'\n";
    }
    file << "    set: {labels: {set_" << i % 10 << ": 'yes'}}\n";
  }
  for (std::ofstream& file : out) {
    if (!file.flush()) return std::perror("rule_mix"), 1;
  }
  return 0;
}
