#include "store/row_codec.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace tocsin::store {
namespace {

using triage::AlertStatus;
using triage::EndedBy;
using triage::Incident;
using triage::IncidentState;
using triage::Lease;
using triage::Page;
using triage::PageState;

constexpr std::array<std::string_view, kStatusColumns> kStatusNames = {
    "state",        "ended_by",     "severity",    "clock_skew",   "occurrence",
    "incident",     "starts_at",    "received_at", "ended_at",     "sender_end",
    "last_ends_at", "lease_source", "lease_ends",  "lease_length", "lease_renewed",
    "more_leases",  "rules_hash",   "decisions",   "dropped",      "held_until"};

constexpr std::array<std::string_view, 5> kIncidentStates = {"triggered", "acknowledged",
                                                             "recovering", "resolved", "closed"};
constexpr std::array<std::string_view, 4> kPageStates = {"owed", "delivered", "withdrawn",
                                                         "abandoned"};
constexpr auto kLastEvent = triage::Event::resolved;

template <class Enum, class Names>
Enum named(Row& row, const Names& names) {
  const auto found = std::ranges::find(names, row.text());
  if (found == names.end()) {
    row.refuse();
    return Enum{};
  }
  return static_cast<Enum>(found - names.begin());
}

triage::Event get_event(Row& row) {
  const std::string_view text = row.text();
  for (int i = 0; i <= static_cast<int>(kLastEvent); ++i) {
    const auto event = static_cast<triage::Event>(i);
    if (triage::to_string(event) == text) return event;
  }
  row.refuse();
  return {};
}

void append_integer(std::int64_t value, std::string& out) {
  std::array<char, 24> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  out.append(buffer.data(), end);
}

/// A channel's name may hold anything: label sets know how to spell that.
std::string write_told(const std::set<triage::Told>& told) {
  std::vector<Label> pairs;
  pairs.reserve(told.size());
  for (const triage::Told& one : told) pairs.push_back({one.channel, "told"});
  return labels_to_json(Labels(std::move(pairs)));
}

template <class Each>
std::string for_each_column(std::string_view columns, Each each) {
  std::string out;
  while (!columns.empty()) {
    const std::size_t comma = std::min(columns.find(','), columns.size());
    std::string_view name = columns.substr(0, comma);
    columns.remove_prefix(std::min(comma + 1, columns.size()));
    name.remove_prefix(std::min(name.find_first_not_of(" \n"), name.size()));
    if (!out.empty()) out += ',';
    each(name, out);
  }
  return out;
}

/// Reads the text of write_leases from left to right.
class LeaseReader {
 public:
  explicit LeaseReader(std::string_view text) : rest_(text) {}

  bool read(std::vector<Lease>& out) {
    if (!skip('[')) return false;
    do {
      Lease lease;
      std::int64_t source = 0;
      std::int64_t ends = 0;
      std::int64_t length = 0;
      std::int64_t renewed = 0;
      if (!skip('[') || !integer(source) || !skip(',') || !integer(ends) || !skip(',') ||
          !integer(length) || !skip(',') || !integer(renewed) || !skip(']')) {
        return false;
      }
      if (source < 0 || source > 0xFFFF || out.size() + 1 >= triage::kLeasesMax) return false;
      if (Instant(Duration(ends)) != triage::kNever && !is_reckonable(ends)) return false;
      if (!is_reckonable(length) || !is_reckonable(renewed)) return false;
      out.push_back({static_cast<std::uint16_t>(source), Instant(Duration(ends)), Duration(length),
                     Instant(Duration(renewed))});
    } while (skip(','));
    return skip(']') && rest_.empty();
  }

