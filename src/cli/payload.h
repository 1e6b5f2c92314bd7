#pragma once

#include <cstddef>
#include <expected>
#include <string>

#include "cli/terminal.h"
#include "tocsin/config/config.h"
#include "tocsin/ingest/ingest.h"

/// Alerts from standard input, read as the daemon would read them by the files on disk.
namespace tocsin::cli {

struct Payload {
  Arena arena;  ///< Holds what `decoded` points at.
  ingest::Decoded decoded;
};

/// What stands on standard input, at most `bytes_max`.
std::expected<std::string, Problem> read_payload(const Terminal&, std::uint64_t bytes_max);

/// The kind of source of this name, or which there are.
std::expected<ingest::Kind, Problem> kind_of_source(const triage::Policy&,
                                                    const std::string& source);

std::expected<Payload, Problem> decode_payload(const config::Settings&, const triage::Policy&,
                                               ingest::Kind, const std::string& source,
                                               const std::string& body);

/// All alerts of it that are refused; the first ones are described.
std::size_t refused_in(const ingest::Decoded&);

}  // namespace tocsin::cli
