#include "config/test_facts.h"

#include <array>
#include <charconv>
#include <utility>

namespace tocsin::config {
namespace {

using Of = Expectation::Of;
using Words = std::vector<std::string_view>;

constexpr std::uint64_t kIncidentMax = 1'000'000;

constexpr std::array kAlertKeys = {
    FactKey{"state", FactForm::alert_state},      FactKey{"severity", FactForm::severity},
    FactKey{"service", FactForm::text},           FactKey{"team", FactForm::text},
    FactKey{"runbook", FactForm::text},           FactKey{"incident", FactForm::incident},
    FactKey{"suppressed", FactForm::suppression}, FactKey{"labels", FactForm::labels},
    FactKey{"annotations", FactForm::labels},     FactKey{"by", FactForm::reason},
};
constexpr std::array kIncidentKeys = {
    FactKey{"state", FactForm::incident_state}, FactKey{"severity", FactForm::severity},
    FactKey{"service", FactForm::text},         FactKey{"team", FactForm::text},
    FactKey{"runbook", FactForm::text},         FactKey{"title", FactForm::text},
    FactKey{"escalation", FactForm::text},      FactKey{"step", FactForm::count},
    FactKey{"round", FactForm::count},          FactKey{"cycle", FactForm::count},
    FactKey{"firing", FactForm::count},         FactKey{"resolved", FactForm::count},
    FactKey{"key", FactForm::labels},           FactKey{"by", FactForm::reason},
};
constexpr std::array kPageKeys = {
    FactKey{"event", FactForm::event},   FactKey{"incident", FactForm::incident},
    FactKey{"step", FactForm::count},    FactKey{"round", FactForm::count},
    FactKey{"attempt", FactForm::count},
};
constexpr std::array kPagesKeys = {
    FactKey{"channel", FactForm::text},
    FactKey{"event", FactForm::event},
    FactKey{"incident", FactForm::incident},
};

const Words& words_of(FactForm form) {
  static const Words severities = {"SEV-1", "SEV-2", "SEV-3", "SEV-4", "none"};
  static const Words alert_states = {"firing", "resolved"};
  static const Words incident_states = {"triggered", "acknowledged", "recovering", "resolved",
                                        "closed"};
  static const Words suppressions = {"drop", "hold", "none"};
  static const Words events = {"triggered",  "escalated", "acknowledged", "updated",
                               "recovering", "reopened",  "resolved"};
  switch (form) {
    case FactForm::severity:
      return severities;
    case FactForm::alert_state:
      return alert_states;
    case FactForm::incident_state:
      return incident_states;
    case FactForm::suppression:
      return suppressions;
    default:
      return events;
  }
}

/// Of an alert anything is taken, line ends too; its senders are not the authors of the case.
std::optional<std::string> read_label_value(const Value& value) {
  const std::string& text = value.node().text;
  const bool is_fine =
      value.is(Node::Kind::text) && !text.empty() && text.size() <= Value::kTextMax;
  return is_fine ? std::optional(text) : value.text();
}

bool is_empty_text(const Value& value) {
  return value.is(Node::Kind::text) && value.node().text.empty();
}

/// The value as the runner spells it, or nothing and an error.
std::optional<std::string> read_one(const Value& value, FactForm form) {
  switch (form) {
    case FactForm::text:
    case FactForm::labels:
    case FactForm::reason:
      return value.text();
    case FactForm::count: {
      const auto count = value.integer(0, kIncidentMax);
      return count ? std::optional(std::to_string(*count)) : std::nullopt;
    }
    case FactForm::incident: {
      if (value.is(Node::Kind::text) && value.node().text == "none") return "none";
      const auto number = read_incident(value);
      return number ? std::optional("INC-" + std::to_string(*number)) : std::nullopt;
    }
    default: {
      const auto index = value.choice(words_of(form));
      return index ? std::optional(std::string(words_of(form)[*index])) : std::nullopt;
    }
  }
}

void read_below(const Value& value, const FactKey& key, Expectation& out) {
  for (const Value::Named& entry : value.named()) {
    const std::string name = std::string(key.name) + "." + entry.name;
    if (key.form == FactForm::labels && is_empty_text(entry.value)) {
      out.facts.push_back({name, "", entry.value.at()});
    } else if (auto text = read_label_value(entry.value)) {
      out.facts.push_back({name, std::move(*text), entry.value.at()});
    }
  }
}

}  // namespace

std::span<const FactKey> fact_keys(Of of) {
  switch (of) {
    case Of::alert:
      return kAlertKeys;
    case Of::incident:
      return kIncidentKeys;
    case Of::page:
      return kPageKeys;
    case Of::pages:
      return kPagesKeys;
    case Of::incidents:
      break;
  }
  return {};
}

void read_facts(Section& section, Expectation& out) {
  for (const FactKey& key : fact_keys(out.of)) {
    const auto value = section.find(key.name);
    if (!value) continue;
    if (key.form == FactForm::labels || key.form == FactForm::reason) {
      read_below(*value, key, out);
    } else if (auto text = read_one(*value, key.form)) {
      out.facts.push_back({std::string(key.name), std::move(*text), value->at()});
    }
  }
}

std::optional<std::uint64_t> read_incident(const Value& value) {
  const auto text = value.text();
  if (!text) return std::nullopt;
  std::uint64_t number = 0;
  const char* end = text->data() + text->size();
  const bool has_digits = text->starts_with("INC-") && text->size() > 4 && (*text)[4] != '0';
  const auto [stop, failed] = std::from_chars(text->data() + (has_digits ? 4 : 0), end, number);
  if (has_digits && failed == std::errc() && stop == end && number <= kIncidentMax) return number;
  value.error(in_quotes(*text) + " is no incident of a case",
              "the first that opens is INC-1, the next INC-2, and so on");
  return std::nullopt;
}

Labels read_label_set(const Value& value) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const Value::Named& entry : value.named()) {
    if (auto text = read_label_value(entry.value)) texts.emplace_back(entry.name, std::move(*text));
  }
  std::vector<Label> labels;
  labels.reserve(texts.size());
  for (const auto& [name, text] : texts) labels.push_back({name, text});
  return Labels(std::move(labels));
}

}  // namespace tocsin::config
