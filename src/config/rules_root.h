#pragma once

#include <string>
#include <vector>

namespace tocsin::config {

/// A folder of rules and the name its files are shown and stored under: its own last part, so that
/// `rules/severity.yaml` means the same wherever the folder lies. Of two roots whose last parts are
/// equal the later is shown with its whole path.
struct RulesRoot {
  std::string folder;
  std::string shown;
};
std::vector<RulesRoot> name_roots(const std::vector<std::string>& folders);

}  // namespace tocsin::config
