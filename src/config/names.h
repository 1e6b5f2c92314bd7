#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/report.h"
#include "config/value.h"

namespace tocsin::config {

/// Where each name of one kind was first defined.
class Names {
 public:
  /// False, and an error at `at` that names the first place, if the name is taken.
  bool define(std::string_view what, const std::string& name, const Position& at, Report&);
  bool has(const std::string& name) const { return places_.contains(name); }
  std::vector<std::string_view> all() const;

 private:
  std::map<std::string, Position> places_;
};

/// Those of elements that have one.
template <class Named>
std::vector<std::string> names_of(const std::vector<Named>& elements) {
  std::vector<std::string> out;
  out.reserve(elements.size());
  for (const Named& element : elements) out.push_back(element.name);
  return out;
}

/// A use of a name that may be defined in a file not read yet.
struct Reference {
  std::string name;
  std::string path;  ///< Of the value that uses it.
  Position at;
};

/// The text of `value`, kept as a use of the name.
std::optional<std::string> use_name(const Value&, std::vector<Reference>& uses);
/// Each text of the list.
std::vector<std::string> use_names(const Value& list, std::vector<Reference>& uses);

/// Reports each use of a name that nothing defines, with the nearest one or `cure`.
void check_uses(const std::vector<Reference>& uses, const Names& names, Diagnostic::Level level,
                const std::string& what, const std::string& cure, Report&);

}  // namespace tocsin::config
