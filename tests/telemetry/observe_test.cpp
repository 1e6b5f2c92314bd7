#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "telemetry/stderr_pipe.h"
#include "tocsin/telemetry/telemetry.h"

namespace tocsin::telemetry {
namespace {

using triage::Outcome;
using triage::Reason;

triage::Incident incident() {
  triage::Incident out;
  out.id = {7};
  out.severity = Severity::sev2;
  out.severity_criterion = "critical";
  out.severity_at = "rules/severity.yaml:4";
  out.title = "HighErrorRate on checkout";
  out.service = "checkout";
  out.key_rule = "same-service";
  return out;
}

std::shared_ptr<const triage::Incident> shared(triage::Incident incident) {
  return std::make_shared<const triage::Incident>(std::move(incident));
}

triage::Page page() {
  triage::Page out;
  out.id = {3};
  out.incident = {7};
  out.key = "INC-7/1/triggered/1/1/ops";
  out.channel = "ops";
  out.reason = "escalation default, step 1";
  out.attempts = 2;
  return out;
}

/// What the visitor makes of changes: lines without their times, and the metrics' text.
struct Observed {
  std::string lines;
  std::string metrics;
};
Observed observe_all(const triage::Changes& changes) {
  triage::State state;
  state.sources = {"prometheus"};
  state.incidents.insert(incident());
  Metrics metrics("1.2.3");
  StderrPipe pipe;
  {
    Log log(LogFormat::text);
    observe(changes, state, metrics, log);
  }
  pipe.restore();
  Observed out;
  std::istringstream written(pipe.read_to_end());
  for (std::string line; std::getline(written, line);) {
    out.lines += line.substr(line.find(' ', line.find(' ') + 1) + 1) + '\n';
  }
  out.metrics = metrics.text();
  return out;
}

TEST(Observe, OneLineForEachChangeThatPeopleCareAbout) {
  const Instant due{Duration(1'700'000'000'000)};
  triage::Incident closed = incident();  // It has left memory.
  closed.id = {8};
  const Observed seen = observe_all({
      triage::AlertOpened{},
      triage::IncidentOpened{shared(incident()), {1}},
      triage::AlertJoined{{7}, {2}, {}, {}, true},
      triage::EscalationStepped{.incident = {7}, .name = "default", .next_at = due},
      triage::PageQueued{page()},
      triage::PageFailed{
          {3}, {7}, "ops", 1, Outcome::unknown, Reason::timeout, "no answer in time", due},
      triage::PageDelivered{page()},
      triage::SeverityRaised{{7}, Severity::sev2, Severity::sev1, "wide", "rules/s.yaml:9"},
      triage::IncidentAcknowledged{.incident = {7}, .by = "ana\n"},
      triage::IncidentUnacknowledged{{7}, triage::UnackReason::timeout, "", ""},
      triage::EscalationExhausted{.incident = {7}},
      triage::IncidentRecovering{.incident = {7}, .due = due},
      triage::IncidentRelapsed{{7}},
      triage::IncidentResolved{.incident = {7}},
      triage::IncidentReopened{.incident = {7}, .by = "bo", .escalation = "default"},
      triage::NoteAdded{.incident = {7}, .by = "bo", .text = "looking"},
      triage::IncidentClosed{shared(closed)},
      triage::PageWithdrawn{page()},
      triage::PageAbandoned{page()},
      triage::PolicyReplaced{.rules_hash = 255},
      triage::ClockStepNoted{Duration(5)},
  });
  EXPECT_EQ(
      seen.lines,
      "info  incident.triggered incident=INC-7 severity=SEV-2 criterion=critical "
      "at=rules/severity.yaml:4 service=checkout correlation=same-service "
      "title=\"HighErrorRate on checkout\"\n"
      "info  escalation.stepped incident=INC-7 escalation=default step=1 round=1 "
      "next_at=2023-11-14T22:13:20.000Z title=\"HighErrorRate on checkout\"\n"
      "info  page.queued page=3 incident=INC-7 channel=ops about=incident.triggered "
      "reason=\"escalation default, step 1\" key=INC-7/1/triggered/1/1/ops\n"
      "warn  page.failed incident=INC-7 page=3 channel=ops attempt=1 outcome=unknown "
      "reason=timeout detail=\"no answer in time\" next_attempt=2023-11-14T22:13:20.000Z "
      "title=\"HighErrorRate on checkout\"\n"
      "info  page.delivered page=3 incident=INC-7 channel=ops about=incident.triggered "
      "attempts=2\n"
      "info  incident.severity_raised incident=INC-7 from=SEV-2 to=SEV-1 criterion=wide "
      "at=rules/s.yaml:9 title=\"HighErrorRate on checkout\"\n"
      "info  incident.acknowledged incident=INC-7 by=\"ana\\n\" "
      "title=\"HighErrorRate on checkout\"\n"
      "info  incident.unacknowledged incident=INC-7 reason=ack_timeout "
      "title=\"HighErrorRate on checkout\"\n"
      "warn  escalation.exhausted incident=INC-7 title=\"HighErrorRate on checkout\"\n"
      "info  incident.recovering incident=INC-7 until=2023-11-14T22:13:20.000Z "
      "title=\"HighErrorRate on checkout\"\n"
      "info  incident.relapsed incident=INC-7 title=\"HighErrorRate on checkout\"\n"
      "info  incident.resolved incident=INC-7 title=\"HighErrorRate on checkout\"\n"
      "info  incident.reopened incident=INC-7 by=bo escalation=default "
      "title=\"HighErrorRate on checkout\"\n"
      "info  incident.noted incident=INC-7 by=bo title=\"HighErrorRate on checkout\"\n"
      "info  incident.closed incident=INC-8 severity=SEV-2 title=\"HighErrorRate on checkout\"\n"
      "info  page.withdrawn page=3 incident=INC-7 channel=ops about=incident.triggered\n"
      "error page.abandoned page=3 incident=INC-7 channel=ops about=incident.triggered\n"
      "info  policy.replaced rules=00000000000000ff\n");
}

TEST(Observe, CountsEachChangeOnce) {
  const Observed seen = observe_all({
      triage::IncidentOpened{shared(incident()), {1}},
      triage::IncidentOpened{shared(incident()), {2}},
      triage::AlertEnded{.id = {1}, .by = triage::EndedBy::lease},
      triage::PageQueued{page()},
      triage::PageFailed{{3}, {7}, "ops", 1, Outcome::refused, Reason::http_5xx, "", {}},
      triage::PageFailed{{3}, {7}, "ops", 2, Outcome::refused, Reason::timeout, "", {}},
      triage::PageDelivered{page()},
      triage::PageAbandoned{page()},
      triage::EscalationExhausted{.incident = {7}},
  });
  const char* const expected[] = {
      R"(tocsin_incidents_opened_total{severity="SEV-2"} 2)",
      R"(tocsin_incidents_opened_total{severity="SEV-1"} 0)",
      R"(tocsin_incident_events_total{event="opened"} 2)",
      R"(tocsin_alert_ends_total{by="lease"} 1)",
      R"(tocsin_pages_queued_total{channel="ops"} 1)",
      R"(tocsin_pages_total{channel="ops",reason="5xx",result="refused"} 1)",
      R"(tocsin_pages_total{channel="ops",reason="timeout",result="refused"} 1)",
      R"(tocsin_pages_total{channel="ops",reason="none",result="delivered"} 1)",
      R"(tocsin_pages_total{channel="ops",reason="none",result="abandoned"} 1)",
      R"(tocsin_escalations_exhausted_total 1)",
      R"(alertmanager_notifications_total{integration="webhook"} 3)",
      R"(alertmanager_notifications_failed_total{integration="webhook",reason="serverError"} 1)",
      R"(alertmanager_notifications_failed_total{integration="webhook",reason="contextDeadlineExceeded"} 1)",
  };
  for (const char* line : expected) {
    EXPECT_NE(seen.metrics.find(std::string("\n") + line + "\n"), std::string::npos) << line;
  }
}

TEST(Observe, AStormIsNotALinePerIncident) {
  const Observed seen =
      observe_all(triage::Changes(5000, triage::IncidentOpened{shared(incident()), {1}}));
  const auto lines = static_cast<std::size_t>(std::ranges::count(seen.lines, '\n'));
  EXPECT_LE(lines, 3 * Log::kLinesPerSecond);
  EXPECT_NE(seen.metrics.find(R"(tocsin_incidents_opened_total{severity="SEV-2"} 5000)"),
            std::string::npos);
}

}  // namespace
}  // namespace tocsin::telemetry
