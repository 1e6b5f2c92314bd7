#include "rules/literal_table.h"

#include <algorithm>
#include <utility>

namespace tocsin::rules {

void LiteralTable::freeze() {
  const auto key = [](const Entry& entry) {
    return std::pair(std::string_view(entry.literal), entry.longer);
  };
  std::ranges::sort(entries_, {}, key);
  std::uint32_t empty = 0;  // Entries without a byte stand first.
  for (const Entry& entry : entries_) {
    if (entry.literal.empty()) {
      ++empty;
    } else {
      ++by_first_[static_cast<unsigned char>(entry.literal.front()) + std::size_t{1}];
    }
  }
  by_first_[0] = empty;
  for (std::size_t b = 1; b < by_first_.size(); ++b) by_first_[b] += by_first_[b - 1];
  for (std::uint32_t i = 1; i < entries_.size(); ++i) {
    std::uint32_t parent = i - 1;
    while (parent != kNone && !entries_[i].literal.starts_with(entries_[parent].literal)) {
      parent = entries_[parent].parent;
    }
    entries_[i].parent = parent;
    const bool repeats = parent != kNone && entries_[parent].literal == entries_[i].literal;
    entries_[i].shorter = repeats ? entries_[parent].shorter : parent;
  }
}

std::uint32_t LiteralTable::last_not_after(std::string_view text) const {
  const auto first = static_cast<unsigned char>(text.front());
  const auto from = entries_.begin() + by_first_[first];
  const auto to = entries_.begin() + by_first_[first + std::size_t{1}];
  const auto after = std::upper_bound(
      from, to, text, [](std::string_view a, const Entry& b) { return a < b.literal; });
  // What begins with another byte does not begin the text; empty literals do.
  if (after == from) return by_first_[0] - 1;  // kNone if there is none.
  return static_cast<std::uint32_t>(after - entries_.begin()) - 1;
}

void LiteralTable::append_beginnings(std::string_view text, std::vector<std::uint32_t>& out) const {
  if (text.empty() || entries_.empty()) return;
  std::uint32_t at = last_not_after(text);
  // Thousands of rules may have the same literal.
  while (at != kNone && !text.starts_with(entries_[at].literal)) at = entries_[at].shorter;
  for (; at != kNone; at = entries_[at].parent) {
    const Entry& entry = entries_[at];
    if (!entry.longer || entry.literal.size() < text.size()) out.push_back(entry.atom);
  }
}

void LiteralTable::append_inside(std::string_view text, std::vector<std::uint32_t>& out) const {
  for (; !text.empty(); text.remove_prefix(1)) {
    const auto first = static_cast<unsigned char>(text.front());
    if (by_first_[first] != by_first_[first + std::size_t{1}]) append_beginnings(text, out);
  }
}

}  // namespace tocsin::rules
