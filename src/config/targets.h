#pragma once

#include <string>
#include <vector>

#include "config/value.h"

namespace tocsin::config {

/// Reads a list of targets, `[channel:NAME, …]`, as the channels' names, each once and in order.
/// A channel that is not among `channels`, and a target of another kind, is an error.
std::vector<std::string> read_targets(const Value& list, const std::vector<std::string>& channels);

/// The same for a fallback, which must reach somebody.
std::vector<std::string> read_fallback_targets(const Value& list,
                                               const std::vector<std::string>& channels);

}  // namespace tocsin::config
