#pragma once

#include <span>
#include <string_view>

#include "config/section.h"
#include "tocsin/config/test_cases.h"

namespace tocsin::config {

/// What a key of an expectation may hold.
enum class FactForm : std::uint8_t {
  text,
  severity,        // SEV-1 to SEV-4, none
  alert_state,     // firing, resolved
  incident_state,  // triggered, …
  suppression,     // drop, hold, none
  event,           // triggered, escalated, …
  incident,        // INC-1, none
  count,
  labels,  // A mapping of names to texts; "" is a label that is not there.
  reason,  // `by`: which rule decided what.
};
struct FactKey {
  std::string_view name;
  FactForm form;
};

/// The keys of one kind of expectation, besides those that every one has.
std::span<const FactKey> fact_keys(Expectation::Of);

/// Reads those that are given, in the order of the list.
void read_facts(Section&, Expectation&);

/// "INC-7" → 7.
std::optional<std::uint64_t> read_incident(const Value&);
/// A mapping of names to texts. An empty text is an error unless it says that a label is not there.
Labels read_label_set(const Value&);

}  // namespace tocsin::config
