#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
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

/// Where a rules file belongs: which root, and which sub-folder of it ("" = the root itself).
/// Orders as the files are read.
struct Place {
  std::size_t root = 0;  ///< Index; the number of roots if it lies in none of them.
  std::string fragment;
  friend auto operator<=>(const Place&, const Place&) = default;
};
/// Of a path under its root's shown name.
Place place_of(std::string_view path, const std::vector<RulesRoot>&);

}  // namespace tocsin::config
