#include "ingest/wording.h"

#include "ingest/json_repair.h"

namespace tocsin::ingest {

std::string_view type_name(simdjson::dom::element_type type) {
  using simdjson::dom::element_type;
  switch (type) {
    case element_type::ARRAY:
      return "an array";
    case element_type::OBJECT:
      return "an object";
    case element_type::STRING:
      return "text";
    case element_type::BOOL:
      return "true or false";
    case element_type::NULL_VALUE:
      return "null";
    case element_type::INT64:
    case element_type::UINT64:
    case element_type::DOUBLE:
      return "a number";
  }
  return "something else";
}

std::string pointer_token(std::string_view name) {
  std::string token = "/";
  for (const char c : cut_utf8(name, 100)) {
    if (c == '~') {
      token += "~0";
    } else if (c == '/') {
      token += "~1";
    } else {
      token += c;
    }
  }
  return token;
}

std::unexpected<BodyError> wrong_body(std::string_view at,
                                      std::optional<simdjson::dom::element> found,
                                      std::string_view wanted, std::string_view reason) {
  BodyError error;
  error.at = at;
  error.problem = found ? type_name(found->type()) : "nothing";
  error.problem += " where ";
  error.problem += wanted;
  error.reason = reason;
  return std::unexpected(std::move(error));
}

}  // namespace tocsin::ingest
