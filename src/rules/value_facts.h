#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rules/proof.h"

namespace tocsin::rules {

/// The only values that fulfil the literal, if they are few and can be written down.
std::optional<std::vector<std::string>> only_values(Literal);

/// False if no number, and no other value, lies within what the literals allow.
bool numbers_agree(std::span<const Literal>);

/// True if one of the patterns must match where another must not, or nothing matches both.
bool patterns_disagree(std::span<const Literal>);

/// True if whatever they allow has a line end or is no UTF-8: a pattern like `.*` must not match.
bool refuse_lines(std::span<const Literal>);

/// A value that fulfils them all, if an obvious one does. What only RE2 can judge is passed over:
/// then it is some value that is there.
std::optional<std::string> value_for(std::span<const Literal>);

}  // namespace tocsin::rules
