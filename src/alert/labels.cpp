#include "tocsin/alert/labels.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "tocsin/base/text.h"

namespace tocsin {
namespace {

std::size_t varint_size(std::size_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

char* put_varint(char* to, std::size_t value) {
  for (; value >= 0x80; value >>= 7) *to++ = static_cast<char>(value | 0x80);
  *to++ = static_cast<char>(value);
  return to;
}

char* put_bytes(char* to, std::string_view bytes) {
  to = put_varint(to, bytes.size());
  std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

char* put_pair(char* to, const Label& label) {
  return put_bytes(put_bytes(to, label.name), label.value);
}

std::size_t encoded_size(const Label& label) {
  return varint_size(label.name.size()) + label.name.size() + varint_size(label.value.size()) +
         label.value.size();
}

/// Reads a size and as many bytes that come from outside. Only the shortest spelling of a size is
/// valid, so that equal label sets have equal blocks.
bool checked_bytes(std::string_view& rest, std::string_view& out) {
  std::size_t size = 0;
  std::size_t used = 0;
  for (unsigned shift = 0;; shift += 7) {
    if (used == rest.size() || shift > 56) return false;
    const auto byte = static_cast<unsigned char>(rest[used++]);
    size |= static_cast<std::size_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      if (byte == 0 && used > 1) return false;
      break;
    }
  }
  if (size > rest.size() - used) return false;
  out = rest.substr(used, size);
  rest.remove_prefix(used + size);
  return true;
}

/// Order by bytes. The first ones decide nearly always, without a call.
bool is_before(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.size() < b.size();
  const auto first_a = static_cast<unsigned char>(a.front());
  const auto first_b = static_cast<unsigned char>(b.front());
  return first_a != first_b ? first_a < first_b : a < b;
}

/// Stable. Senders write labels in order of names almost always, and a dozen of them: then this
/// is one comparison a label.
void insertion_sort(std::vector<Label>& pairs) {
  for (std::size_t i = 1; i < pairs.size(); ++i) {
    if (!is_before(pairs[i].name, pairs[i - 1].name)) continue;
    const Label moved = pairs[i];
    std::size_t hole = i;
    for (; hole > 0 && is_before(moved.name, pairs[hole - 1].name); --hole)
      pairs[hole] = pairs[hole - 1];
    pairs[hole] = moved;
  }
}

}  // namespace

const char* LabelsView::read_long_size(const char* at, std::size_t& size) {
  size &= 0x7f;
  for (unsigned shift = 7;; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    size |= static_cast<std::size_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return at;
  }
}

std::string_view LabelsView::get(std::string_view name) const {
  if (name.empty()) return {};
  const auto first = static_cast<unsigned char>(name.front());
  const char* at = block_.data();
  const char* const last = at + block_.size();
  while (at != last) {
    Label label;
    at = read_bytes(read_bytes(at, label.name), label.value);
    const auto first_here = static_cast<unsigned char>(label.name.front());
    if (first_here < first) continue;
    if (first_here > first) break;  // Sorted by name: it would have stood before this one.
    if (same_text(label.name, name)) return label.value;
  }
  return {};
}

std::size_t LabelsView::count() const {
  return static_cast<std::size_t>(std::distance(begin(), end()));
}

bool LabelsView::is_valid(std::string_view block) {
  std::string_view previous;
  while (!block.empty()) {
    Label label;
    if (!checked_bytes(block, label.name) || !checked_bytes(block, label.value)) return false;
    // The empty `previous` also refuses an empty name.
    if (label.name <= previous || label.value.empty()) return false;
    previous = label.name;
  }
  return true;
}

Labels::Labels(std::vector<Label> pairs) { encode_labels(pairs, block_); }

void encode_labels(std::vector<Label>& pairs, std::string& out) {
  constexpr std::size_t kFew = 32;
  if (pairs.size() <= kFew) {
    insertion_sort(pairs);
  } else {
    std::ranges::stable_sort(pairs, {}, &Label::name);
  }

  std::size_t kept = 0;
  std::size_t size = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    // The last of equal names wins even when its value is empty: then the label is gone.
    if (i + 1 < pairs.size() && same_text(pairs[i].name, pairs[i + 1].name)) continue;
    if (pairs[i].name.empty() || pairs[i].value.empty()) continue;
    size += encoded_size(pairs[i]);
    pairs[kept++] = pairs[i];
  }
  pairs.resize(kept);

  // The second argument of the callback is not used: libstdc++ 12 passes the new capacity there.
  const std::size_t before = out.size();
  out.resize_and_overwrite(before + size, [&](char* bytes, std::size_t) {
    char* to = bytes + before;
    for (const Label& label : pairs) to = put_pair(to, label);
    return before + size;
  });
}

void encode_label(Label label, std::string& out) {
  if (label.name.empty() || label.value.empty()) return;
  const std::size_t before = out.size();
  const std::size_t after = before + encoded_size(label);
  out.resize_and_overwrite(after, [&](char* bytes, std::size_t) {
    put_pair(bytes + before, label);
    return after;
  });
}

std::string fingerprint(LabelsView labels) {
  constexpr std::uint64_t kOffset = 14695981039346656037u;
  constexpr std::uint64_t kPrime = 1099511628211u;
  std::uint64_t hash = kOffset;
  const auto add = [&hash](std::string_view bytes) {
    for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * kPrime;
    hash = (hash ^ 0xff) * kPrime;
  };
  for (const Label label : labels) {
    add(label.name);
    add(label.value);
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out(16, '0');
  for (std::size_t i = 0; i < 16; ++i) out[15 - i] = kHex[hash >> (4 * i) & 15];
  return out;
}

}  // namespace tocsin
