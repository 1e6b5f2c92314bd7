#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tocsin/triage/state.h"

namespace tocsin::triage {

/// Rebuilds a State from rows. Feed in this order: sources, incidents, alerts (ascending id),
/// pages, counters, then finish(). Derived indexes and deadlines are made here, not stored.
class Restoration {
 public:
  Restoration();
  ~Restoration();
  void sources(std::vector<std::string> names);
  /// About so many alerts will come: nothing is to be grown on the way.
  void expect_alerts(std::size_t count);
  void incident(Incident);  ///< Those that are not closed.
  void alert(AlertId, const Key&, LabelsView, AlertStatus,
             std::uint64_t display_hash);  ///< Not forgotten.
  bool knows(const Key&) const;            ///< Whether alert() was called with it.
  /// Of an alert that is held, after alert().
  void held_annotations(AlertId, Labels);
  /// The incident's row does not count this alert yet, which fired when it joined it and fires.
  void count(AlertId, IncidentId);
  void page(Page);  ///< Those still owed.
  void past_answer(const Key&, const PastAnswer&);
  void counters(const Counters&, std::uint64_t rules_hash, const Sweep&);
  std::unique_ptr<State> finish();

 private:
  std::unique_ptr<State> state_;
};

}  // namespace tocsin::triage
