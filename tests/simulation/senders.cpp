#include "simulation/senders.h"

#include <algorithm>
#include <utility>

#include "tocsin/base/check.h"

namespace tocsin::simulation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Labels labels_of(std::size_t number, Random& random) {
  const char* names[] = {"HighErrors", "HostDown", "DiskFull", "SlowQueries"};
  const char* services[] = {"checkout", "database", "search", "unheard-of", ""};
  const char* clusters[] = {"eu", "us"};
  const char* hosts[] = {"h1", "h2", "h3"};
  const char* severities[] = {"critical", "warning", "info", "none", "dreadful", ""};
  const char* environments[] = {"prod", "staging"};
  const char* impacts[] = {"", "", "", "outage"};
  return Labels{{"alertname", random.pick(names)},     {"service", random.pick(services)},
                {"cluster", random.pick(clusters)},    {"host", random.pick(hosts)},
                {"severity", random.pick(severities)}, {"env", random.pick(environments)},
                {"impact", random.pick(impacts)},      {"instance", "i" + std::to_string(number)}};
}

}  // namespace

Senders::Senders(const Scenario& scenario, Random random, Coverage& coverage)
    : scenario_(scenario), random_(random), coverage_(coverage) {
  for (const char* source : {"prom-a", "prom-b", "hooks"}) {
    Duration off{};
    if (scenario_.allows(Fault::wrong_clock) && random_.chance(60)) {
      const Duration offs[] = {-hours(25),   -hours(3),  -minutes(21), -minutes(6),
                               -seconds(20), minutes(4), hours(2)};
      off = random_.pick(offs);
    }
    clocks_.emplace_back(source, off);
  }
  for (std::size_t i = 0; i < scenario_.alerts; ++i) {
    Condition condition;
    condition.number = i;
    condition.keyed = random_.chance(25);
    condition.source = condition.keyed ? "hooks" : random_.chance(70) ? "prom-a" : "prom-b";
    if (condition.keyed) condition.sender_key = "job/" + std::to_string(i);
    condition.labels = labels_of(i, random_);
    conditions_.push_back(std::move(condition));
  }
}

Instant Senders::clock_of(const std::string& source, Instant wall) const {
  for (const auto& [name, off] : clocks_) {
    if (name == source) return wall + off;
  }
  return wall;
}

void Senders::heal() {
  for (auto& [name, off] : clocks_) off = Duration{};
}

Key Senders::key_of(const KeySecret& secret, std::size_t number) const {
  const Condition& condition = conditions_[number];
  if (condition.keyed) return secret.key_of_sender(condition.source, condition.sender_key);
  return secret.key_of_labels(condition.labels);
}

Senders::Word Senders::next_word(Condition& condition) {
  if (condition.firing) return random_.chance(55) ? Word::refresh : Word::resolve;
  if (condition.fired_before && scenario_.allows(Fault::late_report) && random_.chance(20))
    return Word::late;
  return random_.chance(85) ? Word::fire : Word::resolve;
}

