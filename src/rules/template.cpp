#include "tocsin/rules/template.h"

#include "rules/matcher_grammar.h"
#include "tocsin/rules/matcher.h"

namespace tocsin::rules {
namespace {

constexpr std::size_t kTextMax = 16U << 10;
constexpr std::string_view kOpen = "{{";
constexpr std::string_view kClose = "}}";
constexpr std::string_view kLabels = "labels.";
constexpr std::string_view kCure = "write {{labels.NAME}} for the value of a label";

std::unexpected<TemplateError> wrong(std::size_t offset, std::string problem,
                                     std::string_view cure = kCure) {
  return std::unexpected(TemplateError{offset, std::move(problem), std::string(cure)});
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_label_name(std::string_view name) {
  if (name.empty()) return false;
  for (const char c : name) {
    if (is_blank(c) || c == '{' || c == '}' || static_cast<unsigned char>(c) < 0x20) return false;
  }
  return true;
}

/// Where a text of at most `most` bytes ends that `text` begins with, not within a character.
std::size_t cut_at(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text.size();
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
  return most;
}

}  // namespace

std::expected<Template, TemplateError> parse_template(std::string_view text) {
  if (text.size() > kTextMax) return wrong(0, "a text longer than 16 KiB", "shorten it");
  Template out;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t open = text.find(kOpen, at);
    const std::string_view plain = text.substr(at, open - at);
    if (const std::size_t stray = plain.find(kClose); stray != plain.npos) {
      return wrong(at + stray, "\"}}\" without \"{{\" before it");
    }
    if (!plain.empty()) out.parts.push_back({std::string(plain), false});
    if (open == text.npos) break;
    const std::size_t close = text.find(kClose, open);
    if (close == text.npos) return wrong(open, "\"{{\" is never closed", "add \"}}\"");
    const std::string_view inner =
        trimmed(text.substr(open + kOpen.size(), close - open - kOpen.size()));
    if (!inner.starts_with(kLabels) || !is_label_name(inner.substr(kLabels.size()))) {
      return wrong(open, "{{" + std::string(inner) + "}} refers to no label");
    }
    out.parts.push_back({std::string(inner.substr(kLabels.size())), true});
    at = close + kClose.size();
  }
  return out;
}

std::string expand(const Template& text, const Subject& subject) {
  std::string out;
  for (const Template::Part& part : text.parts) {
    const std::string_view piece =
        part.is_label ? subject.value_of(part.text) : std::string_view(part.text);
    const std::size_t room = kTextMax - out.size();
    out.append(piece.substr(0, cut_at(piece, room)));
    if (piece.size() > room) break;
  }
  return out;
}

std::string to_string(const Template& text) {
  std::string out;
  for (const Template::Part& part : text.parts) {
    out += part.is_label ? "{{labels." + part.text + "}}" : part.text;
  }
  return out;
}

}  // namespace tocsin::rules
