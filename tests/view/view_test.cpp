#include "tocsin/view/view.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "view/golden.h"

namespace tocsin::view {
namespace {

namespace json = boost::json;
using triage::EndedBy;

Instant at(const char* rfc3339) { return parse_rfc3339(rfc3339).value(); }

triage::Incident wide_incident() {
  triage::Incident incident;
  incident.id = {42};
  incident.severity = Severity::sev2;
  incident.severity_criterion = "wide";
  incident.severity_at = "rules/severity.yaml:12";
  incident.title = "HighErrorRate on checkout";
  incident.service = "checkout";
  incident.team = "payments";
  incident.key_rule = "same-service";
  incident.key_labels = Labels{{"service", "checkout"}, {"cluster", "eu-1"}};
  incident.started_at = at("2026-11-23T04:15:00Z");
  incident.detected_at = at("2026-11-23T04:16:09.632Z");
  incident.triaged_at = at("2026-11-23T04:16:09.633Z");
  incident.firing = 3;
  incident.resolved = 1;
  incident.escalation.name = "payments";
  incident.escalation.step = 1;
  incident.escalation.round = 1;
  incident.escalation.next_at = at("2026-11-23T04:21:09.632Z");
  incident.runbook = "https://runbooks.example.net/checkout";
  incident.version = 7;
  return incident;
}

store::AlertRow firing_alert() {
  store::AlertRow alert;
  alert.id = {7};
  alert.fingerprint = "5c9f2b1e0a7d4433";
  alert.source = "prometheus";
  alert.labels = Labels{{"alertname", "HighErrorRate"}, {"instance", "192.0.2.7:9100"}};
  alert.annotations = Labels{{"summary", "5 % of requests fail"}};
  alert.generator_url = "http://prometheus.example.net/graph?g0.expr=up";
  alert.status.incident = {42};
  alert.status.starts_at = at("2026-11-23T04:15:00Z");
  alert.status.received_at = at("2026-11-23T04:16:09.632Z");
  alert.status.lease.ends = at("2026-11-23T04:20:09.632Z");
  return alert;
}

store::AlertRow ended_alert(EndedBy by) {
  store::AlertRow alert = firing_alert();
  alert.status.state = triage::AlertState::resolved;
  alert.status.ended_by = by;
  alert.status.ended_at = at("2026-11-23T05:00:00.500Z");
  alert.status.sender_end = at("2026-11-23T04:59:58Z");
  return alert;
}

triage::Page first_page() {
  triage::Page page;
  page.key = "INC-42/1/triggered/1/1/ops-webhook";
  page.channel = "ops-webhook";
  page.reason = "escalation payments, step 1";
  return page;
}

TEST(View, AnIncidentHasEveryFieldInTheDocumentedOrder) {
  expect_golden("view/incident.json", incident_json(wide_incident(), "http://tocsin.example.net"));
}

TEST(View, AnIncidentOfItsOwnWithNothingKnownShowsNulls) {
  triage::Incident incident;
  incident.id = {1};
  expect_golden("view/incident_bare.json", incident_json(incident, "http://127.0.0.1:9911"));
}

TEST(View, OneIncidentIsShownWithItsAlertsAndTimeline) {
  const std::vector<triage::TimelineEntry> timeline = {
      {{42}, at("2026-11-23T04:16:09.632Z"), "source:prometheus", "opened", "severity SEV-2"},
      {{42}, at("2026-11-23T04:16:09.632Z"), "", "paged", "channel ops-webhook, step 1"},
  };
  expect_golden("view/incident_in_full.json",
                incident_json(wide_incident(), {firing_alert(), ended_alert(EndedBy::lease)},
                              timeline, "http://tocsin.example.net"));
}

TEST(View, APageTellsOfTroubleInTheDocumentedShape) {
  expect_golden("view/page.json", page_json(first_page(), wide_incident(), {firing_alert()},
                                            "http://tocsin.example.net"));
}

TEST(View, ListsCarryTheCursorOrNull) {
  EXPECT_EQ(incidents_json({}, "", "http://127.0.0.1:9911"), R"({"incidents":[],"next":null})");
  EXPECT_EQ(alerts_json({}, "17"), R"({"alerts":[],"next":"17"})");
  const json::value list =
      json::parse(incidents_json({wide_incident(), wide_incident()}, "9", "u"));
  EXPECT_EQ(list.at("incidents").as_array().size(), 2U);
}

TEST(View, TheAttemptNumberCountsTheOneThatIsBeingMade) {
  triage::Page page = first_page();
  page.attempts = 4;
  page.possible_duplicate = true;
  const json::value shown = json::parse(page_json(page, wide_incident(), {}, "u")).at("page");
  EXPECT_EQ(shown.at("attempt").to_number<int>(), 5);
  EXPECT_TRUE(shown.at("possible_duplicate").as_bool());
}

TEST(View, AnEndByLeaseIsNeverCalledARecovery) {
  struct Case {
    const char* name;
    triage::Event event;
    std::vector<store::AlertRow> alerts;
    const char* expected;
  };
  const store::AlertRow resolved = ended_alert(EndedBy::resolve);
  const store::AlertRow lapsed = ended_alert(EndedBy::lease);
  const store::AlertRow closed = ended_alert(EndedBy::person);
  const Case cases[] = {
      {"trouble has no ending", triage::Event::triggered, {lapsed}, ""},
      {"all resolved", triage::Event::resolved, {resolved, resolved}, "recovered"},
      {"one lease ran out", triage::Event::resolved, {resolved, lapsed}, "no longer reported"},
      {"recovering counts as an end", triage::Event::recovering, {lapsed}, "no longer reported"},
      {"closed by a person", triage::Event::resolved, {resolved, closed}, "closed by a person"},
      {"nothing known", triage::Event::resolved, {}, ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(ending(c.event, c.alerts), c.expected);
  }
}

TEST(View, APageAboutAnEndSaysHowItEnded) {
  triage::Page page = first_page();
  page.event = triage::Event::resolved;
  const json::value body =
      json::parse(page_json(page, wide_incident(), {ended_alert(EndedBy::lease)}, "u"));
  EXPECT_EQ(body.at("page").at("ending").as_string(), "no longer reported");
  EXPECT_EQ(body.at("alerts").at(0).at("ended_by").as_string(), "lease");
}

TEST(View, WhenAnAlertEndsDependsOnHowItEnds) {
  store::AlertRow for_ever = firing_alert();
  for_ever.status.lease.ends = triage::kNever;
  store::AlertRow two_leases = firing_alert();
  two_leases.status.more_leases.push_back({1, at("2026-11-24T00:00:00Z"), {}, {}});
  store::AlertRow no_sender_time = ended_alert(EndedBy::resolve);
  no_sender_time.status.sender_end = {};
  struct Case {
    const char* name;
    store::AlertRow alert;
    const char* expected;
  };
  const Case cases[] = {
      {"its lease", firing_alert(), R"("2026-11-23T04:20:09.632Z")"},
      {"the last of several leases", two_leases, R"("2026-11-24T00:00:00.000Z")"},
      {"never", for_ever, "null"},
      {"the sender's end", ended_alert(EndedBy::resolve), R"("2026-11-23T04:59:58.000Z")"},
      {"receipt without a sender's end", no_sender_time, R"("2026-11-23T05:00:00.500Z")"},
      {"the end of its lease", ended_alert(EndedBy::lease), R"("2026-11-23T05:00:00.500Z")"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(json::serialize(json::parse(alert_json(c.alert)).at("ends_at")), c.expected);
  }
}

TEST(View, AlertsThatDoNotFitAreCounted) {
  store::AlertRow large = firing_alert();
  large.annotations = Labels{{"description", std::string(kPageBytesMax / 4, 'x')}};
  const std::vector<store::AlertRow> alerts(6, large);
  triage::Incident incident = wide_incident();
  incident.firing = 250;
  incident.resolved = 0;
  const std::string body = page_json(first_page(), incident, alerts, "u");
  EXPECT_LE(body.size(), kPageBytesMax + 64);
  const json::value page = json::parse(body);
  const std::size_t shown = page.at("alerts").as_array().size();
  EXPECT_EQ(shown, 3U);
  EXPECT_EQ(page.at("alerts_omitted").to_number<std::size_t>(), 250 - shown);
}

TEST(View, NothingIsOmittedWhenAllAlertsAreThere) {
  triage::Incident incident = wide_incident();
  incident.firing = 1;
  incident.resolved = 0;
  const json::value page = json::parse(page_json(first_page(), incident, {firing_alert()}, "u"));
  EXPECT_FALSE(page.as_object().contains("alerts_omitted"));
}

// S1: every text of an alert is hostile.
TEST(View, HostileTextStaysInsideItsString) {
  const std::string hostile = "\"},\"x\":\"</script>\x1b[2J\xff\n";
  store::AlertRow alert = firing_alert();
  alert.source = hostile;
  alert.generator_url = hostile;
  alert.identity_by = IdentityBy::sender_key;
  alert.identity_value = hostile;
  alert.labels = Labels{{hostile, hostile}};
  alert.annotations = Labels{{"summary", hostile}};
  triage::Incident incident = wide_incident();
  incident.title = hostile;
  incident.service = hostile;
  incident.key_labels = Labels{{hostile, hostile}};
  triage::Page page = first_page();
  page.reason = hostile;

  const std::string body = page_json(page, incident, {alert}, "http://127.0.0.1:9911");
  const json::value parsed = json::parse(body);
  const std::string shown = "\"},\"x\":\"</script>\x1b[2J\xEF\xBF\xBD\n";
  EXPECT_EQ(parsed.at("page").at("reason").as_string(), shown);
  EXPECT_EQ(parsed.at("incident").at("title").as_string(), shown);
  EXPECT_EQ(parsed.at("incident").at("key").at(shown).as_string(), shown);
  EXPECT_EQ(parsed.at("alerts").at(0).at("labels").at(shown).as_string(), shown);
  EXPECT_EQ(parsed.at("alerts").at(0).at("identity").at("value").as_string(), shown);
  EXPECT_EQ(parsed.as_object().size(), 5U);  // event, page, incident, alerts, alerts_omitted
  EXPECT_EQ(body.find('\x1b'), std::string::npos);
}

TEST(View, ALabelCalledRuleDoesNotHideTheCorrelationRule) {
  triage::Incident incident = wide_incident();
  incident.key_labels = Labels{{"rule", "r1"}};
  EXPECT_EQ(json::serialize(json::parse(incident_json(incident, "u")).at("key")),
            R"({"rule":"same-service","labels.rule":"r1"})");
}

TEST(View, AProblemNamesStatusTitleAndDetail) {
  EXPECT_EQ(
      problem_json(404, "Not Found", "no incident INC-9"),
      R"({"type":"about:blank","title":"Not Found","status":404,"detail":"no incident INC-9"})");
}

triage::Page page_of(triage::Event event) {
  triage::Page page;
  page.incident = {42};
  page.event = event;
  page.channel = "ops";
  return page;
}

TEST(Alertmanager, AFiringIncidentHasItsShape) {
  store::AlertRow other = firing_alert();
  other.labels = Labels{{"alertname", "HighErrorRate"}, {"instance", "192.0.2.8:9100"}};
  const std::string text = alertmanager_json(page_of(triage::Event::escalated), wide_incident(),
                                             {firing_alert(), other, ended_alert(EndedBy::lease)},
                                             "http://tocsin.example.net");
  const json::value body = json::parse(text);
  EXPECT_EQ(body.at("version").as_string(), "4");
  EXPECT_EQ(body.at("groupKey").as_string(), "INC-42");
  EXPECT_EQ(body.at("status").as_string(), "firing");
  EXPECT_EQ(body.at("receiver").as_string(), "ops");
  EXPECT_EQ(json::serialize(body.at("groupLabels")), R"({"cluster":"eu-1","service":"checkout"})");
  EXPECT_EQ(json::serialize(body.at("commonLabels")), R"({"alertname":"HighErrorRate"})");
  EXPECT_EQ(json::serialize(body.at("commonAnnotations")), R"({"summary":"5 % of requests fail"})");
  EXPECT_EQ(body.at("externalURL").as_string(), "http://tocsin.example.net");
  EXPECT_EQ(body.at("truncatedAlerts").to_number<int>(), 1) << "of four alerts three are shown";
  const json::array& alerts = body.at("alerts").as_array();
  ASSERT_EQ(alerts.size(), 3u);
  EXPECT_EQ(alerts[0].at("status").as_string(), "firing");
  EXPECT_EQ(alerts[0].at("endsAt").as_string(), "0001-01-01T00:00:00Z");
  EXPECT_EQ(alerts[0].at("startsAt").as_string(), "2026-11-23T04:15:00.000Z");
  EXPECT_EQ(alerts[0].at("fingerprint").as_string(), "5c9f2b1e0a7d4433");
  EXPECT_EQ(alerts[2].at("status").as_string(), "resolved");
  EXPECT_EQ(alerts[2].at("endsAt").as_string(), "2026-11-23T05:00:00.500Z");
}

TEST(Alertmanager, AnIncidentThatIsOverHasNothingThatFires) {
  const json::value body = json::parse(alertmanager_json(
      page_of(triage::Event::resolved), wide_incident(), {firing_alert()}, "http://x.example.net"));
  EXPECT_EQ(body.at("status").as_string(), "resolved");
  EXPECT_EQ(body.at("alerts").at(0).at("status").as_string(), "resolved");
  EXPECT_NE(body.at("alerts").at(0).at("endsAt").as_string(), "0001-01-01T00:00:00Z");
}

TEST(Alertmanager, ReceiversGetOneAlertEvenIfNoneCanBeRead) {
  const json::value body = json::parse(alertmanager_json(
      page_of(triage::Event::triggered), wide_incident(), {}, "http://tocsin.example.net"));
  ASSERT_EQ(body.at("alerts").as_array().size(), 1u);
  EXPECT_EQ(body.at("alerts").at(0).at("labels").at("alertname").as_string(),
            "HighErrorRate on checkout");
  EXPECT_EQ(body.at("truncatedAlerts").to_number<int>(), 3);
}

}  // namespace
}  // namespace tocsin::view
