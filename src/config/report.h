#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tocsin/base/diagnostic.h"

namespace tocsin::config {

/// Collects mistakes. Bounded: a file may hold a mistake a million times over through aliases, and
/// nobody reads the thousandth. Errors and warnings are counted apart, so that warnings never hide
/// that there is an error.
class Report {
 public:
  static constexpr std::size_t kShownMax = 1000;  ///< Of each level.

  void error(Position at, std::string problem, std::string cure);
  void warning(Position at, std::string problem, std::string cure);
  /// Something to know that is no mistake, once for each `topic` and file.
  void note(std::string_view topic, Position at, std::string text);
  /// True once further errors are only counted; callers may skip work that makes them readable.
  bool errors_are_full() const { return errors_ > kShownMax; }
  std::size_t errors() const { return errors_; }
  /// What was reported, in that order.
  Diagnostics take();

 private:
  Diagnostics diagnostics_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
  std::set<std::pair<std::string, std::string>> noted_;  // File and topic; at most kShownMax.
};

/// The text in double quotes, cut to 80 bytes, with control characters made visible.
std::string in_quotes(std::string_view text);

/// `a, b or c`; nothing is "".
std::string listed(const std::vector<std::string_view>& words, std::string_view last = "or");

/// `did you mean "x"?` for the candidate nearest to `word`, else `otherwise`.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates,
                         std::string otherwise);

}  // namespace tocsin::config
