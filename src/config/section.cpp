#include "config/section.h"

#include <algorithm>
#include <utility>

namespace tocsin::config {

Section::Section(const Value& value) : value_(value) { value_.check_mapping(); }

Section::~Section() {
  for (const Node::Entry& entry : value_.node_->entries) {
    if (value_.report_->errors_are_full()) return;
    const std::string_view key = entry.key->text;
    if (std::ranges::find(known_, key) == known_.end() &&
        std::ranges::find(refused_, key) == refused_.end()) {
      report_unknown(*entry.key);
    }
  }
}

void Section::report_unknown(const Node& key) const {
  std::vector<std::string_view> sorted = known_;
  std::ranges::sort(sorted);
  const std::string where = value_.path_.empty() ? "" : " in " + value_.path_;
  value_.report_->error(
      value_.document_->position(key), "unknown key " + in_quotes(key.text) + where,
      did_you_mean(key.text, known_, "the keys here are " + listed(sorted, "and")));
}

std::optional<Value> Section::find(std::string_view key) {
  if (std::ranges::find(known_, key) == known_.end()) known_.push_back(key);
  const auto& entries = value_.node_->entries;
  const auto found = std::ranges::find(
      entries, key, [](const Node::Entry& entry) -> std::string_view { return entry.key->text; });
  if (found == entries.end()) return std::nullopt;
  return Value(value_, *found->value, found->key, value_.child_path(key));
}

std::optional<Value> Section::require(std::string_view key, std::string cure) {
  auto value = find(key);
  if (!value && value_.is_mapping()) {
    value_.error("the key " + in_quotes(key) + " is missing", std::move(cure));
  }
  return value;
}

void Section::not_yet(std::initializer_list<std::string_view> keys) const {
  for (const Node::Entry& entry : value_.node_->entries) {
    const auto found = std::ranges::find(keys, std::string_view(entry.key->text));
    if (found == keys.end()) continue;
    value_.report_->note(
        *found, value_.document_->position(*entry.key),
        value_.child_path(*found) + ": checked, but it does not act in this version of Tocsin");
  }
}

void Section::leave_rest() {
  for (const Node::Entry& entry : value_.node_->entries) refused_.emplace_back(entry.key->text);
}

void Section::secret(std::string_view key, std::string_view file_key) {
  for (const Node::Entry& entry : value_.node_->entries) {
    if (entry.key->text != key) continue;
    refused_.push_back(key);
    value_.report_->error(
        value_.document_->position(*entry.key),
        value_.child_path(key) + ": a secret never stands in YAML",
        "write it into a file of its own and name that with " + std::string(file_key));
  }
}

void Section::text(std::string_view key, std::string& out) {
  if (const auto value = find(key)) {
    if (auto text = value->text()) out = std::move(*text);
  }
}

void Section::boolean(std::string_view key, bool& out) {
  if (const auto value = find(key)) out = value->boolean().value_or(out);
}

void Section::size(std::string_view key, std::uint64_t& out, std::uint64_t min, std::uint64_t max) {
  if (const auto value = find(key)) out = value->size(min, max).value_or(out);
}

void Section::integer(std::string_view key, std::uint64_t& out, std::uint64_t min,
                      std::uint64_t max) {
  if (const auto value = find(key)) out = value->integer(min, max).value_or(out);
}

void Section::duration(std::string_view key, Duration& out, Duration min) {
  if (const auto value = find(key)) out = value->duration(min).value_or(out);
}

}  // namespace tocsin::config
