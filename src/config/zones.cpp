#include "config/zones.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

namespace tocsin::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNameMax = 64;
constexpr std::size_t kKnownMax = 10'000;
constexpr std::size_t kEntriesMax = 5000;  // Of the tz database's folder, which holds 1,800.

/// Names that mean something else on each machine, and copies of the database within itself.
bool is_local_matter(std::string_view name) {
  return name == "localtime" || name == "posixrules" || name == "Factory" ||
         name.starts_with("posix/") || name.starts_with("right/");
}

/// A name that is harmless as a path: parts of letters, digits, `_`, `+` and `-`.
bool is_plain(std::string_view name) {
  const auto is_fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '+' || c == '-' || c == '/';
  };
  return name.size() <= kNameMax && !name.starts_with('/') && !name.ends_with('/') &&
         name.find("//") == std::string_view::npos && std::ranges::all_of(name, is_fine) &&
         !is_local_matter(name);
}

/// Source: RFC 8536 section 3.1, the magic of a TZif file.
bool holds_zone(const fs::path& path) {
  std::error_code failure;
  if (!fs::is_regular_file(path, failure)) return false;
  std::ifstream file(path, std::ios::binary);
  char magic[4] = {};
  return file.read(magic, sizeof magic) && std::string_view(magic, sizeof magic) == "TZif";
}

}  // namespace

Zones::Answer Zones::look_up(const std::string& name) {
  if (name == "UTC") return Answer::yes;
  if (!is_plain(name)) return Answer::no;
  if (const auto found = known_.find(name); found != known_.end()) return found->second;
  Answer answer = Answer::no_database;
  if (holds_zone(fs::path(folder_) / name)) {
    answer = Answer::yes;
  } else if (holds_zone(fs::path(folder_) / "UTC")) {
    answer = Answer::no;
  }
  if (known_.size() < kKnownMax) known_.emplace(name, answer);
  return answer;
}

const std::vector<std::string>& Zones::all() {
  if (!all_.empty()) return all_;
  all_.emplace_back("UTC");
  std::error_code failure;
  std::size_t entries = 0;
  fs::recursive_directory_iterator at(folder_, failure);
  for (; !failure && at != fs::recursive_directory_iterator() && ++entries < kEntriesMax;
       at.increment(failure)) {
    const std::string name = at->path().lexically_relative(folder_).string();
    if (is_local_matter(name + "/")) {
      at.disable_recursion_pending();
    } else if (is_plain(name) && name != "UTC" && holds_zone(at->path())) {
      all_.push_back(name);
    }
  }
  std::ranges::sort(all_);
  return all_;
}

std::optional<std::string> Zones::read(const Value& value) {
  auto name = value.text();
  if (!name) return std::nullopt;
  switch (look_up(*name)) {
    case Answer::yes:
      return name;
    case Answer::no_database:
      value.warning("whether the time zone " + in_quotes(*name) + " exists is not known here",
                    "install the tz database: apt-get install tzdata");
      return name;
    case Answer::no:
      break;
  }
  std::string cure = "name one of the tz database, such as Europe/Lisbon, or UTC";
  const auto city = std::ranges::find_if(
      all(), [&](const std::string& zone) { return zone.ends_with("/" + *name); });
  if (city != all().end()) {
    cure = "did you mean " + in_quotes(*city) + "?";
  } else {
    cure = did_you_mean(*name, {all().begin(), all().end()}, std::move(cure));
  }
  value.error(in_quotes(*name) + " is no time zone", std::move(cure));
  return std::nullopt;
}

}  // namespace tocsin::config
