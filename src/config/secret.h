#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "config/value.h"

namespace tocsin::config {

/// Reads the secret in the file that `value` names: looked up in $CREDENTIALS_DIRECTORY first when
/// that is set and the name holds no slash, else in `folder`. A file that others may read is an
/// error. Nothing the file holds is ever part of a message.
std::optional<std::string> read_secret(const Value& value, const std::string& folder);

/// The same for a file of one to `lines_max` secrets, a line each. Empty after a mistake.
std::vector<std::string> read_secret_lines(const Value& value, const std::string& folder,
                                           std::size_t lines_max);

/// The same for a secret of many lines, such as a private key.
std::optional<std::string> read_secret_block(const Value& value, const std::string& folder);

/// A file that is named as secrets are and is none: others may read it.
std::optional<std::string> read_public_block(const Value& value, const std::string& folder);

/// The same for a secret that is an http or https URL.
std::optional<std::string> read_secret_url(const Value& value, const std::string& folder);

}  // namespace tocsin::config
