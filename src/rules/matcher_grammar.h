#pragma once

#include <string_view>

/// Which characters need no quotes. The parser reads and the writer writes by the same lists.
namespace tocsin::rules {

constexpr std::string_view kAnnotationPrefix = "annotations.";
constexpr std::string_view kMetaPrefix = "meta.";
constexpr std::string_view kSourceName = "meta.source";

constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// May stand in a name without quotes: what label names and most dotted or UTF-8 names hold, and
/// no character that somebody would write as an operator.
constexpr bool is_bare_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == ':' || c == '.' || c == '-' || c == '/' || c == '@' ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// May stand in a value without quotes; the characters that end one are left out, so that a list
/// taken for one matcher is a mistake and not a strange value.
constexpr bool is_bare_value_char(char c) {
  return !is_blank(c) && c != ',' && c != '{' && c != '}' && c != '"';
}

/// A value that begins like an operator is a mistyped operator.
constexpr bool is_operator_char(char c) {
  return c == '=' || c == '!' || c == '~' || c == '<' || c == '>';
}

}  // namespace tocsin::rules
