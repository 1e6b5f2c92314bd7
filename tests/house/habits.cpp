#include "house/habits.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string_view>

namespace tocsin::house {
namespace {

constexpr int kLinesMax = 500;
constexpr std::size_t kBeastFilesMax = 3;

std::string place(const SourceText& source, int line) {
  return source.path + ":" + std::to_string(line) + ": ";
}

/// The part between the slashes before and after position `index` of the path.
std::string part(std::string_view path, int index) {
  for (; index > 0; --index) {
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos) return {};
    path.remove_prefix(slash + 1);
  }
  const std::size_t slash = path.find('/');
  return slash == std::string_view::npos ? std::string{} : std::string(path.substr(0, slash));
}

enum class Side { front_door, inside, test, other };

Side side_of(std::string_view path) {
  if (path.starts_with("include/tocsin/")) return Side::front_door;
  if (path.starts_with("src/")) return Side::inside;
  if (path.starts_with("tests/")) return Side::test;
  return Side::other;
}

std::string room_of(const SourceText& source) {
  return part(source.path, side_of(source.path) == Side::front_door ? 2 : 1);
}

std::string last_part(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

/// What is wrong with one include as seen from its room, or "".
std::string wrong_arrow(const Drawing& drawing, const SourceText& source, const Include& include,
                        const std::set<std::string>& allowed) {
  const std::string room = room_of(source);
  if (include.name.starts_with("tocsin/")) {
    const std::string target = part(include.name, 1);
    if (!drawing.contains(target)) return "there is no room " + target;
    if (allowed.contains(target)) return {};
    return "room " + room + " does not use " + target +
           "; draw the arrow in CMakeLists.txt or do without";
  }
  const std::string target = part(include.name, 0);
  // A fuzz target goes straight to its reader, which no front door shows.
  if (!drawing.contains(target) || target == room || room == "fuzz") return {};
  return "this is inside room " + target + "; include its front door, tocsin/" + target + "/";
}

constexpr std::string_view kStandardHeaders =
    " algorithm any array atomic barrier bit bitset cassert cctype cerrno cfloat "
    "charconv chrono cinttypes climits cmath compare complex concepts coroutine csignal "
    "cstdarg cstddef cstdint cstdio cstdlib cstring ctime deque exception execution "
    "expected filesystem forward_list fstream functional future initializer_list iomanip "
    "ios iosfwd iostream istream iterator latch limits list locale map memory "
    "memory_resource mutex new numbers numeric optional ostream queue random ranges "
    "ratio semaphore set shared_mutex source_location span sstream stack stdexcept "
    "stop_token streambuf string string_view system_error thread tuple type_traits "
    "typeindex typeinfo unordered_map unordered_set utility valarray variant vector "
    "version ";

bool is_standard(const std::string& name) {
  return kStandardHeaders.find(" " + name + " ") != std::string_view::npos;
}

/// Which library of a tocsin_room() line a header belongs to.
struct Library {
  std::string_view header;  ///< Prefix of the include.
  std::string_view target;
};
constexpr std::array kLibraries = {
    Library{"xxhash.h", "PkgConfig::XXHASH"},  Library{"re2/", "PkgConfig::RE2"},
    Library{"simdjson", "simdjson::simdjson"}, Library{"yaml-cpp/", "yaml-cpp"},
    Library{"sqlite3", "SQLite::SQLite3"},     Library{"boost/json", "Boost::json"},
    Library{"boost/url", "Boost::url"},        Library{"curl/", "CURL::libcurl"},
    Library{"openssl/", "OpenSSL::Crypto"},    Library{"spdlog/", "spdlog::spdlog"},
    Library{"fmt/", "spdlog::spdlog"},         Library{"prometheus/", "prometheus-cpp::core"},
    Library{"zlib.h", "ZLIB::ZLIB"},           Library{"zstd", "PkgConfig::ZSTD"},
    Library{"CLI/", "CLI11::CLI11"},           Library{"systemd/", "PkgConfig::SYSTEMD"},
};

std::string stray(const Drawing& drawing, const SourceText& source, const Include& include) {
  const std::string room = room_of(source);
  if (include.name.starts_with("yaml-cpp/") && !source.path.starts_with("src/config/yaml.")) {
    return "only src/config/yaml.cpp knows yaml-cpp; ask its reader";
  }
  if (include.name.starts_with("boost/beast")) {
    const bool fits = room == "http" && source.path.ends_with(".cpp");
    return fits ? "" : "Beast is for .cpp files of src/http: each costs 12-18 s to compile";
  }
  if (include.name.starts_with("boost/asio")) {
    return room == "http" || room == "daemon" ? "" : "Asio is for http and daemon";
  }
  const auto it = drawing.find(room);
  if (it == drawing.end()) return {};
  for (const Library& library : kLibraries) {
    if (!include.name.starts_with(library.header)) continue;
    if (it->second.libraries.contains(std::string(library.target))) return {};
    return "room " + room + " does not name " + std::string(library.target) + " in CMakeLists.txt";
  }
  return {};
}

bool in_core(const SourceText& source) {
  return source.path.starts_with("src/triage/") || source.path.starts_with("src/rules/") ||
         source.path.starts_with("src/pipeline/") ||
         source.path.starts_with("include/tocsin/triage/") ||
         source.path.starts_with("include/tocsin/rules/") ||
         source.path.starts_with("include/tocsin/pipeline/");
}

/// Words of snake_case, kebab-case, dotted and PascalCase names, in lower case.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    const bool upper = std::isupper(c) != 0;
    const bool after_lower = i > 0 && std::islower(static_cast<unsigned char>(name[i - 1])) != 0;
    if (std::isalnum(c) == 0 || (upper && after_lower)) words.emplace_back();
    if (std::isalnum(c) != 0) words.back() += static_cast<char>(std::tolower(c));
  }
  std::erase(words, "");
  return words;
}

