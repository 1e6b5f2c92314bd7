#pragma once

#include <re2/re2.h>

#include <cstddef>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/pattern_shape.h"
#include "tocsin/rules/matcher.h"

namespace tocsin::rules {

/// What read_pattern() understands is matched by its pieces and never compiled: that takes 25 µs
/// and 3 KiB, which 100,000 rules would pay at every load.
class Regex {
 public:
  /// The error is RE2's. `cost`: bytes of what was compiled, whether or not it could be; compiling
  /// a mebibyte takes about 25 ms.
  static std::expected<std::shared_ptr<const Regex>, std::string> read(std::string pattern,
                                                                       std::size_t& cost);
  static std::expected<std::shared_ptr<const Regex>, std::string> read(std::string pattern) {
    std::size_t ignored = 0;
    return read(std::move(pattern), ignored);
  }

  const std::string& pattern() const { return pattern_; }
  bool is_simple() const { return compiled_ == nullptr; }
  /// REQUIRES: is_simple().
  const std::vector<PatternPiece>& pieces() const { return pieces_; }
  bool matches_whole(std::string_view value) const;

 private:
  std::string pattern_;
  std::vector<PatternPiece> pieces_;  // Those of whole texts first.
  std::size_t whole_texts_ = 0;
  std::unique_ptr<const re2::RE2> compiled_;
};

/// Whether `.*` matches all of it.
bool matches_dots(std::string_view text);

}  // namespace tocsin::rules
