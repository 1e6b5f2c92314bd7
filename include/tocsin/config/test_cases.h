#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tocsin/alert/labels.h"
#include "tocsin/base/diagnostic.h"
#include "tocsin/base/time.h"
#include "tocsin/triage/step.h"

/// Cases for `tocsin test`: what happens at which time, and what is expected then. Times count from
/// the beginning of a case.
namespace tocsin::config {

/// A source reports that an alert fires, and repeats it until it clears or lapses.
struct FireAlert {
  Labels labels;
  Labels annotations;
  std::string source;  ///< "" = the first of kind alertmanager-api.
  Position source_at;
  std::string key;  ///< The sender's own; "" = its labels are its identity.
};
/// The firing alert with these labels ends: it clears, or its sender falls silent. Where none has
/// exactly these, all that have them are meant.
struct EndAlerts {
  Labels labels;
  bool lapse = false;
};
/// Somebody acts on an incident.
struct ActOnIncident {
  enum class Verb : std::uint8_t { ack, unack, resolve, reopen, note };
  Verb verb = Verb::ack;
  std::uint64_t incident = 0;
  std::string by = "somebody";
  std::string text;  ///< A note.
};
/// What a channel's destination answers from now on.
struct SetOutcome {
  std::string channel;
  Position channel_at;
  triage::Outcome outcome = triage::Outcome::delivered;
};
struct TestStep {
  Duration when{};
  Position at;
  std::variant<FireAlert, EndAlerts, ActOnIncident, SetOutcome> what;
};

/// One fact that is expected. `name` is a key of the expectation, with a dot before what stands
/// below it: "severity", "labels.env", "by.correlation". Nothing is expected as "none"; of a label
/// as "".
struct ExpectedFact {
  std::string name;
  std::string value;
  Position at;
};

struct Expectation {
  enum class Of : std::uint8_t {
    alert,      ///< The alert with `labels`; where none has exactly these, each that has them.
    incident,   ///< INC-`number`.
    page,       ///< A page attempted at this very moment; the facts say which.
    pages,      ///< As many as `number` were first attempted; the facts say which are counted.
    incidents,  ///< As many as `number` were opened.
  };
  Of of = Of::alert;
  Duration when{};
  std::optional<Duration> since;  ///< Counts only what came later than that.
  Position at;
  Labels labels;
  std::uint64_t number = 0;
  std::vector<ExpectedFact> facts;
};

struct TestCase {
  std::string name;
  Position at;
  std::vector<TestStep> steps;  ///< In order of time.
  std::vector<Expectation> expectations;
};

inline constexpr std::size_t kTestStepsMax = 1'000;              ///< Of one case.
inline constexpr Duration kTestTimeMax = std::chrono::days(31);  ///< How long a case may take.

struct TestCasesResult {
  std::vector<TestCase> cases;
  std::size_t files = 0;
  Diagnostics diagnostics;
};
/// Reads files, and all *.yaml and *.yml below folders, by name.
TestCasesResult read_test_cases(const std::vector<std::string>& paths);
/// The same from one file's text.
TestCasesResult parse_test_cases(std::string text, const std::string& path);

}  // namespace tocsin::config
