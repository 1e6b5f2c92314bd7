#include "config/value.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <unordered_set>

#include "tocsin/base/check.h"

namespace tocsin::config {
namespace {

constexpr std::size_t kNameMax = 100;

std::string_view name_of(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::empty:
      return "nothing";
    case Node::Kind::text:
      return "text";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::mapping:
      return "a mapping";
  }
  return "";
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Decimal digits alone: no sign, no leading zero (which some read as octal), no blanks.
std::optional<std::uint64_t> decimal(std::string_view text) {
  if (text.empty() || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  if (text.size() > 1 && text[0] == '0') return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Unit {
  std::string_view name;
  unsigned shift;
};
constexpr Unit kUnits[] = {{"GiB", 30}, {"MiB", 20}, {"KiB", 10}, {"B", 0}, {"", 0}};

std::optional<std::uint64_t> bytes(std::string_view text) {
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.name)) continue;
    const auto count = decimal(text.substr(0, text.size() - unit.name.size()));
    if (!count || *count > (std::numeric_limits<std::uint64_t>::max() >> unit.shift)) break;
    return *count << unit.shift;
  }
  return std::nullopt;
}

std::string size_text(std::uint64_t size) {
  for (const Unit& unit : kUnits) {
    const std::uint64_t factor = std::uint64_t{1} << unit.shift;
    if (size >= factor && size % factor == 0) {
      return std::to_string(size / factor) + std::string(unit.name);
    }
  }
  return "0";
}

std::string range_text(std::string_view from, std::string_view to) {
  return "it must lie between " + std::string(from) + " and " + std::string(to);
}

}  // namespace

bool is_name(std::string_view text) {
  const auto is_fine = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '.' || c == '-';
  };
  return !text.empty() && text.size() <= kNameMax && text[0] != '.' && text[0] != '-' &&
         std::ranges::all_of(text, is_fine);
}

Value::Value(const Document& document, Report& report)
    : document_(&document), report_(&report), node_(document.root()) {
  CHECK(node_ != nullptr);
}

Position Value::at() const {
  return document_->position(is(Node::Kind::empty) && key_ != nullptr ? *key_ : *node_);
}

Position Value::at(std::size_t offset_in_text) const {
  return document_->position(*node_, offset_in_text);
}

void Value::error(const std::string& problem, std::string cure) const {
  if (report_->errors_are_full()) return;
  report_->error(at(), path_.empty() ? problem : path_ + ": " + problem, std::move(cure));
}

void Value::error(const std::string& problem, std::string cure, std::size_t offset_in_text) const {
  if (report_->errors_are_full()) return;
  report_->error(at(offset_in_text), path_.empty() ? problem : path_ + ": " + problem,
                 std::move(cure));
}

void Value::warning(const std::string& problem, std::string cure) const {
  report_->warning(at(), path_.empty() ? problem : path_ + ": " + problem, std::move(cure));
}

void Value::wrong_kind(std::string_view what, std::string cure) const {
  if (node_->has_odd_key) cure = "a quote is missing: put a value with {{ }} in quotes";
  error("expected " + std::string(what) + ", found " + std::string(name_of(node_->kind)),
        std::move(cure));
}

/// The text as it is, if this is one.
std::optional<std::string> Value::plain() const {
  switch (node_->kind) {
    case Node::Kind::text:
      break;
    case Node::Kind::empty:
      wrong_kind("a value", "write one, or leave the key out");
      return std::nullopt;
    case Node::Kind::list:
      wrong_kind("text", "write one value, not a list");
      return std::nullopt;
    case Node::Kind::mapping:
      wrong_kind("text", "a quote may be missing: put the value in quotes");
      return std::nullopt;
  }
  return node_->text;
}

std::optional<std::string> Value::text(bool of_lines) const {
  auto out = plain();
  if (!out) return std::nullopt;
  const auto is_control = [of_lines](char c) {
    return ((c >= 0 && c < 0x20) || c == 0x7F) && !(of_lines && c == '\n');
  };
  if (out->empty()) {
    error("expected text, found an empty one", "write a value, or leave the key out");
  } else if (out->size() > kTextMax) {
    error("a text of " + std::to_string(out->size()) + " bytes",
          "at most " + std::to_string(kTextMax) + " are read here");
  } else if (std::ranges::any_of(*out, is_control)) {
    error(of_lines ? "a text with a control character in it"
                   : "a text with a control character or line end in it",
          of_lines ? "remove it" : "write it on one line");
  } else {
    return out;
  }
  return std::nullopt;
}

