#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "config/report.h"
#include "tocsin/base/diagnostic.h"

namespace tocsin::config {

/// One node of a YAML file. Aliases are resolved: a node may have several parents, so a walk may
/// meet it more than once, but never more than kNodesMax nodes in all.
struct Node {
  enum class Kind : std::uint8_t { empty, text, list, mapping };
  struct Entry {
    const Node* key;  ///< Of kind text.
    const Node* value;
  };
  Kind kind = Kind::empty;
  /// A mapping with a key that is no text, such as `{{labels.x}}` without quotes around it.
  bool has_odd_key = false;
  bool is_quoted = false;      ///< Text in quotes or in a block: people meant text.
  bool is_incomplete = false;  ///< Something in it was refused, and its mistake reported.
  std::size_t offset = 0;      ///< Where it begins, in the file's bytes.
  std::uint64_t size = 1;      ///< Nodes in the tree below and including it, aliases expanded.
  std::string text;
  std::vector<const Node*> items;  ///< Of a list.
  std::vector<Entry> entries;      ///< Of a mapping, each key once.
};

/// A YAML file as nodes of text, lists and mappings, nothing else: no types are guessed. The only
/// place that knows yaml-cpp, and so the only one that knows YAML's other ideas and refuses them.
class Document {
 public:
  static constexpr std::uint64_t kNodesMax = 1'000'000;
  static constexpr std::size_t kDepthMax = 64;

  /// Reads `text`. Refused, each with its cure: what is no UTF-8, control characters, tabs, tags,
  /// duplicate keys, merge keys, a second document, too many or too deep nodes, broken YAML.
  Document(std::string path, std::string text, Report&);
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  /// Null if the file cannot be read at all; an empty file has an empty root.
  const Node* root() const { return root_; }
  Position position(const Node&) const;
  /// Of byte `offset` of a node's text, exact where the text stands in the file as it is.
  Position position(const Node&, std::size_t offset) const;

 private:
  friend class TreeBuilder;
  bool check_bytes(Report&) const;
  bool check_line(std::size_t start, Report&) const;
  void parse(Report&);
  Position position_at(std::size_t offset) const;
  std::string_view line_at(std::size_t offset) const;

  std::string path_;
  std::string text_;
  std::vector<std::size_t> line_starts_;
  std::deque<Node> nodes_;  // Addresses stay put.
  const Node* root_ = nullptr;
};

}  // namespace tocsin::config
