#pragma once

#include <string>
#include <string_view>

namespace tocsin::http {

/// The body with what looks like a secret masked by `x`, digits of a number by `1`, byte for byte,
/// so that offsets stay true and JSON stays JSON: values of members and parameters with names such
/// as routing_key, api_token or password, what follows Bearer and Basic, and the user and password
/// of URLs; also in JSON in a string, in single quotes, in forms and in plain text, where rather
/// too much is masked than too little. Works on bodies that cannot be read, too; linear.
std::string redacted(std::string_view body);

}  // namespace tocsin::http