std::string empty_word(std::string_view name) {
  static const std::set<std::string> kForbidden = {
      "manager", "handler", "helper", "helpers", "util",      "utils", "common",
      "misc",    "data",    "info",   "wrapper", "processor", "impl"};
  const auto words = words_of(name);
  for (const std::string& word : words) {
    if (kForbidden.contains(word)) return word;
  }
  // A service is something people run and a word of the trade; "PageService" is not.
  return words.size() > 1 && words.back() == "service" ? "service" : "";
}

}  // namespace

Findings arrows_not_drawn(const Drawing& drawing, const Sources& sources) {
  Findings findings;
  for (const SourceText& source : sources) {
    const Side side = side_of(source.path);
    const auto room = drawing.find(room_of(source));
    // Tests of no single room may knock at every front door, but open no room from inside.
    std::set<std::string> allowed;
    if (room != drawing.end()) {
      allowed = side == Side::test ? reachable(drawing, room->first) : room->second.uses;
    } else if (side == Side::test) {
      for (const auto& [name, ignored] : drawing) allowed.insert(name);
    } else {
      findings.push_back(place(source, 1) + "stands in no room that CMakeLists.txt draws");
      continue;
    }
    for (const Include& include : source.includes) {
      const std::string wrong = wrong_arrow(drawing, source, include, allowed);
      if (!wrong.empty()) findings.push_back(place(source, include.line) + wrong);
    }
  }
  return findings;
}

Findings heavy_front_doors(const Sources& sources) {
  Findings findings;
  for (const SourceText& source : sources) {
    if (side_of(source.path) != Side::front_door) continue;
    for (const Include& include : source.includes) {
      if (include.angled ? is_standard(include.name) : include.name.starts_with("tocsin/"))
        continue;
      findings.push_back(place(source, include.line) + "a front door includes " + include.name +
                         "; only the standard library and front doors may stand here");
    }
  }
  return findings;
}

Findings strayed_libraries(const Drawing& drawing, const Sources& sources) {
  Findings findings;
  std::set<std::string> beast_files;
  for (const SourceText& source : sources) {
    if (side_of(source.path) == Side::test) continue;
    for (const Include& include : source.includes) {
      if (include.name.starts_with("boost/beast")) beast_files.insert(source.path);
      const std::string wrong = stray(drawing, source, include);
      if (!wrong.empty()) findings.push_back(place(source, include.line) + wrong);
    }
  }
  if (beast_files.size() > kBeastFilesMax) {
    findings.push_back("src/http: " + std::to_string(beast_files.size()) +
                       " files include Beast; at most 3 may");
  }
  return findings;
}

