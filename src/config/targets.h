#pragma once

#include <string>
#include <vector>

#include "config/value.h"

namespace tocsin::config {

/// False, and an error with the nearest name, if no channel is called so.
bool check_channel(const Value&, const std::string& name, const std::vector<std::string>& channels);

/// Reads tocsin.yaml's fallback, `[channel:NAME, …]`, as the channels' names, each once and in
/// order. It must reach somebody. A channel that is not among `channels`, and a target of another
/// kind, is an error.
std::vector<std::string> read_fallback_targets(const Value& list,
                                               const std::vector<std::string>& channels);

}  // namespace tocsin::config
