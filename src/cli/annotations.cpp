#include "cli/annotations.h"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string_view>

#include "cli/terminal.h"
#include "tocsin/alert/identity.h"

namespace tocsin::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

/// `%` and line ends, which would end the command; in a property also what separates properties.
std::string escaped(std::string_view text, bool in_property) {
  std::string out;
  for (const char c : text) {
    const std::string_view special = in_property ? "%\r\n:," : "%\r\n";
    if (special.find(c) == std::string_view::npos) {
      out += c;
      continue;
    }
    std::array<char, 4> code{};
    std::snprintf(code.data(), code.size(), "%%%02X", static_cast<unsigned>(c));
    out += code.data();
  }
  return printable(out);
}

std::string text_of(const Diagnostic& diagnostic) {
  if (diagnostic.cure.empty()) return diagnostic.problem;
  return diagnostic.problem + "; " + diagnostic.cure;
}

std::string_view github_command(Diagnostic::Level level) {
  return level == Diagnostic::Level::note ? "notice" : to_string(level);
}

std::string_view gitlab_severity(Diagnostic::Level level) {
  switch (level) {
    case Diagnostic::Level::error:
      return "critical";
    case Diagnostic::Level::warning:
      return "minor";
    case Diagnostic::Level::note:
      break;
  }
  return "info";
}

/// 128 bits in hexadecimal of what the finding is, without its line: two chains of 64.
std::string fingerprint(std::string_view identity) {
  const std::uint64_t first = content_hash(identity);
  const std::uint64_t second = content_hash(identity, first);
  std::array<char, 33> out{};
  std::snprintf(out.data(), out.size(), "%016llx%016llx", static_cast<unsigned long long>(first),
                static_cast<unsigned long long>(second));
  return out.data();
}

}  // namespace

std::string seen_from(const fs::path& folder, const std::string& path) {
  if (path.empty()) return path;
  const fs::path whole = (folder / path).lexically_normal();
  const fs::path below = whole.lexically_relative(folder.lexically_normal());
  const bool is_below = !below.empty() && *below.begin() != "..";
  return is_below ? below.generic_string() : path;
}

std::string github_annotations(const Diagnostics& diagnostics, const fs::path& folder) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) {
    const Position& at = diagnostic.at;
    out += "::" + std::string(github_command(diagnostic.level));
    if (!at.file.empty()) out += " file=" + escaped(seen_from(folder, at.file), true);
    if (!at.file.empty() && at.line > 0) {
      out += ",line=" + std::to_string(at.line);
      if (at.column > 0) out += ",col=" + std::to_string(at.column);
    }
    out += "::" + escaped(text_of(diagnostic), false) + "\n";
  }
  return out;
}

json::array gitlab_report(const Diagnostics& diagnostics, const fs::path& folder) {
  json::array out;
  std::map<std::string, int> seen;
  for (const Diagnostic& diagnostic : diagnostics) {
    const std::string path = seen_from(folder, diagnostic.at.file);
    std::string identity = path + '\n' + std::string(to_string(diagnostic.level)) + '\n';
    identity += diagnostic.problem;
    const int again = seen[identity]++;
    if (again > 0) identity += '\n' + std::to_string(again);
    out.push_back(json::object{
        {"description", printable(text_of(diagnostic))},
        {"check_name", "tocsin-check"},
        {"fingerprint", fingerprint(identity)},
        {"severity", gitlab_severity(diagnostic.level)},
        {"location", {{"path", path}, {"lines", {{"begin", std::max(diagnostic.at.line, 1)}}}}}});
  }
  return out;
}

}  // namespace tocsin::cli
