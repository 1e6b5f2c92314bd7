#include "config/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <istream>
#include <iterator>
#include <new>
#include <numeric>
#include <streambuf>
#include <utility>

#include "config/utf8.h"
#include "tocsin/base/check.h"

namespace tocsin::config {
namespace {

/// Ends the reading of a file after a mistake that was reported and cannot be read past.
struct Stop {};

/// Reads a text in place; std::istringstream would copy it.
class TextBuffer : public std::streambuf {
 public:
  explicit TextBuffer(std::string& text) {
    setg(text.data(), text.data(), text.data() + text.size());
  }
};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// The bytes a node begins with once an anchor (`&name`) before it is passed over. A name ends at a
/// blank or at what a flow collection is made of (YAML 1.2.2 section 6.9.2).
std::string_view after_anchor(std::string_view rest) {
  if (!rest.starts_with('&')) return rest;
  std::size_t at = std::min(rest.find_first_of(" \t\n\r,[]{}"), rest.size());
  while (at < rest.size() && is_blank(rest[at])) ++at;
  return rest.substr(at);
}

/// YAML's words for nothing are text here like every other word. yaml-cpp hides which was written.
std::string_view null_word(std::string_view rest) {
  for (const std::string_view word : {"null", "Null", "NULL", "~"}) {
    if (!rest.starts_with(word)) continue;
    const std::string_view behind = rest.substr(word.size());
    if (behind.empty() || is_blank(behind[0]) || behind[0] == ',' || behind[0] == ']' ||
        behind[0] == '}' || behind[0] == ':') {
      return word;
    }
  }
  return {};
}

/// yaml-cpp takes the end of the file for the end of a quoted text.
bool is_closed(std::string_view rest) {
  const char quote = rest[0];
  for (std::size_t at = 1; at < rest.size(); ++at) {
    if (quote == '"' && rest[at] == '\\') {
      ++at;
    } else if (rest[at] == quote) {
      // In single quotes a doubled quote stands for one.
      if (quote == '"' || at + 1 == rest.size() || rest[at + 1] != quote) return true;
      ++at;
    }
  }
  return false;
}

std::string cure_for_syntax(std::string_view problem, std::string_view line) {
  if (problem.starts_with("the referenced anchor")) {
    return "define it with & further up, or quote a value that begins with *";
  }
  if (problem.starts_with("unknown escape")) {
    return "use single quotes, in which a backslash stands for itself";
  }
  if (line.find("{{") != std::string_view::npos) return "put a value with {{ }} in quotes";
  if (line.find("=~") != std::string_view::npos || line.find("=\"") != std::string_view::npos ||
      line.find(" in (") != std::string_view::npos) {
    return "write a matcher as one text in single quotes, such as 'team=\"payments\"'";
  }
  return "check indentation, brackets and colons here and on the line before, and quote a value "
         "that holds \": \" or begins with a special character";
}

}  // namespace

/// Turns yaml-cpp's events into nodes.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(Document& document, Report& report) : document_(document), report_(report) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ < 2) return;
    report_.error(document_.position_at(offset_of(mark)), "a second document begins here",
                  "keep one document in a file: remove the line ---, or make it two files");
    throw Stop{};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node& node = make(mark, anchor, "?");
    const std::string_view word = null_word(after_anchor(rest_at(node.offset)));
    if (word.empty()) {
      // yaml-cpp's mark is that of whatever comes next; people look for the dash or colon before.
      while (node.offset > 0 && is_blank(document_.text_[node.offset - 1])) --node.offset;
      if (node.offset > 0) --node.offset;
    } else {
      node.kind = Node::Kind::text;
      node.text = word;
      maybe_empty_ = &node;
    }
    place(node);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node& node = make(mark, anchor, tag);
    node.kind = Node::Kind::text;
    node.text = value;
    const std::string_view source = after_anchor(rest_at(node.offset));
    node.is_quoted = is_quote(source) || source.starts_with('|') || source.starts_with('>');
    if (is_quote(source) && !is_closed(source)) {
      report_.error(document_.position(node), "a quoted text that never ends",
                    std::string("add the closing ") + source[0]);
      throw Stop{};
    }
    place(node);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const std::size_t offset = offset_of(mark);
    settle_empty(offset);
    const Node* target = anchor < anchors_.size() ? anchors_[anchor] : nullptr;
    const auto is_target = [target](const Frame& frame) { return frame.node == target; };
    if (target == nullptr || std::ranges::any_of(open_, is_target)) {
      report_.error(document_.position_at(offset), "an alias inside the value it stands for",
                    "write the value out");
      throw Stop{};
    }
    count(target->size, offset);
    place(*target);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(make(mark, anchor, tag), Node::Kind::list);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(make(mark, anchor, tag), Node::Kind::mapping);
  }
  void OnMapEnd() override {
    refuse_duplicates(*open_.back().node);
    close();
  }

  const Node* root() const { return root_; }

 private:
  struct Frame {
    Node* node;
    const Node* key = nullptr;  // Of a mapping: read, its value comes next.
    bool skip_value = false;    // The key was refused.
  };

  std::size_t offset_of(const YAML::Mark& mark) const {
    return std::min(static_cast<std::size_t>(std::max(mark.pos, 0)), document_.text_.size());
  }
  std::string_view rest_at(std::size_t offset) const {
    return std::string_view(document_.text_).substr(offset);
  }
  static bool is_quote(std::string_view source) {
    return source.starts_with('"') || source.starts_with('\'');
  }

  Node& make(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag) {
    const std::size_t offset = offset_of(mark);
    settle_empty(offset);
    count(1, offset);
    Node& node = document_.nodes_.emplace_back();
    node.offset = offset;
    if (anchor != 0) {
      if (anchors_.size() <= anchor) anchors_.resize(anchor + 1, nullptr);
      anchors_[anchor] = &node;
    }
    // "!" is also what yaml-cpp says of every quoted text, so there the file decides.
    const bool has_tag = (!tag.empty() && tag != "?" && tag != "!") ||
                         after_anchor(rest_at(offset)).starts_with('!');
    if (has_tag) {
      node.is_incomplete = true;
      report_.error(document_.position(node), "a YAML tag",
                    "remove the word that begins with !, or put the whole value in quotes");
    }
    return node;
  }

  /// An empty value carries the mark of whatever follows it. If that is the word `null`, the value
  /// passes for that word until the word itself turns up at the same place.
  void settle_empty(std::size_t offset) {
    if (maybe_empty_ != nullptr && maybe_empty_->offset == offset) {
      maybe_empty_->kind = Node::Kind::empty;
      maybe_empty_->text.clear();
    }
    maybe_empty_ = nullptr;
  }

  void count(std::uint64_t nodes, std::size_t offset) {
    nodes_ += nodes;
    if (nodes_ <= Document::kNodesMax) return;
    report_.error(document_.position_at(offset),
                  "more than 1,000,000 values in one file, aliases counted wherever they are used",
                  "split the file, and use fewer aliases");
    throw Stop{};
  }

  void open(Node& node, Node::Kind kind) {
    node.kind = kind;
    if (open_.size() >= Document::kDepthMax) {
      report_.error(document_.position(node),
                    "nested deeper than " + std::to_string(Document::kDepthMax) + " levels",
                    "flatten the value");
      throw Stop{};
    }
    open_.push_back({&node});
  }

  void close() {
    Node& node = *open_.back().node;
    open_.pop_back();
    for (const Node* item : node.items) {
      node.size += item->size;
      node.is_incomplete |= item->is_incomplete;
    }
    for (const Node::Entry& entry : node.entries) {
      node.size += 1 + entry.value->size;
      node.is_incomplete |= entry.key->is_incomplete || entry.value->is_incomplete;
    }
    place(node);
  }

  void place(const Node& node) {
    if (open_.empty()) {
      root_ = &node;
      return;
    }
    Frame& frame = open_.back();
    if (frame.node->kind == Node::Kind::list) {
      frame.node->items.push_back(&node);
    } else if (frame.skip_value) {
      frame.skip_value = false;
    } else if (frame.key != nullptr) {
      frame.node->entries.push_back({std::exchange(frame.key, nullptr), &node});
    } else {
      place_key(frame, node);
    }
  }

  void place_key(Frame& frame, const Node& node) {
    if (node.kind != Node::Kind::text) {
      frame.node->has_odd_key = true;
      frame.skip_value = true;
    } else if (node.text == "<<" && !is_quote(rest_at(node.offset))) {
      report_.error(document_.position(node), "a merge key <<", "write the keys out");
      frame.node->is_incomplete = true;
      frame.skip_value = true;
    } else {
      frame.key = &node;
    }
  }

  void refuse_duplicates(Node& mapping) {
    std::vector<Node::Entry>& entries = mapping.entries;
    const auto key_of = [&](std::size_t i) -> std::string_view { return entries[i].key->text; };
    std::vector<std::size_t> order(entries.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, key_of);
    std::vector<bool> again(entries.size(), false);
    std::size_t first = 0;
    for (std::size_t i = 1; i < order.size(); ++i) {
      if (key_of(order[i]) != key_of(order[first])) {
        first = i;
        continue;
      }
      again[order[i]] = true;
      const Position before = document_.position(*entries[order[first]].key);
      report_.error(document_.position(*entries[order[i]].key),
                    "duplicate key " + in_quotes(key_of(order[i])),
                    "it stands on line " + std::to_string(before.line) + " too; keep one of them");
    }
    std::size_t at = 0;
    const std::size_t before = entries.size();
    std::erase_if(entries, [&](const Node::Entry&) { return again[at++]; });
    mapping.is_incomplete |= entries.size() < before;
  }

  Document& document_;
  Report& report_;
  std::vector<Frame> open_;
  std::vector<const Node*> anchors_;  // By yaml-cpp's number of the anchor, from 1.
  Node* maybe_empty_ = nullptr;
  const Node* root_ = nullptr;
  std::uint64_t nodes_ = 0;
  int documents_ = 0;
};

