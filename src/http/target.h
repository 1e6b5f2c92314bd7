#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin::http {

/// A request target taken apart. The path is decoded and normalised: `//` and a trailing `/` are
/// collapsed, so that routing and authorisation see one spelling.
struct Target {
  std::string path;
  std::string_view query;      ///< As sent, without the question mark.
  std::string_view authority;  ///< Of a target in absolute form; "" mostly.
};

/// Refuses, with a sentence that says why: what is no path, `.` and `..` segments, encoded slashes
/// and backslashes, control characters, and broken percent signs. (RFC 3986 section 3.3)
/// Whether text can be what a Host header holds: a name or address, perhaps with a port, or
/// nothing.
bool is_host(std::string_view text);

std::expected<Target, std::string> parse_target(std::string_view target);

/// Name and value pairs of a query, decoded, in order; at most kQueryPairsMax.
class Query {
 public:
  static constexpr std::size_t kPairsMax = 100;
  /// Fails with a sentence if a percent sign is broken or there are too many pairs.
  static std::expected<Query, std::string> parse(std::string_view query);
  /// The first value of that name, or "".
  std::string_view get(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;
  bool has(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& pairs() const { return pairs_; }

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

}  // namespace tocsin::http
