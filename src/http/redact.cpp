#include "http/redact.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace tocsin::http {
namespace {

constexpr char kMask = 'x';

/// A name that holds one of these, whatever its case and without `_`, `-` and blanks, is a
/// secret's.
constexpr std::array<std::string_view, 16> kSecretWords = {
    "routingkey", "servicekey",    "integrationkey", "apikey",   "accesskey", "privatekey",
    "geniekey",   "token",         "secret",         "password", "passwd",    "passphrase",
    "credential", "authorization", "cookie",         "signature"};
/// These are parts of other words ("author"): they count as words of their own only, as in
/// `db_dsn` and `userPwd`.
constexpr std::array<std::string_view, 4> kShortSecretWords = {"pwd", "auth", "jwt", "dsn"};
/// What stands before a credential and is none.
constexpr std::array<std::string_view, 3> kSchemes = {"bearer", "basic", "geniekey"};
constexpr std::array<std::string_view, 5> kSchemesOfHeaders = {"bearer", "basic", "geniekey",
                                                               "token", "digest"};
/// No name of a secret is longer.
constexpr std::size_t kNameMax = 100;

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
char lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word_char(char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z'); }
bool is_name_char(char c) { return is_word_char(c) || c == '_' || c == '-'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_quote(char c) { return c == '"' || c == '\''; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  return lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10 : -1;
}

bool is_same_word(std::string_view a, std::string_view lower_case) {
  return std::ranges::equal(a, lower_case, [](char x, char y) { return lower(x) == y; });
}

bool is_one_of(std::string_view word, const auto& words) {
  return std::ranges::any_of(words, [&](std::string_view one) { return is_same_word(word, one); });
}

/// Whether one of the short words stands in `name` from `from` on.
bool has_short_word(std::string_view name, std::size_t from) {
  std::size_t begin = from;
  for (std::size_t i = from; i <= name.size(); ++i) {
    const bool ends = i == name.size() || !is_word_char(name[i]) ||
                      (i > begin && is_upper(name[i]) && !is_upper(name[i - 1]));
    if (!ends) continue;
    if (is_one_of(name.substr(begin, i - begin), kShortSecretWords)) return true;
    begin = i < name.size() && is_word_char(name[i]) ? i : i + 1;
  }
  return false;
}

/// Whether the last word of `name`, which begins at `last`, makes it a secret's, alone or together
/// with what stands before it.
bool names_a_secret(std::string_view name, std::size_t last) {
  std::string plain;
  std::size_t plain_last = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (i == last) plain_last = plain.size();
    if (is_word_char(name[i])) plain += lower(name[i]);
  }
  return has_short_word(name, last) ||
         std::ranges::any_of(kSecretWords, [&](std::string_view word) {
           const std::size_t at = plain.rfind(word);
           return at != plain.npos && at + word.size() > plain_last;
         });
}

/// "-12.5e3", as JSON writes numbers, or with zeros in front.
bool is_number(std::string_view text) {
  const auto skip_digits = [&text] {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(digits);
    return digits > 0;
  };
  const auto skip = [&text](std::string_view one_of) {
    if (text.empty() || one_of.find(text.front()) == one_of.npos) return false;
    text.remove_prefix(1);
    return true;
  };
  skip("-");
  if (!skip_digits() || (skip(".") && !skip_digits())) return false;
  if (skip("eE")) {
    skip("+-");
    if (!skip_digits()) return false;
  }
  return text.empty();
}

/// Follows a text for as long as it can be JSON, to know which string a place stands in.
class JsonStrings {
 public:
  /// Where the string ends that holds `at`: at its closing quote, or with the text; the end of the
  /// text for all else. REQUIRES: `at` never falls, and what was masked meanwhile is no quote.
  std::size_t end_around(std::string_view text, std::size_t at) {
    while (is_json_ && next_ < at) {
      if (text[next_] == '"') {
        begin_ = next_;
        end_ = closing_quote(text, begin_ + 1);
        next_ = end_ + 1;
      } else {
        is_json_ = kOutside.find(text[next_++]) != kOutside.npos;
      }
    }
    return is_json_ && begin_ < at && at <= end_ ? std::min(end_, text.size()) : text.size();
  }

 private:
  /// What stands between the strings of JSON.
  static constexpr std::string_view kOutside = "{}[]:, \t\r\n0123456789+-.eEtrufalsn";

  static std::size_t closing_quote(std::string_view text, std::size_t at) {
    for (; at < text.size() && text[at] != '"'; ++at) {
      if (text[at] == '\\') ++at;
    }
    return at;
  }

  bool is_json_ = true;
  std::size_t next_ = 0;
  std::size_t begin_ = 0, end_ = 0;  // Quotes of the string that was met last.
};

/// Goes over the text once and asks of each name that a `:` or `=` follows whether it is a
/// secret's. It does not matter how deep in quotes, escaped or percent-encoded the name stands, so
/// that JSON in a string of JSON, forms and what is no JSON are all the same to it.
class Redaction {
 public:
  explicit Redaction(std::string_view body) : text_(body) {}

  std::string run() {
    while (at_ < text_.size()) {
      const Sign sign = sign_at(at_);
      // No encoder encodes a letter or `_`.
      if (sign.size == 1 && is_name_char(sign.c)) {
        take_word();
      } else {
        if (!is_blank(sign.c)) name_ = word_ = at_ + sign.size;
        at_ += sign.size;
        if (sign.c == '/') take_user();
      }
    }
    return std::move(text_);
  }

 private:
  /// One character of the text, which may be written as %22.
  struct Sign {
    char c = 0;
    std::size_t size = 1;
  };
  Sign sign_at(std::size_t at) const {
    if (at >= text_.size()) return {};
    if (text_[at] != '%' || at + 2 >= text_.size()) return {text_[at], 1};
    const int high = hex_digit(text_[at + 1]);
    const int low = hex_digit(text_[at + 2]);
    if (high < 0 || low < 0) return {text_[at], 1};
    return {static_cast<char>(high * 16 + low), 3};
  }

  void take_word() {
    before_ = std::exchange(word_, at_);
    while (at_ < text_.size() && is_name_char(text_[at_])) ++at_;
    if (take_scheme()) return;
    const Value value = value_after(at_);
    if (value.begin == 0 || !is_secret(at_)) return;
    mask_value(value);
    name_ = word_ = at_;
  }

  /// Whether the name that ends at `end` is a secret's: all of it if it stands in quotes, else its
  /// last two words.
  bool is_secret(std::size_t end) const {
    const char next = sign_at(end).c;
    const bool quoted = name_ > 0 && is_quote(last_sign(name_)) && (is_quote(next) || next == '\\');
    const std::size_t most = end - std::min(end, kNameMax);
    const std::size_t begin = std::max(quoted ? name_ : std::max(before_, name_), most);
    const std::size_t last = quoted ? begin : std::max(word_, begin);
    return names_a_secret(view(begin, end), last - begin);
  }

  /// The character that ends before `at`.
  char last_sign(std::size_t at) const {
    if (at >= 3 && sign_at(at - 3).size == 3) return sign_at(at - 3).c;
    return text_[at - 1];
  }

  /// Where the value of a name begins, behind `:` or `=`; 0 if none follows.
  struct Value {
    std::size_t begin = 0;
    bool is_parameter = false;  ///< `name=value`: ends at a blank.
    bool is_encoded = false;    ///< Its delimiters are percent-encoded, too.
  };
  Value value_after(std::size_t at) const {
    Sign sign = sign_at(at);
    for (; at < text_.size() && (is_blank(sign.c) || is_quote(sign.c) || sign.c == '\\');
         sign = sign_at(at)) {
      at += sign.size;
    }
    if (sign.c != ':' && sign.c != '=') return {};
    Value value{at + sign.size, sign.c == '=', sign.size == 3};
    for (sign = sign_at(value.begin); is_blank(sign.c); sign = sign_at(value.begin)) {
      value.begin += sign.size;
      value.is_parameter = false;
    }
    if (value.begin >= text_.size()) return {};
    return value;
  }

  void mask_value(const Value& value) {
    at_ = value.begin;
    const Sign first = sign_at(at_);
    if (first.c == '{' || first.c == '[') return;  // What is inside has names of its own.
    limit_ = strings_.end_around(text_, at_);
    std::size_t quote = at_;
    while (quote < text_.size() && text_[quote] == '\\') ++quote;
    if (quote >= limit_) return;  // The string ends in which the name stands.
    const Sign opening = sign_at(quote);
    if (is_quote(opening.c)) return mask_quoted(quote - at_, quote, opening);
    mask_plain(value);
  }

  void mask_quoted(std::size_t backslashes, std::size_t quote, Sign opening) {
    const std::size_t begin = quote + opening.size;
    const std::size_t end =
        std::min(limit_, opening.size == 3  ? end_of_encoded(begin, opening.c)
                         : backslashes == 0 ? end_of_string(begin, opening.c)
                                            : end_of_escaped(begin, opening.c, backslashes));
    mask(begin, end);
    at_ = end;  // The closing quote is looked at as any other sign.
  }

  std::size_t end_of_string(std::size_t at, char quote) const {
    for (; at < text_.size() && text_[at] != quote; ++at) {
      if (quote == '\'' && text_[at] == '\n') break;  // An apostrophe.
      if (text_[at] == '\\') ++at;
    }
    return std::min(at, text_.size());
  }

  /// Of a string in a string: its closing quote has as many backslashes as the opening one. An
  /// unescaped one ends the outer string, whatever the inner one is.
  std::size_t end_of_escaped(std::size_t begin, char quote, std::size_t backslashes) const {
    std::size_t run = 0;
    for (std::size_t at = begin; at < text_.size(); ++at) {
      if (text_[at] == quote && (run <= backslashes || run % 2 == 0)) return at - run;
      run = text_[at] == '\\' ? run + 1 : 0;
    }
    return text_.size();
  }

  std::size_t end_of_encoded(std::size_t at, char quote) const {
    while (at < text_.size() && text_[at] != '&' && text_[at] != '\n') {
      const Sign sign = sign_at(at);
      if (sign.c == quote) break;
      at += sign.size;
    }
    return std::min(at, text_.size());
  }

  void mask_plain(const Value& value) {
    std::size_t begin = at_;
    const std::size_t end = end_of_plain(value);
    const std::size_t blank = std::min(view(begin, end).find(' '), end - begin);
    if (begin + blank < end && is_one_of(view(begin, begin + blank), kSchemesOfHeaders)) {
      begin += blank + 1;
    }
    at_ = end;
    std::string_view plain = view(begin, end);
    while (!plain.empty() && is_blank(plain.back())) plain.remove_suffix(1);
    // These say nothing, and a number stays one: the body would read differently else.
    if (plain == "null" || plain == "true" || plain == "false") return;
    const bool stays_number = is_number(plain);
    for (std::size_t at = begin; at < begin + plain.size(); ++at) {
      // JSON knows no number that begins with more than one zero.
      if (!stays_number || is_digit(text_[at])) text_[at] = stays_number ? '1' : kMask;
    }
  }

  std::size_t end_of_plain(const Value& value) const {
    constexpr std::string_view kEnds = "&,;}]\"'\\<>\r\n";
    std::size_t at = value.begin;
    while (at < text_.size()) {
      const Sign sign = sign_at(at);
      const bool counts = sign.size == 1 || value.is_encoded;
      if (counts && (kEnds.find(sign.c) != kEnds.npos || (value.is_parameter && sign.c == ' '))) {
        break;
      }
      at += sign.size;
    }
    return std::min(at, limit_);
  }

  /// `//user:password@`, also as `\/\/`, behind its first slash.
  void take_user() {
    const std::size_t slash = sign_at(at_).c == '\\' ? at_ + 1 : at_;
    const Sign second = sign_at(slash);
    if (slash >= text_.size() || second.c != '/') return;
    const std::size_t begin = slash + second.size;
    const std::size_t stop = std::min(text_.find_first_of("/?# \\\"'<>&", begin), text_.size());
    const std::size_t user = view(begin, std::max(begin, stop)).rfind('@');
    if (user == std::string_view::npos) return;
    mask(begin, begin + user);
    at_ = begin + user;
    name_ = word_ = at_;
  }

  /// `Bearer …` without any name.
  bool take_scheme() {
    if (at_ >= text_.size() || text_[at_] != ' ' || !is_one_of(view(word_, at_), kSchemes)) {
      return false;
    }
    const std::size_t end = std::min(text_.find_first_of(" \\\"',;\r\n", at_ + 1), text_.size());
    mask(at_ + 1, end);
    at_ = end;
    name_ = word_ = at_;
    return true;
  }

  void mask(std::size_t begin, std::size_t end) {
    for (std::size_t at = begin; at < end; ++at) text_[at] = kMask;
  }
  std::string_view view(std::size_t begin, std::size_t end) const {
    return std::string_view(text_).substr(begin, end - begin);
  }

  std::string text_;
  std::size_t at_ = 0;
  // Where these begin: what may be a name of several words, its last word, the one before that.
  std::size_t name_ = 0, word_ = 0, before_ = 0;
  JsonStrings strings_;
  std::size_t limit_ = 0;  // The end of the string of JSON that the value stands in.
};

}  // namespace

std::string redacted(std::string_view body) { return Redaction(body).run(); }

}  // namespace tocsin::http