Document::Document(std::string path, std::string text, Report& report)
    : path_(std::move(path)), text_(std::move(text)) {
  if (text_.starts_with("\xEF\xBB\xBF")) text_.erase(0, 3);
  line_starts_.push_back(0);
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') line_starts_.push_back(i + 1);
  }
  if (check_bytes(report)) parse(report);
}

Position Document::position(const Node& node) const { return position_at(node.offset); }

Position Document::position(const Node& node, std::size_t offset) const {
  std::string_view source = std::string_view(text_).substr(node.offset);
  const std::size_t quote = source.starts_with('"') || source.starts_with('\'') ? 1 : 0;
  const std::string_view before = std::string_view(node.text).substr(0, offset);
  // Escapes or folded lines before it make the place unknown: the node's own will do.
  if (!source.substr(quote).starts_with(before)) return position(node);
  return position_at(node.offset + quote + before.size());
}

/// Columns count characters, as editors do, except far out on a long line, where that costs time.
Position Document::position_at(std::size_t offset) const {
  constexpr std::size_t kCountedBytes = 1'000;
  const auto next = std::ranges::upper_bound(line_starts_, offset);
  const std::size_t start = *std::prev(next);
  auto column = static_cast<std::ptrdiff_t>(offset - start);
  if (offset - start <= kCountedBytes) {
    column = std::ranges::count_if(std::string_view(text_).substr(start, offset - start),
                                   [](char c) { return (c & 0xC0) != 0x80; });
  }
  return {path_, static_cast<int>(next - line_starts_.begin()), static_cast<int>(column) + 1};
}

