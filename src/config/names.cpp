#include "config/names.h"

#include <unordered_set>
#include <utility>

namespace tocsin::config {

bool Names::define(std::string_view what, const std::string& name, const Position& at,
                   Report& report) {
  const auto [place, is_new] = places_.emplace(name, at);
  if (is_new) return true;
  report.error(at, "the " + std::string(what) + " " + in_quotes(name) + " is defined twice",
               "it is defined at " + format_short(place->second) + " already; keep one of them");
  return false;
}

std::vector<std::string_view> Names::all() const {
  std::vector<std::string_view> out;
  out.reserve(places_.size());
  for (const auto& [name, place] : places_) out.push_back(name);
  return out;
}

std::optional<std::string> use_name(const Value& value, std::vector<Reference>& uses) {
  auto name = value.text();
  if (name) uses.push_back({*name, value.path(), value.at()});
  return name;
}

std::vector<std::string> use_names(const Value& list, std::vector<Reference>& uses) {
  std::vector<std::string> out;
  std::unordered_set<std::string> seen;
  for (const Value& element : list.list()) {
    auto name = use_name(element, uses);
    if (name && seen.insert(*name).second) out.push_back(std::move(*name));
  }
  return out;
}

void check_uses(const std::vector<Reference>& uses, const Names& names, Diagnostic::Level level,
                const std::string& what, const std::string& cure, Report& report) {
  std::vector<std::string_view> all;
  for (const Reference& used : uses) {
    if (names.has(used.name)) continue;
    if (all.empty()) all = names.all();
    std::string problem = used.path + ": nothing defines the " + what + " " + in_quotes(used.name);
    std::string better = did_you_mean(used.name, all, cure);
    if (level == Diagnostic::Level::error) {
      report.error(used.at, std::move(problem), std::move(better));
    } else {
      report.warning(used.at, std::move(problem), std::move(better));
    }
  }
}

}  // namespace tocsin::config
