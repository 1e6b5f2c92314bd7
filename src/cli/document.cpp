#include "cli/document.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cctype>

#include "tocsin/base/text.h"

namespace tocsin::cli {
namespace {

namespace json = boost::json;

/// A scalar, [] or {}. Strings hold no character a terminal would obey.
std::string json_scalar(const json::value& value) {
  const auto* text = value.if_string();
  if (text == nullptr) return json::serialize(value);
  std::string out;
  append_json_string({text->data(), text->size()}, out);
  return out;
}

void append_json(const json::value& value, std::size_t indent, std::string& out) {
  const std::string margin(indent + 2, ' ');
  std::string_view separator = "\n";
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    out += '{';
    for (const auto& [key, member] : *object) {
      out.append(separator).append(margin).append(json_scalar(json::value(key))).append(": ");
      append_json(member, indent + 2, out);
      separator = ",\n";
    }
    out.append("\n").append(indent, ' ').append("}");
  } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
    out += '[';
    for (const auto& element : *array) {
      out.append(separator).append(margin);
      append_json(element, indent + 2, out);
      separator = ",\n";
    }
    out.append("\n").append(indent, ' ').append("]");
  } else {
    out += json_scalar(value);
  }
}

/// Plain scalars are letters first, then letters, digits and a few marks, and no word that YAML
/// readers take for a boolean or null. Everything else is quoted.
bool is_plain(std::string_view text) {
  static constexpr std::string_view kWords[] = {"true", "false", "null", "yes", "no", "on",
                                                "off",  "y",     "n",    "inf", "nan"};
  if (text.empty() || std::isalpha(static_cast<unsigned char>(text[0])) == 0) return false;
  const bool fits = std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.' ||
           c == '/';
  });
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return fits && std::find(std::begin(kWords), std::end(kWords), lower) == std::end(kWords);
}

std::string yaml_scalar(const json::value& value) {
  const auto* text = value.if_string();
  if (text != nullptr && is_plain(std::string_view(text->data(), text->size()))) {
    return {text->data(), text->size()};
  }
  return json_scalar(value);  // JSON's scalars, [] and {} are YAML's.
}

bool is_block(const json::value& value) {
  return (value.is_object() && !value.get_object().empty()) ||
         (value.is_array() && !value.get_array().empty());
}

void append_yaml(const json::value& value, std::size_t indent, bool first_on_line,
                 std::string& out) {
  const std::string margin(indent, ' ');
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    for (const auto& [key, member] : *object) {
      if (!first_on_line) out += margin;
      first_on_line = false;
      out += yaml_scalar(json::value(key)) + ":";
      if (is_block(member)) {
        out += '\n';
        append_yaml(member, indent + 2, false, out);
      } else {
        out += " " + yaml_scalar(member) + "\n";
      }
    }
  } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
    for (const auto& element : *array) {
      if (!first_on_line) out += margin;
      first_on_line = false;
      out += "- ";
      append_yaml(element, indent + 2, true, out);
    }
  } else {
    out += yaml_scalar(value) + "\n";
  }
}

}  // namespace

std::string pretty_json(const json::value& value) {
  std::string out;
  append_json(value, 0, out);
  return out + "\n";
}

std::string yaml(const json::value& value) {
  std::string out;
  append_yaml(value, 0, false, out);
  return out;
}

const json::value& member_at(const json::value& value, std::string_view member) {
  static const json::value kNull;
  const auto* object = value.if_object();
  if (object == nullptr) return kNull;
  const auto* found = object->if_contains(member);
  return found == nullptr ? kNull : *found;
}

std::string text_at(const json::value& value, std::string_view member) {
  const json::value& found = member_at(value, member);
  if (const auto* text = found.if_string()) return {text->data(), text->size()};
  if (found.is_null() || found.is_object() || found.is_array()) return {};
  return json::serialize(found);
}

}  // namespace tocsin::cli