std::optional<std::string> Value::text() const { return text(false); }
std::optional<std::string> Value::lines() const { return text(true); }

std::optional<std::string> Value::name() const {
  auto out = text();
  if (!out || is_name(*out)) return out;
  error(in_quotes(*out) + " is no name here", std::string(kNameCure));
  return std::nullopt;
}

std::optional<bool> Value::boolean() const {
  const auto word = plain();
  if (!word) return std::nullopt;
  if (*word == "true") return true;
  if (*word == "false") return false;
  error("expected true or false, found " + in_quotes(*word), "write true or false");
  return std::nullopt;
}

std::optional<std::uint64_t> Value::integer(std::uint64_t min, std::uint64_t max) const {
  const auto word = plain();
  if (!word) return std::nullopt;
  const auto value = decimal(*word);
  if (!value) {
    error("expected a whole number, found " + in_quotes(*word),
          "write decimal digits without sign, point or leading zero");
  } else if (*value < min || *value > max) {
    error(*word + " is out of range", range_text(std::to_string(min), std::to_string(max)));
  } else {
    return value;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> Value::size(std::uint64_t min, std::uint64_t max) const {
  const auto word = plain();
  if (!word) return std::nullopt;
  const auto value = bytes(*word);
  if (!value) {
    error("expected a size, found " + in_quotes(*word),
          "write it like 512MiB, 16KiB, 1GiB or 4096");
  } else if (*value < min || *value > max) {
    error(*word + " is out of range", range_text(size_text(min), size_text(max)));
  } else {
    return value;
  }
  return std::nullopt;
}

std::optional<Duration> Value::duration(Duration min) const {
  const auto word = plain();
  if (!word) return std::nullopt;
  const auto value = parse_duration(*word);
  if (!value) {
    error("expected a duration, found " + in_quotes(*word), "write it like 90s, 5m, 1h30m or 2d");
  } else if (*value < min) {
    error(*word + " is too short", "write at least " + format_duration(min));
  } else {
    return value;
  }
  return std::nullopt;
}

std::optional<std::size_t> Value::choice(const std::vector<std::string_view>& words) const {
  const auto word = plain();
  if (!word) return std::nullopt;
  const auto found = std::ranges::find(words, *word);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  error("expected " + listed(words) + ", found " + in_quotes(*word),
        did_you_mean(*word, words, "write one of these"));
  return std::nullopt;
}

std::vector<Value> Value::list() const {
  std::vector<Value> out;
  if (is(Node::Kind::text) || is(Node::Kind::mapping)) {
    wrong_kind("a list", "write [ ] around it, or \"- \" before each element");
    return out;
  }
  out.reserve(node_->items.size());
  for (std::size_t i = 0; i < node_->items.size(); ++i) {
    out.push_back(Value(*this, *node_->items[i], nullptr, path_ + "[" + std::to_string(i) + "]"));
  }
  return out;
}

std::vector<std::string> Value::texts() const {
  std::vector<std::string> out;
  std::unordered_set<std::string> seen;
  for (const Value& element : list()) {
    auto text = element.text();
    if (text && seen.insert(*text).second) out.push_back(std::move(*text));
  }
  return out;
}

std::string Value::child_path(std::string_view key) const {
  constexpr std::size_t kShownBytes = 100;
  std::string out = path_.empty() ? "" : path_ + ".";
  // A key that people chose may hold anything; a path is part of a sentence.
  if (key.size() > kShownBytes || key.empty() || key.find_first_of(" .\"") != key.npos) {
    return out + in_quotes(key);
  }
  return out + std::string(key);
}

/// An empty value is an empty mapping: what is left of a section when all in it is commented out.
bool Value::check_mapping() const {
  if (is(Node::Kind::empty)) return true;
  if (!is(Node::Kind::mapping)) {
    wrong_kind("a mapping", "write \"key: value\" lines below it");
    return false;
  }
  if (node_->has_odd_key) error("a key that is no text", "put a value with {{ }} in quotes");
  return true;
}

std::vector<Value::Named> Value::named() const {
  std::vector<Named> out;
  if (!check_mapping()) return out;
  out.reserve(node_->entries.size());
  for (const Node::Entry& entry : node_->entries) {
    const Value key(*this, *entry.key, nullptr, path_);
    auto name = key.text();
    if (!name) continue;
    out.push_back({std::move(*name), key.at(),
                   Value(*this, *entry.value, entry.key, child_path(entry.key->text))});
  }
  return out;
}

}  // namespace tocsin::config
