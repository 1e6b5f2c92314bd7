#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/value.h"

namespace tocsin::config {

/// A mapping with known keys. Every key that is asked for is known; when the section goes out of
/// scope, the keys that nobody asked for are reported with the nearest known one.
class Section {
 public:
  explicit Section(const Value&);
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;
  ~Section();

  /// The value of `key` if it is there.
  std::optional<Value> find(std::string_view key);
  /// The same; that it is missing is an error with `cure`.
  std::optional<Value> require(std::string_view key, std::string cure);
  /// Keys that are read and checked, but decide nothing in this version: a note says so for each
  /// that is there, once in a file.
  void not_yet(std::initializer_list<std::string_view> keys) const;
  /// Keys of secrets that must not stand in YAML, each with the key that names a file instead.
  void secret(std::string_view key, std::string_view file_key);
  /// Keys that were not asked for are no mistakes: they are not this reader's.
  void leave_rest();
  const Value& value() const { return value_; }

  // Each leaves `out` as it is when the key is missing or its value is wrong.
  void text(std::string_view key, std::string& out);
  void boolean(std::string_view key, bool& out);
  void size(std::string_view key, std::uint64_t& out, std::uint64_t min, std::uint64_t max);
  void integer(std::string_view key, std::uint64_t& out, std::uint64_t min, std::uint64_t max);
  void duration(std::string_view key, Duration& out, Duration min);

 private:
  void report_unknown(const Node& key) const;

  Value value_;
  std::vector<std::string_view> known_;
  std::vector<std::string_view> refused_;  // Reported already, or not ours.
};

}  // namespace tocsin::config
