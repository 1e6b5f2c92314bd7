#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::rules {

struct Subject;

/// A text with references to labels: `disk of {{labels.instance}}`.
struct Template {
  struct Part {
    std::string text;        ///< As it stands, or the label's name.
    bool is_label = false;
  };
  std::vector<Part> parts;
  bool is_fixed() const { return parts.empty() || (parts.size() == 1 && !parts[0].is_label); }
};

struct TemplateError {
  std::size_t offset = 0;  ///< Byte in the text.
  std::string problem;
  std::string cure;
};

/// Reads a text of at most 16 KiB. Blanks inside the braces do not matter. What the braces refer to
/// is `labels.NAME`; a NAME may hold anything but blanks and braces.
std::expected<Template, TemplateError> parse_template(std::string_view text);

/// With the values of the labels; a missing one is "". At most 16 KiB: longer texts are cut between
/// characters.
std::string expand(const Template&, const Subject&);

/// The spelling that parses to the same template.
std::string to_string(const Template&);

}  // namespace tocsin::rules
