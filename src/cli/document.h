#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

/// JSON as people read it, and what verbs take out of it.
namespace tocsin::cli {

/// Two blanks of indentation, a line end at the end.
std::string pretty_json(const boost::json::value&);

/// YAML 1.2 in block style, a line end at the end. Strings that could be read as something else are
/// in double quotes with JSON's escapes, which YAML shares.
std::string yaml(const boost::json::value&);

/// The member as text: strings as they are, numbers and booleans spelled out; "" for null, for
/// what is missing and for objects and arrays.
std::string text_at(const boost::json::value&, std::string_view member);

/// The member, or null if there is none or `value` is no object.
const boost::json::value& member_at(const boost::json::value&, std::string_view member);

}  // namespace tocsin::cli
