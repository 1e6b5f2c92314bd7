#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tocsin/rules/matcher.h"

/// What can be known of predicates without an alert. All of it is sound and none complete: what is
/// claimed is true of every subject, and where a proof would take too long nothing is claimed.
namespace tocsin::rules {

/// False if no subject fulfils it.
bool can_hold(const Predicate&);

/// True if every subject fulfils it.
bool always_holds(const Predicate&);

/// True if every subject that fulfils `narrow` fulfils `wide`.
bool implies(const Predicate& narrow, const Predicate& wide);

/// False if every alert must be tested against it: it holds for alerts that have nothing of what it
/// names. Such rules are what many rules cost.
bool has_witness(const Predicate&);

/// For each predicate the first one before it that it implies: where that one decides, this one has
/// nothing left to say. A second or two for 100,000 predicates.
std::vector<std::optional<std::uint32_t>> hidden_by(std::span<const Predicate* const>);

}  // namespace tocsin::rules
