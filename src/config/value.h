#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/report.h"
#include "config/yaml.h"
#include "tocsin/base/time.h"

namespace tocsin::config {

/// True for what may stand in a URL and on a command line: at most 100 letters, digits, `_`, `.`
/// and
/// `-`, beginning with one of the first three kinds.
bool is_name(std::string_view);
inline constexpr std::string_view kNameCure =
    "use at most 100 letters, digits, \"_\", \".\" and \"-\", beginning with one of the first "
    "three "
    "kinds";

/// A node being read: it knows its path ("services.checkout.tier") and place, and tells its
/// mistakes. Every reading of a wrong value reports an error and yields nothing. A view: document
/// and report must outlive it.
class Value {
 public:
  Value(const Document&, Report&);  ///< The root. REQUIRES: document.root() != nullptr.

  const Node& node() const { return *node_; }
  const std::string& path() const { return path_; }
  bool is(Node::Kind kind) const { return node_->kind == kind; }
  /// True for what a Section takes without an error.
  bool is_mapping() const { return is(Node::Kind::mapping) || is(Node::Kind::empty); }
  Position at() const;
  Position at(std::size_t offset_in_text) const;

  /// `path: problem; cure` at this place, or at a byte of its text.
  void error(const std::string& problem, std::string cure) const;
  void error(const std::string& problem, std::string cure, std::size_t offset_in_text) const;
  void warning(const std::string& problem, std::string cure) const;
  /// That what stands here is no `what`.
  void wrong_kind(std::string_view what, std::string cure) const;

  /// Text without control characters, not empty, at most kTextMax bytes.
  static constexpr std::size_t kTextMax = 64 << 10;
  std::optional<std::string> text() const;
  /// The same, of any number of lines.
  std::optional<std::string> lines() const;
  /// A text for which is_name() holds.
  std::optional<std::string> name() const;
  std::optional<bool> boolean() const;
  std::optional<std::uint64_t> integer(std::uint64_t min, std::uint64_t max) const;
  /// Bytes: `512MiB`, `16KiB`, `1GiB`, `4096`.
  std::optional<std::uint64_t> size(std::uint64_t min, std::uint64_t max) const;
  std::optional<Duration> duration(Duration min) const;
  /// One of `words`, as its index.
  std::optional<std::size_t> choice(const std::vector<std::string_view>& words) const;
  /// The elements; empty if this is no list. An empty value is an empty list.
  std::vector<Value> list() const;
  /// The elements of a list of texts, each once, in order.
  std::vector<std::string> texts() const;
  /// The entries of a mapping from names to values; empty if this is no mapping.
  struct Named;
  std::vector<Named> named() const;

 private:
  friend class Section;
  Value(const Value& parent, const Node& node, const Node* key, std::string path)
      : document_(parent.document_),
        report_(parent.report_),
        node_(&node),
        key_(key),
        path_(std::move(path)) {}
  std::string child_path(std::string_view key) const;
  bool check_mapping() const;
  std::optional<std::string> plain() const;
  std::optional<std::string> text(bool of_lines) const;

  const Document* document_;
  Report* report_;
  const Node* node_;
  const Node* key_ = nullptr;  // Where an empty value stands.
  std::string path_;
};

/// One entry of a mapping whose keys are names that people choose.
struct Value::Named {
  std::string name;
  Position at;  ///< Of the name.
  Value value;
};

}  // namespace tocsin::config
