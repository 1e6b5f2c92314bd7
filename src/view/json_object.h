#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>

#include "tocsin/alert/labels.h"
#include "tocsin/base/text.h"
#include "tocsin/base/time.h"
#include "tocsin/triage/state.h"

namespace tocsin::view {

/// Appends one JSON object to a text, member by member in the order of the calls. Written by hand
/// because a list of 1,000 alerts is built per request and needs no tree in between.
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;

  /// The member's name; its value is whatever is appended to the text next. `name` is hostile, too.
  std::string& name(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    append_json_string(name, out_);
    out_ += ':';
    return out_;
  }
  void text(std::string_view key, std::string_view value) { append_json_string(value, name(key)); }
  void text_or_null(std::string_view key, std::string_view value) {
    value.empty() ? null(key) : text(key, value);
  }
  void null(std::string_view key) { name(key) += "null"; }
  void boolean(std::string_view key, bool value) { name(key) += value ? "true" : "false"; }
  void number(std::string_view key, std::unsigned_integral auto value) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    name(key).append(digits, end);
  }
  /// The epoch (never happened) and kNever show as null.
  void time(std::string_view key, Instant at) {
    if (at == Instant{} || at == triage::kNever) return null(key);
    text(key, format_rfc3339(at));
  }
  void time(std::string_view key, std::optional<Instant> at) { time(key, at.value_or(Instant{})); }
  void labels(std::string_view key, LabelsView labels) {
    JsonObject object(name(key));
    for (const Label label : labels) object.text(label.name, label.value);
    object.close();
  }
  void close() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

/// Appends `[a,b,…]`; `append_one(item)` appends an item.
template <class Items, class AppendOne>
void append_array(const Items& items, std::string& out, AppendOne append_one) {
  out += '[';
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += ',';
    first = false;
    append_one(item);
  }
  out += ']';
}

}  // namespace tocsin::view
