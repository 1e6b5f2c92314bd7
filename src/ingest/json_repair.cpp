#include "ingest/json_repair.h"

#include <cstdint>
#include <cstdio>

#include "tocsin/base/text.h"

namespace tocsin::ingest {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

unsigned byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

bool is_continuation(std::string_view text, std::size_t at) {
  return at < text.size() && (byte_at(text, at) & 0xC0U) == 0x80U;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

class Scanner {
 public:
  Scanner(std::string_view body, std::size_t depth_max, Numbers numbers)
      : in_(body), depth_max_(depth_max), numbers_(numbers) {
    out_.reserve(body.size() + 64);
  }

  std::expected<std::string, BodyError> run() {
    skip_blanks();
    if (at_ == in_.size()) return fail("the body is empty; send JSON", "empty");
    while (expect_ != Expect::nothing) {
      skip_blanks();
      if (at_ == in_.size()) return fail("the body ends in the middle of a value");
      if (!take()) return std::unexpected(std::move(error_));
    }
    return std::move(out_);
  }

 private:
  enum class Expect : std::uint8_t {
    value,
    value_or_end,
    key,
    key_or_end,
    colon,
    comma_or_end,
    nothing
  };

  std::unexpected<BodyError> fail(std::string problem, std::string_view reason = "malformed") {
    BodyError error;
    if (!open_.empty() && open_.front() == '[') error.at = "/" + std::to_string(element_);
    error.offset = at_;
    error.problem = std::move(problem);
    error.reason = reason;
    return std::unexpected(std::move(error));
  }
  bool refuse(std::string problem, std::string_view reason = "malformed") {
    error_ = fail(std::move(problem), reason).error();
    return false;
  }
  bool refuse_here(const char* wanted) {
    char found[40];
    const unsigned c = byte_at(in_, at_);
    if (c > 0x20 && c < 0x7F) {
      std::snprintf(found, sizeof found, "'%c'", static_cast<int>(c));
    } else {
      std::snprintf(found, sizeof found, "byte 0x%02x", c);
    }
    return refuse(std::string(found) + " where " + wanted + " should stand");
  }

  void skip_blanks() {
    while (at_ < in_.size() &&
           (in_[at_] == ' ' || in_[at_] == '\n' || in_[at_] == '\t' || in_[at_] == '\r')) {
      ++at_;
    }
  }
  void copy_one() { out_ += in_[at_++]; }
  void after_value() { expect_ = open_.empty() ? Expect::nothing : Expect::comma_or_end; }

  bool take() {
    const char c = in_[at_];
    switch (expect_) {
      case Expect::value_or_end:
        if (c == ']') return close();
        return take_value();
      case Expect::value:
        return take_value();
      case Expect::key_or_end:
        if (c == '}') return close();
        return take_key();
      case Expect::key:
        return take_key();
      case Expect::colon:
        if (c != ':') return refuse_here("a colon");
        copy_one();
        expect_ = Expect::value;
        return true;
      case Expect::comma_or_end:
        return take_comma_or_end();
      case Expect::nothing:
        break;
    }
    return true;
  }

  bool take_comma_or_end() {
    const char c = in_[at_];
    const bool in_array = open_.back() == '[';
    if (c == (in_array ? ']' : '}')) return close();
    if (c != ',') return refuse_here(in_array ? "a comma or ]" : "a comma or }");
    copy_one();
    if (open_.size() == 1) ++element_;
    expect_ = in_array ? Expect::value : Expect::key;
    return true;
  }

  bool take_key() {
    if (in_[at_] != '"') return refuse_here("a name in double quotes");
    expect_ = Expect::colon;
    return take_string();
  }

  bool take_value() {
    const char c = in_[at_];
    if (c == '[' || c == '{') {
      if (open_.size() >= depth_max_) {
        return refuse("nested deeper than " + std::to_string(depth_max_) + " levels", "too_deep");
      }
      open_ += c;
      copy_one();
      expect_ = c == '[' ? Expect::value_or_end : Expect::key_or_end;
      return true;
    }
    if (c == '"') {
      if (!take_string()) return false;
    } else if (c == '-' || is_digit(c)) {
      if (!take_number()) return false;
    } else if (!take_word("true") && !take_word("false") && !take_word("null")) {
      return refuse_here("a value");
    }
    after_value();
    return true;
  }

  bool close() {
    open_.pop_back();
    copy_one();
    after_value();
    return true;
  }

  bool take_word(std::string_view word) {
    if (in_.substr(at_, word.size()) != word) return false;
    out_ += word;
    at_ += word.size();
    return true;
  }

  std::size_t skip_digits() {
    const std::size_t first = at_;
    while (at_ < in_.size() && is_digit(in_[at_])) ++at_;
    return at_ - first;
  }
  bool take_number() {
    const std::size_t first = at_;
    if (in_[at_] == '-') ++at_;
    const bool leading_zero = at_ < in_.size() && in_[at_] == '0';
    const std::size_t digits = skip_digits();
    bool good = digits > 0 && !(leading_zero && digits > 1);
    if (at_ < in_.size() && in_[at_] == '.') {
      ++at_;
      good = skip_digits() > 0 && good;
    }
    if (at_ < in_.size() && (in_[at_] == 'e' || in_[at_] == 'E')) {
      ++at_;
      if (at_ < in_.size() && (in_[at_] == '+' || in_[at_] == '-')) ++at_;
      good = skip_digits() > 0 && good;
    }
    if (!good) return refuse("a number that is not written as JSON numbers are");
    if (numbers_ == Numbers::unread) {
      out_ += '0';
    } else {
      out_.append("\"").append(in_.substr(first, at_ - first)).append("\"");
    }
    return true;
  }

  bool take_string() {
    copy_one();
    while (at_ < in_.size()) {
      const unsigned c = byte_at(in_, at_);
      if (c == '"') {
        copy_one();
        return true;
      }
      if (c < 0x20) return refuse("a control character in a string; write it as \\u00XX");
      if (c == '\\') {
        if (!take_escape()) return false;
      } else if (c < 0x80) {
        copy_one();
      } else {
        take_character();
      }
    }
    return refuse("a string that never ends");
  }

  void take_character() {
    const CodePoint point = first_code_point(in_.substr(at_));
    out_ += point.valid ? in_.substr(at_, point.size) : kReplacement;
    at_ += point.size;
  }

  /// The four hex digits at `at`, or -1.
  int code_unit(std::size_t at) const {
    if (at + 4 > in_.size()) return -1;
    int unit = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
      const int digit = hex_digit(in_[i]);
      if (digit < 0) return -1;
      unit = unit * 16 + digit;
    }
    return unit;
  }
  bool take_escape() {
    const char kind = at_ + 1 < in_.size() ? in_[at_ + 1] : '\0';
    if (kind != 'u') {
      if (kind == '\0' || std::string_view("\"\\/bfnrt").find(kind) == std::string_view::npos) {
        return refuse("an escape that JSON does not know; a backslash is written as \\\\");
      }
      out_ += in_.substr(at_, 2);
      at_ += 2;
      return true;
    }
    const int first = code_unit(at_ + 2);
    if (first < 0) return refuse("\\u without four hex digits");
    const bool is_high = first >= 0xD800 && first <= 0xDBFF;
    const bool is_low = first >= 0xDC00 && first <= 0xDFFF;
    if (!is_high && !is_low) {
      out_ += in_.substr(at_, 6);
      at_ += 6;
      return true;
    }
    const bool escape_follows = is_high && in_.substr(at_ + 6, 2) == "\\u";
    const int second = escape_follows ? code_unit(at_ + 8) : -1;
    if (second >= 0xDC00 && second <= 0xDFFF) {
      out_ += in_.substr(at_, 12);
      at_ += 12;
    } else {
      out_ += kReplacement;
      at_ += 6;
    }
    return true;
  }

  std::string_view in_;
  std::size_t depth_max_;
  Numbers numbers_;
  std::size_t at_ = 0;
  std::size_t element_ = 0;  // Of the outermost array.
  std::string open_;         // '[' and '{' not closed yet.
  Expect expect_ = Expect::value;
  std::string out_;
  BodyError error_;
};

}  // namespace

std::expected<std::string, BodyError> repair_json(std::string_view body, std::size_t depth_max,
                                                  Numbers numbers) {
  return Scanner(body, depth_max, numbers).run();
}

std::string_view cut_utf8(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t size = bytes_max;
  while (size > 0 && is_continuation(text, size)) --size;
  return text.substr(0, size);
}

}  // namespace tocsin::ingest
