#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "tocsin/alert/labels.h"
#include "tocsin/base/text.h"

namespace tocsin {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

void append_utf8(std::uint32_t code, std::string& out) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

/// True for bytes that stand for themselves inside a JSON string.
bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

/// Reads a flat object of strings. Its strings go to one buffer; places are kept as offsets,
/// because the buffer may move while it grows.
class ObjectReader {
 public:
  explicit ObjectReader(std::string_view json) : rest_(json) {
    bytes_.reserve(json.size());
    places_.reserve(16);
  }

  bool read() {
    skip_blanks();
    if (!skip('{')) return false;
    skip_blanks();
    if (!skip('}')) {
      do {
        if (!read_pair()) return false;
      } while (skip(','));
      if (!skip('}')) return false;
    }
    skip_blanks();
    return rest_.empty();
  }

  std::vector<Label> pairs() const {
    std::vector<Label> out;
    out.reserve(places_.size());
    const std::string_view bytes = bytes_;
    for (const Place& p : places_) {
      out.push_back(
          {bytes.substr(p.name, p.value - p.name), bytes.substr(p.value, p.end - p.value)});
    }
    return out;
  }

 private:
  struct Place {
    std::size_t name;
    std::size_t value;
    std::size_t end;
  };

  void skip_blanks() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\n' ||
                              rest_.front() == '\t' || rest_.front() == '\r')) {
      rest_.remove_prefix(1);
    }
  }
  bool skip(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool read_pair() {
    Place place{bytes_.size(), 0, 0};
    skip_blanks();
    if (!read_string()) return false;
    skip_blanks();
    if (!skip(':')) return false;
    skip_blanks();
    place.value = bytes_.size();
    if (!read_string()) return false;
    skip_blanks();
    place.end = bytes_.size();
    places_.push_back(place);
    return true;
  }

  bool read_string() {
    if (!skip('"')) return false;
    while (true) {
      std::size_t run = 0;
      while (run < rest_.size() && is_plain(rest_[run])) ++run;
      bytes_ += rest_.substr(0, run);
      rest_.remove_prefix(run);
      if (rest_.empty()) return false;
      if (skip('"')) return true;
      if (skip('\\')) {
        if (!read_escape()) return false;
        continue;
      }
      if (static_cast<unsigned char>(rest_.front()) < 0x20) return false;
      const CodePoint point = first_code_point(rest_);
      bytes_ += point.valid ? rest_.substr(0, point.size) : kReplacement;
      rest_.remove_prefix(point.size);
    }
  }

  bool read_escape() {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    constexpr std::string_view kFrom = "\"\\/bfnrt";
    constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
    if (const std::size_t i = kFrom.find(c); i != kFrom.npos) {
      bytes_ += kTo[i];
      return true;
    }
    return c == 'u' && read_unicode_escape();
  }

  /// After `\u`. A surrogate without its other half becomes U+FFFD, as Alertmanager reads it.
  bool read_unicode_escape() {
    std::uint32_t code = 0;
    if (!read_hex4(code)) return false;
    if (code >= 0xd800 && code < 0xdc00 && rest_.starts_with("\\u")) {
      const std::string_view before = rest_;
      rest_.remove_prefix(2);
      std::uint32_t low = 0;
      if (!read_hex4(low)) return false;
      if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      } else {
        rest_ = before;  // The second escape stands for itself.
      }
    }
    if (code >= 0xd800 && code < 0xe000) {
      bytes_ += kReplacement;
    } else {
      append_utf8(code, bytes_);
    }
    return true;
  }

  bool read_hex4(std::uint32_t& out) {
    if (rest_.size() < 4) return false;
    out = 0;
    for (const char c : rest_.substr(0, 4)) {
      std::uint32_t digit = 0;
      if (c >= '0' && c <= '9') {
        digit = static_cast<std::uint32_t>(c - '0');
      } else if (c >= 'a' && c <= 'f') {
        digit = static_cast<std::uint32_t>(c - 'a' + 10);
      } else if (c >= 'A' && c <= 'F') {
        digit = static_cast<std::uint32_t>(c - 'A' + 10);
      } else {
        return false;
      }
      out = out << 4 | digit;
    }
    rest_.remove_prefix(4);
    return true;
  }

  std::string_view rest_;
  std::string bytes_;
  std::vector<Place> places_;
};

