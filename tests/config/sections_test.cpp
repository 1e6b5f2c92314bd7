#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "config_world.h"
#include "every_section.h"
#include "tocsin/config/config.h"

namespace tocsin::config {
namespace {

constexpr const char* kServices = R"yaml(
services:
  checkout: {team: payments, depends_on: [payments-db], runbook: https://runbooks.example.net/a}
  payments-db: {runbook: https://runbooks.example.net/b}
teams: {payments: [ana, bo]}
severity:
  levels:
    SEV-1: {roles: [commander, communications, sme], update_every: 30m, review_within: 3d, major: true}
    SEV-2: {roles: [commander], update_every: 1h, review_within: 5d, major: false}
escalations:
  payments:
    steps:
      - {page: [schedule:payments-hours, channel:log], wait: 5m}
      - {page: [team:payments, user:ana, service, channel:log], severity: [SEV-1, SEV-2], during: office}
)yaml";

Diagnostics read(const std::vector<triage::PolicyFile>& files, const std::string& settings = "") {
  return compile_policy(parse_settings(settings, "tocsin.yaml", "/etc").settings, files)
      .diagnostics;
}

std::string read_one(const std::string& text) { return mistakes_in(read({{"a.yaml", text}})); }

TEST(Sections, OfTheContractAreAllReadWithoutAMistake) {
  const Diagnostics told = read({{"a.yaml", kServices}, {"b.yaml", kEverySection}});
  EXPECT_EQ(mistakes_in(told), "");
  std::size_t notes = 0;
  for (const Diagnostic& note : told) notes += note.level == Diagnostic::Level::note ? 1 : 0;
  EXPECT_EQ(notes, 16u) << text_of(told) << "one for each section and key that does not act";
}

TEST(Sections, MayStandBeforeWhatTheyNameInAnyFile) {
  EXPECT_EQ(mistakes_in(read({{"a.yaml", kEverySection}, {"b.yaml", kServices}})), "");
}

TEST(Sections, ThatDoNotActAreToldOnceInEachFile) {
  const Diagnostics told =
      read({{"a.yaml", "users: {ana: }\nroles: {}\n"},
            {"b.yaml", "users: {bo: }\n"},
            {"c.yaml", "services: {a: {depends_on: []}, b: {depends_on: []}}\n"}});
  std::string notes;
  for (const Diagnostic& note : told) {
    if (note.level == Diagnostic::Level::note) notes += format(note) + "\n";
  }
  EXPECT_EQ(
      notes,
      "a.yaml:1:1: note: users: checked, but it does not act in this version of Tocsin\n"
      "a.yaml:2:1: note: roles: checked, but it does not act in this version of Tocsin\n"
      "b.yaml:1:1: note: users: checked, but it does not act in this version of Tocsin\n"
      "c.yaml:1:16: note: services.a.depends_on: checked, but it does not act in this version "
      "of Tocsin\n");
}

TEST(Sections, ARuleThatWaitsForWhatDoesNotActTakesNoAlert) {
  const auto policy = compile_policy({}, {{"a.yaml", R"yaml(
correlation:
  - {name: upstream, topology: {hops: 2}, by: [service]}
  - {name: rack, by: [rack], open_after: {alerts: 3, within: 5m}}
severity:
  criteria:
    - {severity: SEV-1, name: wide, incident: {alerts: 5, within: 10m}, when: [service]}
    - {severity: SEV-2, name: tier, when: ['tier="0"']}
)yaml"}}).policy;
  ASSERT_NE(policy, nullptr);
  ASSERT_EQ(policy->rules.correlation.size(), 1u);
  EXPECT_EQ(policy->rules.correlation[0].name, "rack") << "it opens at the first alert";
  ASSERT_EQ(policy->rules.severity.criteria.size(), 1u);
  EXPECT_EQ(policy->rules.severity.criteria[0].name, "tier");
}

TEST(Sections, AreLookedUpOnlyWhereEveryFileIsYaml) {
  const std::string text =
      text_of(read({{"a.yaml", "teams: {payments: [ana]}\n"}, {"b.yaml", "users: {ana: [}\n"}}));
  EXPECT_EQ(text.find("nothing defines"), std::string::npos) << text;
  EXPECT_NE(text.find("b.yaml:1:"), std::string::npos) << text;
}

TEST(Sections, AnAddressOfMailIsOneAndStandsThere) {
  const std::string channels =
      "channels: [{name: mail, kind: email, smtp: \"smtps://mail.example.net\","
      " from: tocsin@example.net, to: [all@example.net]}]\n";
  const std::string text = mistakes_in(read({{"a.yaml", R"yaml(users:
  ana: {contacts: {mail: {channel: mail, to: ana@example.net}}}
  bo: {contacts: {mail: {channel: mail}}}
  cy: {contacts: {mail: {channel: mail, to: "Cy <cy@example.net>"}}}
)yaml"}},
                                            channels));
  EXPECT_EQ(text,
            "a.yaml:3:25: error: users.bo.contacts.mail: the key \"to\" is missing: the channel "
            "\"mail\" sends mail; add the address, such as to: ana@example.net\n"
            "a.yaml:4:45: error: users.cy.contacts.mail.to: \"Cy <cy@example.net>\" is no address "
            "of mail; write the address alone, in ASCII, such as ana@example.net\n");
}

TEST(Sections, CirclesAmongServicesAreToldOnceHoweverLongTheyAre) {
  std::string text = "services:\n";
  constexpr int kCount = 20'000;
  for (int i = 0; i < kCount; ++i) {
    text += "  s" + std::to_string(i) + ": {depends_on: [s" + std::to_string((i + 1) % kCount) +
            "], runbook: https://runbooks.example.net/s}\n";
  }
  const Diagnostics told = read({{"a.yaml", text}});
  const std::string mistakes = mistakes_in(told);
  EXPECT_EQ(std::ranges::count(mistakes, '\n'), 1) << mistakes.substr(0, 500);
  EXPECT_NE(mistakes.find("services that depend on each other: s0 → s1 → "), std::string::npos)
      << mistakes;
  EXPECT_LT(mistakes.size(), 500u);
}

TEST(Sections, AStepReachesWhoeverHasAContact) {
  const auto warnings_for = [](const std::string& page) {
    return read_one("escalations: {a: {steps: [{page: [" + page + "]}]}}\n" + R"yaml(
users: {ana: {contacts: {log: {channel: log}}}, bo: }
teams: {all: [bo, ana], mute: [bo], nobody: []}
schedules:
  good: {time_zone: UTC, layers: [{users: [bo]}, {users: [ana]}]}
  mute: {time_zone: UTC, layers: [{users: [bo]}]}
)yaml");
  };
  for (const char* page :
       {"user:ana", "team:all", "schedule:good", "service", "user:bo, team:all"}) {
    EXPECT_NE(warnings_for(page).find("pages nobody yet"), std::string::npos) << page;
  }
  const std::pair<const char*, const char*> mute[] = {
      {"user:bo", "reaches nobody: the user \"bo\" has no contacts;"},
      {"team:mute", "reaches nobody: nobody of the team \"mute\" has contacts;"},
      {"team:nobody", "reaches nobody: the team \"nobody\" has no members;"},
      {"schedule:mute", "reaches nobody: nobody of the schedule \"mute\" has contacts;"},
      {"team:else", "reaches nobody: the team \"else\" is defined nowhere;"},
      {"user:bo, team:nobody",
       "reaches nobody: the user \"bo\" has no contacts, the team \"nobody\" has no members;"},
  };
  for (const auto& [page, expected] : mute) {
    EXPECT_NE(warnings_for(page).find(expected), std::string::npos) << page << warnings_for(page);
  }
  EXPECT_EQ(warnings_for("user:bo, channel:log"), "");
}

TEST(Sections, AServiceWhoseEscalationPagesNobodyIsToldByWhateverWayItHasIt) {
  const std::string escalations =
      "escalations: {none: {steps: [{page: [service]}]}, some: {steps: [{page: [channel:log]}]},"
      " quiet: }\nteams: {none: [], other: []}\n";
  const auto told = [&](const std::string& service) {
    return read_one("services: {a: {runbook: https://r.example.net, " + service + "}}\n" +
                    escalations)
               .find("a.yaml:1:") != std::string::npos;
  };
  EXPECT_TRUE(told("escalation: none"));
  EXPECT_TRUE(told("escalation: quiet"));
  EXPECT_TRUE(told("escalation: {SEV-1: none, default: some}"));
  EXPECT_TRUE(told("team: none"));
  EXPECT_TRUE(told("team: none, escalation: {SEV-1: some}"));
  EXPECT_FALSE(told("escalation: some"));
  EXPECT_FALSE(told("team: none, escalation: some"));
  EXPECT_FALSE(told("team: other"));
}

}  // namespace
}  // namespace tocsin::config
