#include "tocsin/config/test_cases.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "config/policy_reader.h"
#include "config/rules_root.h"
#include "config/test_facts.h"
#include "config/text_file.h"
#include "tocsin/config/config.h"

namespace tocsin::config {
namespace {

constexpr std::size_t kFileBytesMax = 16U << 20;

using Verb = ActOnIncident::Verb;
using Of = Expectation::Of;

/// A step or an expectation is what its one key of `kinds` says; `weak` does only where none of
/// them is there, since it is also a fact of others.
std::optional<std::string_view> kind_of(const Value& value, std::vector<std::string_view> kinds,
                                        std::string_view weak = {}) {
  if (!value.is(Node::Kind::mapping)) {
    value.wrong_kind("a mapping", "write {at: 5m, " + std::string(kinds[0]) + ": …}");
    return std::nullopt;
  }
  std::vector<std::string_view> found;
  bool has_weak = false;
  for (const Node::Entry& entry : value.node().entries) {
    const auto kind = std::ranges::find(kinds, std::string_view(entry.key->text));
    if (kind != kinds.end()) found.push_back(*kind);
    has_weak = has_weak || (!weak.empty() && entry.key->text == weak);
  }
  if (found.size() == 1) return found[0];
  if (found.empty() && has_weak) return weak;
  if (found.empty()) {
    if (!weak.empty()) kinds.push_back(weak);
    value.error("it says nothing that is known here", "give it one of " + listed(kinds));
  } else {
    value.error("it is several at once: " + listed(found, "and"),
                "write each as an element of its own");
  }
  return std::nullopt;
}

/// False if what is given is no time of a case.
bool read_time(Section& section, std::string_view key, Duration& out) {
  const auto value = section.find(key);
  if (!value) return true;
  const auto time = value->duration(Duration(0));
  if (!time) return false;
  if (*time > kTestTimeMax) {
    value->error(value->node().text + " is too late", "a case lasts at most 31d");
    return false;
  }
  out = *time;
  return true;
}

Labels read_alert_labels(const Value& value) {
  Labels labels = read_label_set(value);
  if (value.is(Node::Kind::mapping) && value.node().entries.empty()) {
    value.error("an alert without labels", "give it at least one, such as {alertname: Disk}");
  }
  return labels;
}

FireAlert read_fire(Section& section) {
  FireAlert out;
  out.labels = read_alert_labels(*section.find("fire"));
  if (const auto annotations = section.find("annotations")) {
    out.annotations = read_label_set(*annotations);
  }
  if (const auto source = section.find("source")) out.source_at = source->at();
  section.text("source", out.source);
  section.text("key", out.key);
  return out;
}

ActOnIncident read_action(Section& section, std::string_view kind, Verb verb) {
  ActOnIncident out;
  out.verb = verb;
  out.incident = read_incident(*section.find(kind)).value_or(0);
  section.text("by", out.by);
  if (verb == Verb::note) section.require("text", "say what the note says");
  section.text("text", out.text);
  return out;
}

SetOutcome read_outcome(Section& section) {
  using triage::Outcome;
  SetOutcome out;
  const Value channel = *section.find("channel");
  out.channel_at = channel.at();
  section.text("channel", out.channel);
  if (const auto answers = section.require("answers", "say delivered, refused or unknown")) {
    const auto index = answers->choice({"delivered", "refused", "unknown"});
    constexpr Outcome kOutcomes[] = {Outcome::delivered, Outcome::refused, Outcome::unknown};
    if (index) out.outcome = kOutcomes[*index];
  }
  return out;
}

std::optional<TestStep> read_step(const Value& value) {
  const auto kind = kind_of(
      value, {"fire", "clear", "lapse", "ack", "unack", "resolve", "reopen", "note", "channel"});
  if (!kind) return std::nullopt;
  TestStep step;
  step.at = value.at();
  Section section(value);
  const bool has_time = read_time(section, "at", step.when);
  if (*kind == "fire") {
    step.what = read_fire(section);
  } else if (*kind == "clear" || *kind == "lapse") {
    step.what = EndAlerts{read_alert_labels(*section.find(*kind)), *kind == "lapse"};
  } else if (*kind == "channel") {
    step.what = read_outcome(section);
  } else {
    const std::vector<std::string_view> verbs = {"ack", "unack", "resolve", "reopen", "note"};
    const auto index = std::ranges::find(verbs, *kind) - verbs.begin();
    step.what = read_action(section, *kind, static_cast<Verb>(index));
  }
  if (!has_time) return std::nullopt;
  return step;
}

void read_number(const Value& value, std::uint64_t& out) {
  out = value.integer(0, 1'000'000).value_or(0);
}

/// What the key that names the kind holds.
void read_subject(Section& section, std::string_view kind, Expectation& out) {
  const Value value = *section.find(kind);
  switch (out.of) {
    case Of::alert:
      out.labels = read_label_set(value);
      return;
    case Of::incident:
      out.number = read_incident(value).value_or(0);
      return;
    case Of::page:
      if (auto channel = value.text()) {
        out.facts.push_back({"channel", std::move(*channel), value.at()});
      }
      return;
    case Of::pages:
    case Of::incidents:
      read_number(value, out.number);
      return;
  }
}

void require_a_fact(const Value& value, Of of) {
  std::size_t others = 0;  // Keys besides the time and what it is about.
  for (const Node::Entry& entry : value.node().entries) others += entry.key->text != "at" ? 1 : 0;
  if (others > 1) return;
  std::vector<std::string_view> names;
  for (const FactKey& key : fact_keys(of)) names.push_back(key.name);
  value.error("it expects nothing", "say one of " + listed(names));
}

std::optional<Expectation> read_expectation(const Value& value) {
  const std::vector<std::string_view> kinds = {"alert", "page", "pages", "incidents"};
  constexpr Of kOf[] = {Of::alert, Of::page, Of::pages, Of::incidents};
  const auto kind = kind_of(value, kinds, "incident");
  if (!kind) return std::nullopt;
  Expectation out;
  const auto index = std::ranges::find(kinds, *kind);
  out.of = index == kinds.end() ? Of::incident : kOf[index - kinds.begin()];
  out.at = value.at();
  Section section(value);
  read_time(section, "at", out.when);
  if (out.of == Of::pages || out.of == Of::incidents) {
    Duration since{-1};
    read_time(section, "since", since);
    if (since >= Duration(0)) out.since = since;
    if (since >= out.when) value.error("since is not before at", "count from an earlier time");
  }
  read_subject(section, *kind, out);
  read_facts(section, out);
  if (out.of == Of::alert || out.of == Of::incident) require_a_fact(value, out.of);
  return out;
}

bool has(LabelsView labels, LabelsView wanted) {
  return std::ranges::all_of(wanted, [&](const Label& label) {  //
    return labels.get(label.name) == label.value;
  });
}

/// An alert that no step fires cannot be expected to be anything.
void check_alerts(const TestCase& read, Report& report) {
  for (const Expectation& expectation : read.expectations) {
    if (expectation.of != Of::alert) continue;
    const bool is_fired = std::ranges::any_of(read.steps, [&](const TestStep& step) {
      const auto* fire = std::get_if<FireAlert>(&step.what);
      return fire != nullptr && step.when <= expectation.when &&
             has(fire->labels, expectation.labels);
    });
    if (is_fired) continue;
    report.error(expectation.at, "no step until then fires an alert with these labels",
                 "correct the labels or the time");
  }
}

void read_steps(const Value& value, TestCase& out) {
  const auto elements = value.list();
  if (elements.size() > kTestStepsMax) {
    value.error("more than 1,000 steps", "make several cases of them");
    return;
  }
  for (const Value& element : elements) {
    auto step = read_step(element);
    if (!step) continue;
    if (!out.steps.empty() && step->when < out.steps.back().when) {
      element.error("it is earlier than the step before it", "write steps in order of time");
    }
    out.steps.push_back(std::move(*step));
  }
}

void read_expectations(const Value& value, TestCase& out) {
  const auto elements = value.list();
  if (elements.empty()) value.error("a case that expects nothing", "say what should come of it");
  for (const Value& element : elements) {
    if (auto expectation = read_expectation(element)) {
      out.expectations.push_back(std::move(*expectation));
    }
  }
}

void read_case(const Value& value, Names& names, Report& report, TestCasesResult& out) {
  TestCase read;
  read.at = value.at();
  Section section(value);
  if (const auto name = section.require("name", "every case has a name: what it shows")) {
    if (auto text = name->text()) {
      names.define("case", *text, name->at(), report);
      read.name = std::move(*text);
    }
  }
  if (const auto steps = section.require("steps", "say what happens")) read_steps(*steps, read);
  if (const auto expect = section.require("expect", "say what should come of it")) {
    read_expectations(*expect, read);
    check_alerts(read, report);
  }
  out.cases.push_back(std::move(read));
}

void read_text(std::string text, const std::string& path, TestCasesResult& out) {
  Report report;
  const Document document(path, std::move(text), report);
  ++out.files;
  if (document.root() != nullptr) {
    Section top{Value(document, report)};
    Names names;
    if (const auto tests = top.require("tests", "list the cases under tests:")) {
      for (const Value& element : tests->list()) read_case(element, names, report, out);
    }
  }
  for (Diagnostic& diagnostic : report.take()) out.diagnostics.push_back(std::move(diagnostic));
}

void read_folder(const std::string& folder, TestCasesResult& out) {
  FilesResult read = read_rules_files({folder});
  for (Diagnostic& diagnostic : read.diagnostics) out.diagnostics.push_back(std::move(diagnostic));
  const RulesRoot root = name_roots({folder}).front();
  for (triage::PolicyFile& file : read.files) {
    read_text(std::move(file.text), root.folder + file.path.substr(root.shown.size()), out);
  }
}

void read_path(const std::string& path, TestCasesResult& out) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    return read_folder(path, out);
  }
  auto file = read_text_file(path, kFileBytesMax);
  if (file) return read_text(std::move(file->text), path, out);
  out.diagnostics.push_back({Diagnostic::Level::error,
                             {path, 0, 0},
                             "the file of cases cannot be read: " + file.error().what,
                             "name a file, or a folder of files"});
}

}  // namespace

TestCasesResult read_test_cases(const std::vector<std::string>& paths) {
  TestCasesResult out;
  for (const std::string& path : paths) read_path(path, out);
  sort(out.diagnostics);
  return out;
}

TestCasesResult parse_test_cases(std::string text, const std::string& path) {
  TestCasesResult out;
  read_text(std::move(text), path, out);
  sort(out.diagnostics);
  return out;
}

}  // namespace tocsin::config
