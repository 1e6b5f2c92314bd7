#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "simulation/destinations.h"
#include "tocsin/triage/triage.h"

namespace tocsin::simulation {

/// What a committed batch left: the part of State that pages are judged by.
struct Snapshot {
  std::map<IncidentId, triage::Incident> incidents;
  std::map<PageId, triage::Page> pages;
  Instant at{};
};
Snapshot snapshot_of(const triage::State&, Now);

/// The ledger as the outside sees it: every page that was ever committed, what was handed out, what
/// arrived (I3, I4, I5, and that no page owed is forgotten).
class PageModel {
 public:
  explicit PageModel(const Destinations& destinations) : destinations_(destinations) {}

  /// These are about to be committed.
  void taken(const std::vector<triage::Page>&) const;
  /// `after` is durable now; `before` was the one before it, `changes` are what lay between.
  void committed(const Snapshot& before, const Snapshot& after, const triage::Changes& changes);
  /// The same at a start, where nobody can tell what lay between.
  void loaded(const Snapshot& before, const Snapshot& after);
  void handed_out(const triage::Page&, const Snapshot& committed, const triage::State& now);
  void attempted(const triage::Page&, const Attempt&);
  /// The outcome of an attempt was reported.
  void reported(PageId id) { ledger_.at(id).in_flight = false; }
  /// The outcome of an attempt is durable.
  void confirmed(PageId, triage::Outcome);
  void crashed();
  /// News of the end was owed to the channel until it was given up.
  bool gave_up(IncidentId, const std::string& channel) const;

 private:
  struct Entry {
    triage::Page page;
    bool in_flight = false;
    bool may_have_arrived = false;  ///< It did, nobody knows, or it was owed at a crash.
    bool delivered = false;         ///< Tocsin knows.
    bool excused = false;           ///< There was a moment at which nobody needed it any more.
    bool gone = false;
    bool given_up = false;
  };
  void entered(const Snapshot&);
  void vanished(const Snapshot& before, const Snapshot& after);
  void excuse_all_of(IncidentId);
  void check_excuse(Entry&, const Snapshot&);
  void left(Entry&, const Snapshot&);

  const Destinations& destinations_;
  std::map<PageId, Entry> ledger_;
  std::map<std::string, PageId> page_of_key_;
};

}  // namespace tocsin::simulation
