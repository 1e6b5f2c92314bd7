#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::config {

/// What is wrong with the text of a message, and where.
struct TemplateMistake {
  std::size_t offset = 0;  ///< Byte in the text.
  std::string problem;
  std::string cure;
};

/// Checks a text with mustache tags: `{{name}}`, `{{{name}}}`, `{{&name}}`, sections
/// `{{#name}}…{{/name}}` and `{{^name}}…{{/name}}`, comments `{{! … }}`. Every tag is closed, every
/// section ends, and every name is one that a page has: `event`, `page.…`, `incident.…`, and within
/// `{{#alerts}}` those of an alert. Source: mustache(5).
std::vector<TemplateMistake> check_message_template(std::string_view text);

}  // namespace tocsin::config
