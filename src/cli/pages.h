#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <expected>
#include <string_view>

#include "cli/remote.h"
#include "cli/terminal.h"

namespace tocsin::cli {

/// A list of the API, gathered over as many requests as `limit` elements need: {"<member>": […],
/// "next": cursor|null}.
std::expected<boost::json::value, Problem> all_pages(const Remote&, std::string_view path,
                                                     std::string_view member, Remote::Query,
                                                     std::size_t limit);

/// The document as JSON or YAML. REQUIRES: the format is not table. Returns 0.
int print_document(const boost::json::value&, Format, Terminal&);

}  // namespace tocsin::cli