void Senders::add(Message& message, const KeySecret& secret, Condition& condition, Word word,
                  Instant wall, bool may_be_unlabeled) {
  const Instant clock = clock_of(message.source, wall);
  triage::Delivery& delivery = *message.delivery;
  Report report;
  report.key = key_of(secret, condition.number);
  if (word == Word::fire) {
    condition.starts_at = clock - Duration(random_.between(0, 5'000));
    condition.firing = condition.fired_before = true;
    if (random_.chance(30)) ++condition.revision;
  } else if (word == Word::resolve) {
    condition.firing = false;
    condition.ended_at = clock;
  } else if (word == Word::refresh && random_.chance(10)) {
    ++condition.revision;
  } else if (word == Word::late) {
    coverage_.count("fault", name_of(Fault::late_report));
  }
  const bool fires = word != Word::resolve;
  // Only with a key of its own can an alert get other labels and stay the same.
  if (condition.keyed && fires && random_.chance(20)) {
    condition.labels = labels_of(condition.number, random_);
  }
  report.starts_at = condition.starts_at == Instant{} ? clock : condition.starts_at;
  Said said{.key = report.key, .condition = condition.number, .fires = fires};
  if (condition.keyed) {
    report.identity_by = IdentityBy::sender_key;
    report.sender_key = delivery.arena.copy(condition.sender_key);
    report.phase = fires ? Phase::firing : Phase::resolved;
  } else {
    report.phase = Phase::by_end;
    report.ends_at =
        fires ? clock + (message.source == "prom-a" ? minutes(4) : minutes(2)) : condition.ended_at;
    said.ends_at = report.ends_at;
    said.fires = *report.ends_at > wall;
    said.may_fire = !said.fires;
    if (clock != wall) coverage_.count("fault", name_of(Fault::wrong_clock));
  }
  if (may_be_unlabeled && scenario_.allows(Fault::unlabeled_report) && random_.chance(40)) {
    coverage_.count("fault", name_of(Fault::unlabeled_report));
    report.has_labels = false;
    said.unlabeled = true;
  } else {
    report.labels = LabelsView(delivery.arena.copy(condition.labels.block()));
  }
  const Labels annotations{{"summary", "revision " + std::to_string(condition.revision)}};
  report.annotations = LabelsView(delivery.arena.copy(annotations.block()));
  report.generator_url = delivery.arena.copy("https://prometheus.example.net/graph");
  message.said.push_back(said);
  delivery.steps.emplace_back(triage::ReportAlert{report, {}});
}

Message Senders::report(const KeySecret& secret, Instant wall) {
  Condition& first = random_.pick(conditions_);
  Message message{first.source, std::make_unique<triage::Delivery>(), {}};
  // Now and then the other Prometheus of a pair reports the same condition.
  if (!first.keyed && random_.chance(25))
    message.source = message.source == "prom-a" ? "prom-b" : "prom-a";
  const bool may_be_unlabeled = random_.chance(50);
  add(message, secret, first, next_word(first), wall, may_be_unlabeled);
  const std::uint64_t more = random_.below(6);
  for (std::uint64_t i = 0; i < more; ++i) {
    Condition& other = random_.pick(conditions_);
    if (other.keyed == first.keyed)
      add(message, secret, other, next_word(other), wall, may_be_unlabeled);
  }
  return message;
}

std::unique_ptr<triage::Delivery> Senders::acknowledgement(const KeySecret& secret) {
  const Condition& condition = random_.pick(conditions_);
  if (!condition.keyed) return nullptr;
  auto delivery = std::make_unique<triage::Delivery>();
  delivery->source = condition.source;
  delivery->actor = "source:" + condition.source;
  delivery->steps.emplace_back(triage::AcknowledgeAlert{key_of(secret, condition.number), "on it"});
  return delivery;
}

std::unique_ptr<triage::Delivery> Senders::with_labels(const triage::Delivery& delivery,
                                                       const std::vector<Said>& said) const {
  auto full = triage::decode_delivery(encode(delivery));
  CHECK(full.has_value());
  for (std::size_t i = 0; i < said.size(); ++i) {
    Report& report = std::get<triage::ReportAlert>((*full)->steps[i]).report;
    if (report.has_labels) continue;
    report.has_labels = true;
    report.labels = LabelsView((*full)->arena.copy(conditions_[said[i].condition].labels.block()));
  }
  return *std::move(full);
}

std::vector<Message> Senders::resolve_everything(const KeySecret& secret, Instant wall) {
  std::vector<Message> all;
  for (const char* source : {"prom-a", "prom-b", "hooks"}) {
    Message message{source, std::make_unique<triage::Delivery>(), {}};
    for (Condition& condition : conditions_) {
      if (condition.keyed == (message.source == "hooks")) {
        add(message, secret, condition, Word::resolve, wall, false);
      }
    }
    if (!message.said.empty()) all.push_back(std::move(message));
  }
  return all;
}

}  // namespace tocsin::simulation
