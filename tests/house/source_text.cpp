#include "house/source_text.h"

#include <algorithm>
#include <cctype>

namespace tocsin::house {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// Blanks everything from `begin` to `end` except line ends.
void blank(std::string& text, std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < std::min(end, text.size()); ++i) {
    if (text[i] != '\n') text[i] = ' ';
  }
}

/// One past the literal that begins at `at` with a quote.
std::size_t end_of_literal(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == quote || text[i] == '\n') {
      return i + 1;
    }
  }
  return text.size();
}

std::size_t end_of_raw_literal(std::string_view text, std::size_t quote) {
  const std::size_t open = text.find('(', quote);
  if (open == std::string_view::npos) return text.size();
  const std::string close = ")" + std::string(text.substr(quote + 1, open - quote - 1)) + "\"";
  const std::size_t end = text.find(close, open);
  return end == std::string_view::npos ? text.size() : end + close.size();
}

std::string code_of(std::string_view text) {
  std::string code(text);
  std::size_t i = 0;
  while (i < text.size()) {
    std::size_t end = i + 1;
    if (text.substr(i, 2) == "//") {
      end = std::min(text.find('\n', i), text.size());
      blank(code, i, end);
    } else if (text.substr(i, 2) == "/*") {
      const std::size_t close = text.find("*/", i + 2);
      end = close == std::string_view::npos ? text.size() : close + 2;
      blank(code, i, end);
    } else if (text[i] == '"' && i > 0 && text[i - 1] == 'R') {
      end = end_of_raw_literal(text, i);
      blank(code, i + 1, end - 1);
    } else if (text[i] == '"' || (text[i] == '\'' && (i == 0 || !is_word(text[i - 1])))) {
      end = end_of_literal(text, i);
      blank(code, i + 1, end - 1);
    }
    i = end;
  }
  return code;
}

/// Includes stand in the text, not in the code: there the quoted names are blank.
void read_include(std::string_view line, int number, std::vector<Include>& out) {
  std::size_t at = line.find_first_not_of(" \t");
  if (at == std::string_view::npos || line[at] != '#') return;
  at = line.find_first_not_of(" \t", at + 1);
  constexpr std::string_view kWord = "include";
  if (at == std::string_view::npos || line.substr(at, kWord.size()) != kWord) return;
  const std::size_t open = line.find_first_of("<\"", at + kWord.size());
  if (open == std::string_view::npos) return;
  const bool angled = line[open] == '<';
  const std::size_t close = line.find(angled ? '>' : '"', open + 1);
  if (close == std::string_view::npos) return;
  out.push_back({std::string(line.substr(open + 1, close - open - 1)), angled, number});
}

std::string word_at(std::string_view text, std::size_t& at) {
  while (at < text.size() && !is_word(text[at])) {
    if (text[at] == ';' || text[at] == '{') return {};
    ++at;
  }
  const std::size_t begin = at;
  while (at < text.size() && is_word(text[at])) ++at;
  return std::string(text.substr(begin, at - begin));
}

void read_types(std::string_view code, std::vector<TypeName>& out) {
  int line = 1;
  std::size_t at = 0;
  while (at < code.size()) {
    if (code[at] == '\n') ++line;
    if (!is_word(code[at]) || (at > 0 && is_word(code[at - 1]))) {
      ++at;
      continue;
    }
    const std::string word = word_at(code, at);
    const bool names_type = word == "class" || word == "struct" || word == "union" ||
                            word == "enum" || word == "concept" || word == "using";
    if (!names_type) continue;
    std::size_t ahead = at;
    std::string name = word_at(code, ahead);
    if (name == "class" || name == "struct") {  // enum class
      at = ahead;
      name = word_at(code, ahead);
    }
    if (!name.empty() && name != "namespace") out.push_back({name, line});
  }
}

}  // namespace

SourceText read_source(std::string path, std::string_view text) {
  SourceText source;
  source.path = std::move(path);
  source.code = code_of(text);
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    ++source.lines;
    // Only where code begins with '#': an include inside a comment or a literal is none.
    const auto code_line = std::string_view(source.code).substr(begin, end - begin);
    if (code_line.find('#') != std::string_view::npos) {
      read_include(text.substr(begin, end - begin), source.lines, source.includes);
    }
    begin = end + 1;
  }
  read_types(source.code, source.types);
  return source;
}

std::vector<int> lines_with(const SourceText& source, std::string_view token) {
  std::vector<int> lines;
  int line = 1;
  std::size_t counted = 0;
  for (std::size_t at = source.code.find(token); at != std::string::npos;
       at = source.code.find(token, at + 1)) {
    const std::size_t end = at + token.size();
    const bool goes_on_before = is_word(token.front()) && at > 0 && is_word(source.code[at - 1]);
    const bool goes_on_after =
        is_word(token.back()) && end < source.code.size() && is_word(source.code[end]);
    if (goes_on_before || goes_on_after) continue;
    line +=
        static_cast<int>(std::count(source.code.begin() + static_cast<std::ptrdiff_t>(counted),
                                    source.code.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
    counted = at;
    if (lines.empty() || lines.back() != line) lines.push_back(line);
  }
  return lines;
}

}  // namespace tocsin::house
