#include "config/report.h"

#include <algorithm>
#include <utility>

namespace tocsin::config {
namespace {

/// Comparing a typo with more names than this takes longer than it helps.
constexpr std::size_t kCandidatesMax = 1000;

/// Of "SEV-5" nobody knows whether SEV-1 or SEV-4 was meant.
bool differ_in_digits_only(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::ranges::equal(a, b, [](char x, char y) {
           const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
           return x == y || (is_digit(x) && is_digit(y));
         });
}

}  // namespace

void Report::error(Position at, std::string problem, std::string cure) {
  ++errors_;
  if (errors_ > kShownMax + 1) return;
  if (errors_ == kShownMax + 1) {
    problem = "more than " + std::to_string(kShownMax) + " mistakes";
    cure = "the rest is not shown";
  }
  diagnostics_.push_back(
      {Diagnostic::Level::error, std::move(at), std::move(problem), std::move(cure)});
}

void Report::warning(Position at, std::string problem, std::string cure) {
  ++warnings_;
  if (warnings_ > kShownMax + 1) return;
  if (warnings_ == kShownMax + 1) {
    problem = "more than " + std::to_string(kShownMax) + " warnings";
    cure = "the rest is not shown";
  }
  diagnostics_.push_back(
      {Diagnostic::Level::warning, std::move(at), std::move(problem), std::move(cure)});
}

void Report::note(std::string_view topic, Position at, std::string text) {
  if (noted_.size() >= kShownMax) return;
  if (!noted_.emplace(at.file, topic).second) return;
  diagnostics_.push_back({Diagnostic::Level::note, std::move(at), std::move(text), ""});
}

Diagnostics Report::take() {
  errors_ = 0;
  warnings_ = 0;
  noted_.clear();
  return std::exchange(diagnostics_, {});
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kShownBytes = 80;
  constexpr std::string_view kHex = "0123456789abcdef";
  std::size_t end = text.size();
  if (end > kShownBytes) {
    end = kShownBytes;
    // Not in the middle of a character: step back over UTF-8 continuation bytes.
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  }
  std::string out = "\"";
  for (const char c : text.substr(0, end)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F) {
      out += c;
      continue;
    }
    out += "\\x";
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  if (end < text.size()) out += "…";
  out += '"';
  return out;
}

std::string listed(const std::vector<std::string_view>& words, std::string_view last) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " " + std::string(last) + " " : ", ";
    out += words[i];
  }
  return out;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates,
                         std::string otherwise) {
  if (candidates.size() > kCandidatesMax) return otherwise;
  const std::string_view near = nearest(word, candidates);
  if (near.empty() || differ_in_digits_only(word, near)) return otherwise;
  return "did you mean " + in_quotes(near) + "?";
}

}  // namespace tocsin::config
