#include "tocsin/base/diagnostic.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

namespace tocsin {
namespace {

/// A diagnostic is one line, whatever the file that caused it holds.
void append_one_line(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// Longer words are not compared: no key is so long, and the time is quadratic.
constexpr std::size_t kLongestWord = 64;

/// Insertions, deletions, replacements and swaps of neighbours. REQUIRES: b fits kLongestWord.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  using Row = std::array<std::size_t, kLongestWord + 1>;
  std::array<Row, 3> rows{};
  Row* two_back = &rows[0];
  Row* back = &rows[1];
  Row* row = &rows[2];
  std::iota(back->begin(), back->end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    (*row)[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = (*back)[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      (*row)[j] = std::min({(*back)[j] + 1, (*row)[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        (*row)[j] = std::min((*row)[j], (*two_back)[j - 2] + 1);
      }
    }
    two_back = std::exchange(back, std::exchange(row, two_back));
  }
  return (*back)[b.size()];
}

}  // namespace

std::string format_short(const Position& at) {
  std::string out;
  append_one_line(out, at.file);
  if (at.line > 0) out += ":" + std::to_string(at.line);
  return out;
}

std::string_view to_string(Diagnostic::Level level) {
  switch (level) {
    case Diagnostic::Level::error:
      return "error";
    case Diagnostic::Level::warning:
      return "warning";
    case Diagnostic::Level::note:
      break;
  }
  return "note";
}

std::string format(const Diagnostic& diagnostic) {
  std::string out = format_short(diagnostic.at);
  if (diagnostic.at.line > 0 && diagnostic.at.column > 0) {
    out += ":" + std::to_string(diagnostic.at.column);
  }
  if (!out.empty()) out += ": ";
  out += to_string(diagnostic.level);
  out += ": ";
  append_one_line(out, diagnostic.problem);
  if (!diagnostic.cure.empty()) {
    out += "; ";
    append_one_line(out, diagnostic.cure);
  }
  return out;
}

bool has_errors(const Diagnostics& diagnostics) {
  return std::ranges::any_of(
      diagnostics, [](const Diagnostic& d) { return d.level == Diagnostic::Level::error; });
}

void sort(Diagnostics& diagnostics) {
  std::map<std::string, std::size_t> rank;
  for (const Diagnostic& d : diagnostics) rank.emplace(d.at.file, rank.size());
  std::ranges::stable_sort(diagnostics, {}, [&rank](const Diagnostic& d) {
    return std::tuple(rank.at(d.at.file), d.at.line, d.at.column);
  });

  using Line = std::tuple<std::string, int, int, Diagnostic::Level, std::string, std::string>;
  std::set<Line> seen;
  std::erase_if(diagnostics, [&seen](const Diagnostic& d) {
    return !seen.emplace(d.at.file, d.at.line, d.at.column, d.level, d.problem, d.cure).second;
  });
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  if (word.empty() || word.size() > kLongestWord) return {};
  const std::string wanted = lower(word);
  // A third of the letters may be wrong, at least one and at most three; never all of them.
  std::size_t best_distance =
      std::min(std::clamp<std::size_t>(word.size() / 3, 1, 3), word.size() - 1) + 1;
  std::string_view best;
  for (const std::string_view candidate : candidates) {
    if (candidate.empty() || candidate.size() > kLongestWord) continue;
    // So many letters are missing in one of them at least.
    const std::size_t longer = std::max(wanted.size(), candidate.size());
    if (longer - std::min(wanted.size(), candidate.size()) >= best_distance) continue;
    const std::size_t distance = edit_distance(wanted, lower(candidate));
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace tocsin
