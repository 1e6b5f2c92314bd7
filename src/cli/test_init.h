#pragma once

#include <boost/json/value.hpp>
#include <expected>
#include <string>
#include <vector>

#include "cli/remote.h"
#include "cli/terminal.h"

namespace tocsin::cli {

/// `tocsin test --init-from INC-42`: prints a file with one case, made of what happened to the
/// incident.
int init_case(const RemoteOptions&, const std::string& id, Terminal&);

/// `document` is the answer of GET /v1/incidents/{id}, `explanations` has what /v1/explain says of
/// each of its alerts, in the same order. The case passes with the rules of that time.
std::expected<std::string, Problem> case_of(const boost::json::value& document,
                                            const std::vector<boost::json::value>& explanations);

}  // namespace tocsin::cli