 private:
  static bool is_reckonable(std::int64_t milliseconds) {
    return milliseconds <= kMillisecondsMax && milliseconds >= -kMillisecondsMax;
  }
  bool skip(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool integer(std::int64_t& out) {
    const auto read = std::from_chars(rest_.data(), rest_.data() + rest_.size(), out);
    if (read.ec != std::errc()) return false;
    rest_.remove_prefix(static_cast<std::size_t>(read.ptr - rest_.data()));
    return true;
  }

  std::string_view rest_;
};

}  // namespace

std::string status_columns(const std::string& prefix) {
  std::string out;
  for (const std::string_view name : kStatusNames) {
    if (!out.empty()) out += ',';
    out += prefix;
    out += name;
  }
  return out;
}

void put_status(Statement& to, const AlertStatus& status, StatusTexts& texts) {
  texts.leases = write_leases(status.more_leases);
  to.enumeration(status.state)
      .enumeration(status.ended_by)
      .enumeration(status.severity)
      .flag(status.clock_skew)
      .integer(status.occurrence)
      .number(status.incident.value)
      .instant(status.starts_at)
      .instant(status.received_at)
      .instant(status.ended_at)
      .instant(status.sender_end)
      .instant(status.last_ends_at)
      .integer(status.lease.source)
      .instant_or_max(status.lease.ends)
      .duration(status.lease.length)
      .instant(status.lease.renewed)
      .text_or_null(texts.leases)
      .number(status.rules_hash)
      .text_or_null(texts.decisions.of(status.effects))
      .flag(status.dropped)
      .instant(status.held_until);
}

AlertStatus get_status(Row& row, DecisionsRead& decisions) {
  AlertStatus status;
  status.state = row.enumeration(triage::AlertState::resolved);
  status.ended_by = row.enumeration(EndedBy::person);
  status.severity = row.enumeration(Severity::none);
  if (status.severity < Severity::sev1) row.refuse();
  status.clock_skew = row.flag();
  status.occurrence = row.number32();
  status.incident = IncidentId{row.number()};
  status.starts_at = row.instant();
  status.received_at = row.instant();
  status.ended_at = row.instant();
  status.sender_end = row.instant();
  status.last_ends_at = row.instant();
  status.lease.source = row.number16();
  status.lease.ends = row.instant_or_max();
  status.lease.length = row.duration();
  status.lease.renewed = row.instant();
  const std::string_view leases = row.text();
  if (!leases.empty() && !read_leases(leases, status.more_leases)) row.refuse();
  status.rules_hash = row.number();
  status.effects = decisions.read(row);
  status.dropped = row.flag();
  status.held_until = row.instant();
  return status;
}

std::string_view DecisionTexts::of(const rules::EffectsRef& effects) {
  if (!effects) return {};
  if (const auto known = known_.find(effects); known != known_.end()) return known->second;
  if (known_.size() >= kKnownMax) before_ = std::exchange(known_, {});
  if (auto again = before_.extract(effects)) {
    return known_.insert(std::move(again)).position->second;
  }
  const Labels kept = rules::kept_form(*effects);
  std::string text;
  if (!kept.view().empty()) append_labels_json(kept, text);
  return known_.emplace(effects, std::move(text)).first->second;
}

rules::EffectsRef DecisionsRead::read(Row& row) {
  const std::string_view text = row.text();
  if (text.empty()) return nullptr;
  if (const auto known = known_.find(text); known != known_.end()) return known->second;
  Labels kept;
  if (!labels_from_json(text, kept)) {
    row.refuse();
    return nullptr;
  }
  auto effects = std::make_shared<const rules::Effects>(rules::effects_of(kept));
  if (known_.size() >= kKnownMax) known_.clear();
  known_.emplace(text, effects);
  return effects;
}

std::string write_leases(const std::vector<Lease>& leases) {
  std::string out;
  for (const Lease& lease : leases) {
    out += out.empty() ? "[[" : ",[";
    append_integer(lease.source, out);
    out += ',';
    append_integer(lease.ends.time_since_epoch().count(), out);
    out += ',';
    append_integer(lease.length.count(), out);
    out += ',';
    append_integer(lease.renewed.time_since_epoch().count(), out);
    out += ']';
  }
  if (!out.empty()) out += ']';
  return out;
}

bool read_leases(std::string_view text, std::vector<Lease>& out) {
  out.clear();
  return LeaseReader(text).read(out);
}

const char* const kIncidentColumns =
    "id,state,severity,service,team,title,started_at,detected_at,triaged_at,acknowledged_at,"
    "acknowledged_by,recovering_at,resolved_at,closed_at,before_recovering,recovering_by_person,"
    "severity_criterion,severity_at,runbook,key_rule,key_labels,key,cycle,firing,resolved,window,"
    "max_age,last_joined,due,escalation,escalation_step,escalation_round,escalation_first_round,"
    "escalation_next_at,escalation_exhausted,escalation_reached,told,version,rule_escalation";

void put_incident(Statement& to, const Incident& incident, IncidentTexts& texts) {
  texts.key_labels = labels_to_json(incident.key_labels);
  texts.told = write_told(incident.told);
  to.number(incident.id.value)
      .text(name_of(incident.state))
      .text(to_string(incident.severity))
      .text(incident.service)
      .text(incident.team)
      .text(incident.title)
      .instant(incident.started_at)
      .instant(incident.detected_at)
      .instant(incident.triaged_at)
      .instant(incident.acknowledged_at)
      .text(incident.acknowledged_by)
      .instant(incident.recovering_at)
      .instant(incident.resolved_at)
      .instant(incident.closed_at)
      .text(name_of(incident.before_recovering))
      .flag(incident.recovering_by_person)
      .text(incident.severity_criterion)
      .text(incident.severity_at)
      .text(incident.runbook)
      .text(incident.key_rule)
      .text(texts.key_labels)
      .key(incident.key)
      .integer(incident.cycle)
      .integer(incident.firing)
      .integer(incident.resolved)
      .duration(incident.window)
      .duration(incident.max_age)
      .instant(incident.last_joined)
      .instant(incident.due)
      .text(incident.escalation.name)
      .integer(incident.escalation.step)
      .integer(incident.escalation.round)
      .integer(incident.escalation.first_round)
      .instant(incident.escalation.next_at)
      .flag(incident.escalation.exhausted)
      .flag(incident.escalation.reached)
      .text(texts.told)
      .integer(incident.version)
      .text(incident.rule_escalation);
}

Incident get_incident(Row& row) {
  Incident incident;
  incident.id = IncidentId{row.number()};
  incident.state = named<IncidentState>(row, kIncidentStates);
  incident.severity = row.severity();
  incident.service = row.string();
  incident.team = row.string();
  incident.title = row.string();
  incident.started_at = row.instant();
  incident.detected_at = row.instant();
  incident.triaged_at = row.instant();
  incident.acknowledged_at = row.maybe_instant();
  incident.acknowledged_by = row.string();
  incident.recovering_at = row.maybe_instant();
  incident.resolved_at = row.maybe_instant();
  incident.closed_at = row.maybe_instant();
  incident.before_recovering = named<IncidentState>(row, kIncidentStates);
  incident.recovering_by_person = row.flag();
  incident.severity_criterion = row.string();
  incident.severity_at = row.string();
  incident.runbook = row.string();
  incident.key_rule = row.string();
  incident.key_labels = get_labels(row);
  incident.key = row.key();
  incident.cycle = row.number32();
  incident.firing = row.number32();
  incident.resolved = row.number32();
  incident.window = row.duration();
  incident.max_age = row.duration();
  incident.last_joined = row.instant();
  incident.due = row.maybe_instant();
  incident.escalation.name = row.string();
  incident.escalation.step = row.number32();
  incident.escalation.round = row.number32();
  incident.escalation.first_round = row.number32();
  incident.escalation.next_at = row.maybe_instant();
  incident.escalation.exhausted = row.flag();
  incident.escalation.reached = row.flag();
  const Labels told = get_labels(row);
  for (const Label label : told.view()) incident.told.insert({std::string(label.name)});
  incident.version = row.number32();
  incident.rule_escalation = row.string();
  return incident;
}

const char* const kPageColumns =
    "id,incident,key,event,channel,reason,cycle,step,round,state,created,next_attempt,attempts,"
    "possible_duplicate,last_problem";

void put_page(Statement& to, const Page& page) {
  to.number(page.id.value)
      .number(page.incident.value)
      .text(page.key)
      .text(triage::to_string(page.event))
      .text(page.channel)
      .text(page.reason)
      .integer(page.cycle)
      .integer(page.step)
      .integer(page.round)
      .text(name_of(page.state))
      .instant(page.created)
      .instant(page.next_attempt)
      .integer(page.attempts)
      .flag(page.possible_duplicate)
      .text(page.last_problem);
}

Page get_page(Row& row) {
  Page page;
  page.id = PageId{row.number()};
  page.incident = IncidentId{row.number()};
  page.key = row.string();
  page.event = get_event(row);
  page.channel = row.string();
  page.reason = row.string();
  page.cycle = row.number32();
  page.step = row.number32();
  page.round = row.number32();
  page.state = named<PageState>(row, kPageStates);
  page.created = row.instant();
  page.next_attempt = row.instant();
  page.attempts = row.number32();
  page.possible_duplicate = row.flag();
  page.last_problem = row.string();
  return page;
}

Labels get_labels(Row& row) {
  Labels labels;
  if (!labels_from_json(row.text(), labels)) row.refuse();
  return labels;
}

std::string_view name_of(IncidentState state) {
  return kIncidentStates[static_cast<std::size_t>(state)];
}

std::string_view name_of(PageState state) { return kPageStates[static_cast<std::size_t>(state)]; }

std::string placeholders(std::string_view columns) {
  return for_each_column(columns, [](std::string_view, std::string& out) { out += '?'; });
}

std::string excluded(std::string_view columns) {
  return for_each_column(columns, [](std::string_view name, std::string& out) {
    out.append(name).append("=excluded.").append(name);
  });
}

}  // namespace tocsin::store
