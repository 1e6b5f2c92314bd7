#pragma once

#include <string_view>

#include "tocsin/rules/matcher.h"

namespace tocsin::rules {

/// What the matcher looks at; "" if the subject lacks it.
std::string_view value_in(const Matcher&, const Subject&);

/// Whether one value fulfils the matcher, whatever its name.
bool holds_for(const Matcher&, std::string_view value);

}  // namespace tocsin::rules