Findings impure_core(const Sources& sources) {
  static const std::set<std::string> kHeaders = {
      "random", "thread",   "mutex",    "shared_mutex", "condition_variable", "future",
      "atomic", "iostream", "fstream",  "filesystem",   "unordered_map",      "unordered_set",
      "ctime",  "time.h",   "unistd.h", "sqlite3.h"};
  static constexpr std::array<std::string_view, 20> kTokens = {"system_clock::now",
                                                               "steady_clock",
                                                               "high_resolution_clock",
                                                               "utc_clock::now",
                                                               "clock_gettime",
                                                               "gettimeofday",
                                                               "time(nullptr)",
                                                               "time(NULL)",
                                                               "getenv",
                                                               "rand",
                                                               "srand",
                                                               "random_device",
                                                               "mt19937",
                                                               "unordered_map",
                                                               "unordered_set",
                                                               "unordered_multimap",
                                                               "unordered_multiset",
                                                               "this_thread",
                                                               "jthread",
                                                               "std::cerr"};
  Findings findings;
  for (const SourceText& source : sources) {
    if (!in_core(source)) continue;
    for (const Include& include : source.includes) {
      const bool library = include.name.starts_with("boost/") ||
                           include.name.starts_with("spdlog/") || include.name.starts_with("sys/");
      if (!library && !kHeaders.contains(include.name)) continue;
      findings.push_back(place(source, include.line) + "the core includes " + include.name +
                         "; what it decides may depend on its arguments only");
    }
    for (const std::string_view token : kTokens) {
      for (const int line : lines_with(source, token)) {
        findings.push_back(place(source, line) + "the core says " + std::string(token) +
                           "; what it decides may depend on its arguments only");
      }
    }
  }
  return findings;
}

Findings outgoing_store(const Sources& sources) {
  static constexpr std::array<std::string_view, 8> kMeans = {
      "curl/",   "boost/asio", "boost/beast", "sys/socket.h",
      "netdb.h", "netinet/",   "arpa/inet.h", "sys/un.h"};
  Findings findings;
  for (const SourceText& source : sources) {
    if (side_of(source.path) == Side::test || room_of(source) != "store") continue;
    for (const Include& include : source.includes) {
      const bool means = std::ranges::any_of(
          kMeans, [&](std::string_view prefix) { return include.name.starts_with(prefix); });
      if (!means) continue;
      findings.push_back(place(source, include.line) + "the store includes " + include.name +
                         "; nobody may wait for a peer while a transaction is open");
    }
  }
  return findings;
}

Findings sleeping_tests(const Sources& sources) {
  static constexpr std::array<std::string_view, 6> kTokens = {
      "sleep_for", "sleep_until", "usleep", "nanosleep", "sleep(", "poll(nullptr"};
  Findings findings;
  for (const SourceText& source : sources) {
    if (side_of(source.path) != Side::test) continue;
    if (source.path.starts_with("tests/end_to_end/") || source.path.starts_with("tests/bench/"))
      continue;
    for (const std::string_view token : kTokens) {
      for (const int line : lines_with(source, token)) {
        findings.push_back(place(source, line) +
                           "a test waits for time; wait for the event itself");
      }
    }
  }
  return findings;
}

Findings backtracking(const Sources& sources) {
  Findings findings;
  for (const SourceText& source : sources) {
    for (const int line : lines_with(source, "std::regex")) {
      findings.push_back(place(source, line) + "std::regex has no bound; use RE2");
    }
    for (const Include& include : source.includes) {
      if (include.name == "regex") {
        findings.push_back(place(source, include.line) + "std::regex has no bound; use RE2");
      }
    }
  }
  return findings;
}

Findings empty_names(const Sources& sources) {
  Findings findings;
  for (const SourceText& source : sources) {
    const std::string in_file = empty_word(last_part(source.path));
    if (!in_file.empty()) {
      findings.push_back(place(source, 1) + "the file name says \"" + in_file +
                         "\"; name what it is");
    }
    for (const TypeName& type : source.types) {
      if (type.name == "Impl") continue;  // A private implementation behind a front door.
      const std::string word = empty_word(type.name);
      if (word.empty()) continue;
      findings.push_back(place(source, type.line) + type.name + " says \"" + word +
                         "\"; name what it is");
    }
  }
  return findings;
}

Findings overlong_files(const Sources& sources) {
  Findings findings;
  for (const SourceText& source : sources) {
    if (side_of(source.path) == Side::test || source.lines <= kLinesMax) continue;
    findings.push_back(place(source, kLinesMax) + "the file has " + std::to_string(source.lines) +
                       " lines, the wall is " + std::to_string(kLinesMax) +
                       "; which two things is it?");
  }
  return findings;
}

}  // namespace tocsin::house
