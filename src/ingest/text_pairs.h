#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tocsin/alert/labels.h"

namespace tocsin::ingest {

/// Names and values that a reader puts together before they become a label set.
class TextPairs {
 public:
  /// The last value of a name counts; an empty one is none.
  void set(std::string name, std::string value) {
    if (!name.empty() && !value.empty()) pairs_.insert_or_assign(std::move(name), std::move(value));
  }
  /// For what matters less than what is there already.
  void set_if_missing(std::string name, std::string value) {
    if (!name.empty() && !value.empty()) pairs_.emplace(std::move(name), std::move(value));
  }
  bool has(const std::string& name) const { return pairs_.contains(name); }
  bool empty() const { return pairs_.empty(); }
  Labels labels() const {
    std::vector<Label> all;
    all.reserve(pairs_.size());
    for (const auto& [name, value] : pairs_) all.push_back({name, value});
    return Labels(std::move(all));
  }

 private:
  std::map<std::string, std::string> pairs_;
};

}  // namespace tocsin::ingest
