// The core counts on a timeline of its own; people read the wall clock.
#include <gtest/gtest.h>

#include "tocsin/view/view.h"

namespace tocsin::view {
namespace {

Instant at(std::int64_t seconds) { return Instant(std::chrono::seconds(seconds)); }

TEST(WallClock, IncidentsAreShownByIt) {
  triage::Incident incident;
  incident.started_at = at(90);  // A sender's: by the wall clock already.
  incident.detected_at = at(1000);
  incident.acknowledged_at = at(1100);
  incident.escalation.next_at = at(1200);
  to_wall_clock(incident, std::chrono::seconds(-900));
  EXPECT_EQ(incident.started_at, at(90));
  EXPECT_EQ(incident.detected_at, at(100));
  EXPECT_EQ(incident.acknowledged_at, at(200));
  EXPECT_EQ(incident.escalation.next_at, at(300));
  EXPECT_FALSE(incident.resolved_at.has_value());
}

TEST(WallClock, NoIncidentShowsAStartAfterItsDetection) {
  triage::Incident incident;
  incident.started_at = at(1000) + Duration(1);  // Rounding of two clocks.
  incident.detected_at = at(1000);
  to_wall_clock(incident, Duration(0));
  EXPECT_EQ(incident.started_at, at(1000));
}

TEST(WallClock, WhatNeverHappenedOrNeverEndsStaysSo) {
  store::AlertRow alert;
  alert.status.received_at = at(1000);
  alert.status.starts_at = at(50);
  alert.status.lease.ends = triage::kNever;
  to_wall_clock(alert, std::chrono::seconds(-900));
  EXPECT_EQ(alert.status.received_at, at(100));
  EXPECT_EQ(alert.status.starts_at, at(50));
  EXPECT_EQ(alert.status.ended_at, Instant{});
  EXPECT_EQ(alert.status.lease.ends, triage::kNever);
}

}  // namespace
}  // namespace tocsin::view
