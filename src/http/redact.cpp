#include "http/redact.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace tocsin::http {
namespace {

constexpr char kMask = 'x';

/// A name that holds one of these, whatever its case and without `_`, `-` and blanks, is a
/// secret's.
constexpr std::array<std::string_view, 16> kSecretWords = {
    "routingkey", "servicekey",    "integrationkey", "apikey",   "accesskey", "privatekey",
    "geniekey",   "token",         "secret",         "password", "passwd",    "passphrase",
    "credential", "authorization", "cookie",         "signature"};
/// No name of a secret is longer.
constexpr std::size_t kNameMax = 100;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_name_char(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '_' || c == '-';
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool names_a_secret(std::string_view name) {
  std::string plain;
  for (const char c : name.substr(0, kNameMax)) {
    if (c != '_' && c != '-' && c != ' ') plain += lower(c);
  }
  return std::ranges::any_of(kSecretWords,
                             [&](std::string_view word) { return plain.find(word) != plain.npos; });
}

class Redaction {
 public:
  explicit Redaction(std::string_view body) : text_(body) {}

  std::string run() {
    while (at_ < text_.size()) {
      if (text_[at_] == '"') {
        take_string();
      } else if (is_name_char(text_[at_])) {
        take_word();
      } else {
        ++at_;
      }
    }
    return std::move(text_);
  }

 private:
  /// Where the string that begins at `at_` ends: its closing quote, or the end of the text.
  std::size_t end_of_string(std::size_t at) const {
    for (++at; at < text_.size() && text_[at] != '"'; ++at) {
      if (text_[at] == '\\') ++at;
    }
    return std::min(at, text_.size());
  }

  void take_string() {
    const std::size_t begin = at_ + 1;
    const std::size_t end = end_of_string(at_);
    const std::size_t after = std::min(end + 1, text_.size());
    const std::size_t value = value_after(after);
    if (value != 0 && names_a_secret(view(begin, end))) {
      at_ = value;
      return mask_value();
    }
    mask_inside(begin, end);
    at_ = after;
  }

  /// `name=value` and `name: value` outside strings.
  void take_word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_name_char(text_[at_])) ++at_;
    const std::string_view word = view(begin, at_);
    const std::size_t value = value_after(at_);
    if (value == 0 || !names_a_secret(word)) return;
    at_ = value;
    mask_value();
  }

  /// Where the value of a name that ends before `at` begins; 0 if none follows.
  std::size_t value_after(std::size_t at) const {
    while (at < text_.size() && is_blank(text_[at])) ++at;
    if (at >= text_.size() || (text_[at] != ':' && text_[at] != '=')) return 0;
    ++at;
    while (at < text_.size() && is_blank(text_[at])) ++at;
    return at < text_.size() ? at : 0;
  }

  void mask_value() {
    const char first = text_[at_];
    if (first == '{' || first == '[') return;  // What is inside has names of its own.
    if (first == '"') {
      const std::size_t end = end_of_string(at_);
      mask(at_ + 1, end);
      at_ = std::min(end + 1, text_.size());
      return;
    }
    const std::size_t end = std::min(text_.find_first_of("&,;}]\"\r\n", at_), text_.size());
    // A number stays one, or the body would read differently.
    for (; at_ < end; ++at_) text_[at_] = text_[at_] >= '0' && text_[at_] <= '9' ? '0' : kMask;
  }

  /// Inside a string that is no secret as a whole: `token=…`, `Bearer …` and `//user:password@`.
  void mask_inside(std::size_t begin, std::size_t end) {
    for (std::size_t at = begin; at < end; ++at) {
      if (text_[at] == '=') mask_parameter(begin, at, end);
      if (text_[at] == '/' && view(at, end).starts_with("//")) mask_user(at + 2, end);
      if (text_[at] == ' ') mask_scheme(begin, at, end);
    }
  }

  void mask_parameter(std::size_t begin, std::size_t equals, std::size_t end) {
    std::size_t name = equals;
    while (name > begin && is_name_char(text_[name - 1])) --name;
    if (!names_a_secret(view(name, equals))) return;
    const std::size_t stop = std::min(text_.find_first_of("& \\\"<>", equals + 1), end);
    mask(equals + 1, stop);
  }

  void mask_user(std::size_t begin, std::size_t end) {
    const std::size_t stop = std::min(text_.find_first_of("/?# \\\"<>", begin), end);
    const std::size_t user = view(begin, std::max(begin, stop)).rfind('@');
    if (user != std::string_view::npos) mask(begin, begin + user);
  }

  void mask_scheme(std::size_t begin, std::size_t blank, std::size_t end) {
    for (const std::string_view scheme : {"bearer", "basic", "geniekey"}) {
      if (blank < begin + scheme.size()) continue;
      const std::size_t word = blank - scheme.size();
      if (word > begin && is_name_char(text_[word - 1])) continue;
      if (!std::ranges::equal(view(word, blank), scheme,
                              [](char a, char b) { return lower(a) == b; })) {
        continue;
      }
      mask(blank + 1, std::min(text_.find_first_of(" \\\",;", blank + 1), end));
    }
  }

  void mask(std::size_t begin, std::size_t end) {
    for (std::size_t at = begin; at < end; ++at) text_[at] = kMask;
  }
  std::string_view view(std::size_t begin, std::size_t end) const {
    return std::string_view(text_).substr(begin, end - begin);
  }

  std::string text_;
  std::size_t at_ = 0;
};

}  // namespace

std::string redacted(std::string_view body) { return Redaction(body).run(); }

}  // namespace tocsin::http
