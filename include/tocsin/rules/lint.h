#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tocsin/rules/matcher.h"

/// What can be known of predicates without an alert. All of it is sound and none complete: what is
/// claimed is true of every subject, and where a proof would take too long nothing is claimed.
namespace tocsin::rules {

/// Which values an alert may have: any, or those that `.*` matches, UTF-8 without a line end.
enum class Values : std::uint8_t { any, on_one_line };

/// False if no subject of such values fulfils it.
bool can_hold(const Predicate&, Values = Values::any);

/// False if no subject fulfils both.
bool can_hold_together(const Predicate&, const Predicate&);

/// True if every subject fulfils it.
bool always_holds(const Predicate&);

/// True if every subject that fulfils `narrow` fulfils `wide`.
bool implies(const Predicate& narrow, const Predicate& wide);

/// False if every alert must be tested against it: it holds for alerts that have nothing of what it
/// names. Such rules are what many rules cost.
bool has_witness(const Predicate&);

/// What whoever holds decides, as bits. Asked for predicates by their number, before any proof:
/// both are asked millions of times.
class Decisions {
 public:
  virtual ~Decisions() = default;
  /// What is decided where the predicate holds; 0: it is not asked about.
  virtual std::uint64_t of(std::uint32_t predicate) = 0;
  /// What of it is decided already where an earlier one holds, too.
  virtual std::uint64_t taken(std::uint32_t earlier, std::uint32_t later) = 0;
};

/// For each predicate those before it that it implies and that together decide all it decides: it
/// has nothing left to say. None if there are no such, or if that is not certain. A second or two
/// for 100,000 predicates.
std::vector<std::vector<std::uint32_t>> hidden_by(std::span<const Predicate* const>, Decisions&);

}  // namespace tocsin::rules