/// A register of bytes: what a storm spells for each alert is half a kilobyte of short texts.
using Bytes = unsigned char __attribute__((vector_size(16)));
using SignedBytes = signed char __attribute__((vector_size(16)));
constexpr std::size_t kBytes = sizeof(Bytes);

/// Not zero where JSON spells a byte otherwise than it is, or where UTF-8 would have to be looked
/// at: everything but printable ASCII without quotes and backslashes.
[[gnu::always_inline]] inline Bytes odd_ones(Bytes bytes) {
  // As signed numbers, what is above 0x7F is below the blank, too.
  return Bytes(SignedBytes(bytes) < 0x20) | Bytes(bytes == '"') | Bytes(bytes == '\\') |
         Bytes(bytes == 0x7F);
}

/// Spells label sets all of whose texts are plain, which nearly all are. Whether they were is asked
/// once, at the end.
class PlainSpelling {
 public:
  /// Reads nothing behind `end`, writes up to kBytes more than it says.
  PlainSpelling(char* to, const char* end) : to_(to), end_(end) {}

  void put(char c) { *to_++ = c; }

  [[gnu::always_inline]] void quote(std::string_view text) {
    const std::size_t size = text.size();
    put('"');
    if (size < kBytes) {
      Bytes bytes{};
      if (static_cast<std::size_t>(end_ - text.data()) >= kBytes) {
        std::memcpy(&bytes, text.data(), kBytes);
      } else {
        std::memcpy(&bytes, text.data(), size);
      }
      std::memcpy(to_, &bytes, kBytes);
      Bytes its_own;
      std::memcpy(&its_own, kFirst + kBytes - size, kBytes);
      odd_ |= odd_ones(bytes) & its_own;
    } else {
      // The last ones overlap those before, so that nothing is left over.
      for (std::size_t at = 0;; at = std::min(at + kBytes, size - kBytes)) {
        Bytes bytes;
        std::memcpy(&bytes, text.data() + at, kBytes);
        std::memcpy(to_ + at, &bytes, kBytes);
        odd_ |= odd_ones(bytes);
        if (at == size - kBytes) break;
      }
    }
    to_ += size;
    put('"');
  }

  const char* end() const { return to_; }
  bool was_plain() const {
    std::uint64_t halves[2];
    std::memcpy(halves, &odd_, sizeof halves);
    return (halves[0] | halves[1]) == 0;
  }

 private:
  /// From kBytes - n on, a register whose first n bytes are all ones.
  static constexpr unsigned char kFirst[2 * kBytes] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                                       0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                                       0xFF, 0xFF, 0xFF, 0xFF};
  char* to_;
  const char* end_;
  Bytes odd_{};
};

}  // namespace

void append_labels_json(LabelsView labels, std::string& out) {
  // Nearly all sets are plain: they are spelled in one go. Quotes, colon and comma take six bytes a
  // label, where the block has its two sizes.
  const std::size_t before = out.size();
  const std::string_view block = labels.block();
  bool done = false;
  out.resize_and_overwrite(before + block.size() * 2 + 2 * kBytes, [&](char* bytes, std::size_t) {
    PlainSpelling spelling(bytes + before, block.data() + block.size());
    char separator = '{';
    for (const Label label : labels) {
      spelling.put(std::exchange(separator, ','));
      spelling.quote(label.name);
      spelling.put(':');
      spelling.quote(label.value);
    }
    if (separator == '{') spelling.put('{');
    spelling.put('}');
    done = spelling.was_plain();
    return done ? static_cast<std::size_t>(spelling.end() - bytes) : before;
  });
  if (done) return;
  out += '{';
  bool first = true;
  for (const Label label : labels) {
    if (!std::exchange(first, false)) out += ',';
    append_json_string(label.name, out);
    out += ':';
    append_json_string(label.value, out);
  }
  out += '}';
}

std::string labels_to_json(LabelsView labels) {
  std::string out;
  append_labels_json(labels, out);
  return out;
}

bool labels_from_json(std::string_view json, Labels& out) {
  ObjectReader reader(json);
  if (!reader.read()) return false;
  out = Labels(reader.pairs());
  return true;
}

}  // namespace tocsin