std::string_view Document::line_at(std::size_t offset) const {
  const auto next = std::ranges::upper_bound(line_starts_, offset);
  const std::size_t start = *std::prev(next);
  const std::size_t end = next == line_starts_.end() ? text_.size() : *next;
  return std::string_view(text_).substr(start, end - start);
}

/// What must not stand anywhere in the file, so that yaml-cpp never sees it.
bool Document::check_bytes(Report& report) const {
  const std::size_t bad = first_bad_utf8(text_);
  if (bad < text_.size()) {
    report.error(position_at(bad), "this is no UTF-8", "save the file as UTF-8");
    return false;
  }
  bool good = true;
  for (const std::size_t start : line_starts_) good = check_line(start, report) && good;
  return good;
}

/// A tab in a comment harms nobody; the first mistake of a line speaks for all of them.
bool Document::check_line(std::size_t start, Report& report) const {
  bool in_comment = false;
  for (std::size_t at = start; at < text_.size() && text_[at] != '\n'; ++at) {
    const char c = text_[at];
    if (c == '#' && (at == start || text_[at - 1] == ' ')) in_comment = true;
    if (c == '\t' && !in_comment) {
      report.error(position_at(at), "a tab", "indent and separate with blanks");
      return false;
    }
    const bool ends_line = c == '\r' && at + 1 < text_.size() && text_[at + 1] == '\n';
    if ((c >= 0 && c < 0x20 && c != '\t' && !ends_line) || c == 0x7F) {
      report.error(position_at(at), "a control character", "remove it");
      return false;
    }
  }
  return true;
}

void Document::parse(Report& report) {
  TreeBuilder builder(*this, report);
  const std::size_t before = report.errors();
  try {
    TextBuffer buffer(text_);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    root_ = builder.root();
    if (root_ == nullptr) root_ = &nodes_.emplace_back();
    return;
  } catch (const Stop&) {
    return;
  } catch (const YAML::Exception& mistake) {
    const int pos = std::max(mistake.mark.pos, 0);
    const std::size_t offset = std::min(static_cast<std::size_t>(pos), text_.size());
    report.error(position_at(offset), "no valid YAML: " + mistake.msg,
                 cure_for_syntax(mistake.msg, line_at(offset)));
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& mistake) {
    report.error({path_, 0, 0}, std::string("no valid YAML: ") + mistake.what(), "");
  }
  CHECK(report.errors() > before);
}

}  // namespace tocsin::config
