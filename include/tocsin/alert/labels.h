#pragma once

#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin {

struct Label {
  std::string_view name;
  std::string_view value;
  friend bool operator==(const Label&, const Label&) = default;
};

/// A label set (or annotations) as one block of bytes, read in place. The encoding is canonical:
///
///   block := pair*          sorted by name, each name once, no empty name, no empty value
///   pair  := varint(name size) name varint(value size) value       varint = LEB128
///
/// Lengths stand in front, so no two label sets share a block (R58). A view: the bytes must outlive
/// it.
class LabelsView {
 public:
  LabelsView() = default;
  /// REQUIRES: `block` is a valid encoding (see is_valid for bytes that come from outside).
  explicit LabelsView(std::string_view block) : block_(block) {}

  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Label;
    using difference_type = std::ptrdiff_t;
    iterator() = default;
    iterator(const char* at, const char* end) : at_(at), end_(end) { read(); }
    const Label& operator*() const { return label_; }
    const Label* operator->() const { return &label_; }
    iterator& operator++() {
      at_ = next_;
      read();
      return *this;
    }
    iterator operator++(int) {
      iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const iterator& a, const iterator& b) { return a.at_ == b.at_; }

   private:
    void read() {
      if (at_ != end_) next_ = read_bytes(read_bytes(at_, label_.name), label_.value);
    }
    const char* at_ = nullptr;
    const char* end_ = nullptr;
    const char* next_ = nullptr;
    Label label_;
  };
  iterator begin() const { return {block_.data(), block_.data() + block_.size()}; }
  iterator end() const {
    const char* const last = block_.data() + block_.size();
    return {last, last};
  }

  /// The value, or "" when the label is missing: the two mean the same everywhere.
  std::string_view get(std::string_view name) const;
  bool empty() const { return block_.empty(); }
  std::size_t count() const;
  std::string_view block() const { return block_; }
  friend bool operator==(LabelsView a, LabelsView b) { return a.block_ == b.block_; }

  /// True if `block` follows the grammar above, order included.
  static bool is_valid(std::string_view block);

 private:
  /// Reads a size and as many bytes. REQUIRES: `at` points into a valid block.
  static const char* read_bytes(const char* at, std::string_view& out) {
    std::size_t size = static_cast<unsigned char>(*at++);
    if (size >= 0x80) [[unlikely]]
      at = read_long_size(at, size);
    out = {at, size};
    return at + size;
  }
  /// The rest of a size that does not fit one byte. Out of line: it is rare, and the loops that
  /// read labels stay small without it.
  static const char* read_long_size(const char* at, std::size_t& size);

  std::string_view block_;
};

/// An owned label set.
class Labels {
 public:
  Labels() = default;
  explicit Labels(LabelsView view) : block_(view.block()) {}
  /// Sorts, drops empty values, and of equal names keeps the last (as JSON readers do).
  explicit Labels(std::vector<Label> pairs);
  Labels(std::initializer_list<Label> pairs) : Labels(std::vector<Label>(pairs)) {}

  operator LabelsView() const { return view(); }  // NOLINT: an owned set is readable as a view.
  LabelsView view() const { return LabelsView(block_); }
  std::string_view get(std::string_view name) const { return view().get(name); }
  const std::string& block() const { return block_; }
  friend bool operator==(const Labels&, const Labels&) = default;

 private:
  std::string block_;
};

/// Appends the encoding of `pairs` to `out`: sorts them in place by name; of equal names the last
/// wins; empty values and names are dropped. `pairs` afterwards holds what was encoded. Up to 32
/// pairs nothing is allocated except to grow `out`.
void encode_labels(std::vector<Label>& pairs, std::string& out);

/// Appends one pair, nothing if its name or value is empty; the caller keeps the order.
void encode_label(Label, std::string& out);

/// Flat JSON object of strings, `{"alertname":"X","env":"prod"}`: how rows show label sets. Always
/// valid JSON: a byte that is no UTF-8 becomes U+FFFD (decoders do that before identity is taken).
std::string labels_to_json(LabelsView);
void append_labels_json(LabelsView, std::string& out);
/// The reverse. False, and `out` as it was, if the text is not a flat object of strings.
bool labels_from_json(std::string_view json, Labels& out);

/// Alertmanager's fingerprint of a label set: FNV-1a 64 over name, 0xFF, value, 0xFF in order of
/// names, as 16 hex digits. Source: prometheus/common model/fnv.go, signature.go.
std::string fingerprint(LabelsView);

}  // namespace tocsin
