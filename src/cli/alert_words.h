#pragma once

#include <expected>
#include <string>
#include <vector>

#include "cli/terminal.h"

namespace tocsin::cli {

/// The words of a command line that say what an alert has, as the body of one alert: `name=value`,
/// a bare one that is the alert's name, and selectors of equalities, as other programs print them:
/// `{alertname="HostDown", job="a b"}`. `annotations.NAME` is an annotation, as in matchers.
std::expected<std::string, Problem> body_of(const std::vector<std::string>& words);

}  // namespace tocsin::cli
