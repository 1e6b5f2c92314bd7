#include "triage/dedup/dedup.h"

#include <algorithm>

#include "tocsin/base/check.h"
#include "triage/limits.h"
#include "triage/suppression/suppression.h"

namespace tocsin::triage::dedup {

namespace {
constexpr std::string_view kOwnSource = "tocsin";
/// What a sender says of the severity.
constexpr std::string_view kSeverityLabel = "severity";

/// Whether the report fires, by our clock of receipt, and for how long it vouches.
struct Reading {
  bool firing = false;
  bool clock_skew = false;
  Lease lease;
};

const Source* source_of(const Core& core) {
  const auto found = std::ranges::find(core.policy.sources, core.context.source, &Source::name);
  return found == core.policy.sources.end() ? nullptr : &*found;
}

Lease lease_of(const Core& core, std::uint16_t source, std::optional<Duration> length) {
  Lease lease{.source = source, .renewed = core.now.timeline};
  if (!length) return lease;
  lease.length = std::clamp(*length, Duration(1), kLeaseMax);
  lease.ends = core.now.timeline + lease.length;
  return lease;
}

/// True if an end that lies in the past is a wrong clock and not a resolve (PRODUCT.md section 2):
/// the alert began after its last resolved occurrence ended, and nobody repeats a resolve that old,
/// or the end moves forward as a firing alert's does.
bool clock_is_wrong(const Core& core, const Report& report, const Alert* known) {
  const Instant end = *report.ends_at;
  const Instant start = report.starts_at.value_or(end);
  const Instant last_end = known == nullptr ? Instant{} : known->status.sender_end;
  if (last_end != Instant{} && start <= last_end) return false;
  if (core.now.wall - end > kResolveRepeats) return true;
  const Instant seen = known == nullptr ? Instant{} : known->status.last_ends_at;
  return seen != Instant{} && end > seen;
}

Reading read(const Core& core, const Report& report, const Alert* known, std::uint16_t source) {
  const Source* terms = source_of(core);
  const std::optional<Duration> timeout = terms == nullptr ? std::nullopt : terms->resolve_timeout;
  switch (report.phase) {
    case Phase::resolved:
      return {};
    case Phase::firing:
      return {.firing = true, .lease = lease_of(core, source, timeout)};
    case Phase::by_end:
      break;
  }
  CHECK(report.ends_at.has_value());
  if (*report.ends_at > core.now.wall) {
    return {.firing = true, .lease = lease_of(core, source, *report.ends_at - core.now.wall)};
  }
  if (!clock_is_wrong(core, report, known)) return {};
  return {.firing = true,
          .clock_skew = true,
          .lease = lease_of(core, source, timeout.value_or(kSkewLease))};
}

std::uint64_t display_hash_of(const Report& report) {
  return content_hash(report.annotations.block(), content_hash(report.generator_url));
}

/// What the rules in force say of these labels.
rules::Verdict judge(const Core& core, const ReportAlert& step, LabelsView labels) {
  if (core.context.source == kOwnSource) {
    // Tocsin's own alarms are SEV-3, whatever the rules say, and no rule drops or moves them.
    rules::Verdict verdict = rules::match_decided(core.policy.rules, nullptr, labels,
                                                  step.report.annotations, core.context.source);
    verdict.severity = Severity::sev3;
    return verdict;
  }
  return rules::match(core.policy.rules, labels, step.report.annotations, core.context.source);
}

/// The verdict that came along if it was made with the rules in force, else our own.
rules::Verdict verdict_of(const Core& core, const ReportAlert& step, LabelsView labels) {
  const bool usable = step.report.has_labels && step.verdict.rules_hash == core.policy.rules.hash &&
                      core.context.source != kOwnSource;
  return usable ? step.verdict : judge(core, step, labels);
}

/// What the rules in force say of an occurrence that goes on: triage rules decided about it before.
rules::Verdict verdict_of_continued(const Core& core, const ReportAlert& step, const Alert& alert) {
  return rules::match_decided(core.policy.rules, alert.status.effects, core.state.labels_of(alert),
                              step.report.annotations, core.context.source);
}

/// What the verdict says, taken over into the status of an occurrence that begins now.
void take_verdict(const Core& core, const rules::Verdict& verdict, AlertStatus& status) {
  status.severity = verdict.severity;
  status.rules_hash = verdict.rules_hash;
  status.effects = verdict.effects;
  const suppression::Terms terms = suppression::terms_of(verdict.effects, verdict.severity,
                                                         status.received_at, core.now.timeline);
  status.dropped = terms.dropped;
  status.held_until = terms.held_until;
}

/// The index of the reporting source, naming it first if it is new.
std::uint16_t source_index(const Core& core, Changes& out) {
  if (const auto known = core.state.source_index(core.context.source)) return *known;
  out.emplace_back(SourceNamed{std::string(core.context.source)});
  return static_cast<std::uint16_t>(core.state.sources.size());
}

/// SEV-1 is refused last: a sixteenth more than the limit is kept for it.
std::uint64_t active_alerts_max(const Core& core, Severity severity) {
  const std::uint64_t most = core.policy.active_alerts_max;
  return severity == Severity::sev1 ? most + most / 16 : most;
}

AlertStatus firing_status(const Core& core, const Report& report, const Reading& reading) {
  AlertStatus status;
  status.state = AlertState::firing;
  status.clock_skew = reading.clock_skew;
  status.starts_at = report.starts_at.value_or(core.now.wall);
  status.received_at = core.now.timeline;
  status.last_ends_at = report.ends_at.value_or(Instant{});
  status.lease = reading.lease;
  return status;
}

void open(const Core& core, const ReportAlert& step, const Reading& reading, std::uint16_t source,
          Decision& out) {
  const Report& report = step.report;
  if (core.state.low_space) return refuse(out, Refusal::no_space);
  rules::Verdict verdict = verdict_of(core, step, report.labels);
  const std::uint64_t most = active_alerts_max(core, verdict.severity);
  if (reading.firing && core.state.firing_count() >= most) {
    return refuse(out, Refusal::too_many_alerts);
  }
  if (core.state.alert_count() >= most) {
    // What has ended longest ago makes room; its row stays.
    const Alert* oldest = core.state.oldest_resolved();
    if (oldest == nullptr) return refuse(out, Refusal::too_many_alerts);
    out.changes.emplace_back(AlertForgotten{oldest->id, oldest->status});
  }
  const AlertId id{core.state.counters.last_alert + 1};
  AlertOpened opened{.id = id,
                     .key = report.key,
                     .identity_by = report.identity_by,
                     .identity_value = report.sender_key,
                     .source = source,
                     .labels = report.labels,
                     .annotations = report.annotations,
                     .generator_url = report.generator_url,
                     .truncated = report.truncated,
                     .display_hash = display_hash_of(report),
                     .status = firing_status(core, report, reading),
                     .verdict = std::move(verdict)};
  take_verdict(core, opened.verdict, opened.status);
  out.answer.fate = Fate::opened;
  if (!reading.firing) {
    opened.status.held_until = Instant{};
    opened.status.state = AlertState::resolved;
    opened.status.ended_by = EndedBy::resolve;
    opened.status.occurrence = 0;
    opened.status.ended_at = core.now.timeline;
    opened.status.lease = {.source = source, .renewed = core.now.timeline};
    out.answer.fate = Fate::unknown_resolve;
    out.changes.emplace_back(ReportCounted{Fate::unknown_resolve, id});
  }
  out.answer.alert = id;
  out.changes.emplace_back(std::move(opened));
}

/// What the sender says now over what it said before: labels that it leaves out stay. More than an
/// alert may keep is not gathered up: then only what it says now counts.
Labels over(LabelsView before, LabelsView now) {
  std::vector<Label> pairs(before.begin(), before.end());
  pairs.insert(pairs.end(), now.begin(), now.end());
  Labels merged(std::move(pairs));
  const bool fits =
      merged.view().count() <= kMergedLabelsMax && merged.block().size() <= kMergedLabelsBytes;
  return fits ? merged : Labels(now);
}

/// What counts in an incident already goes on doing so: nobody who was told of it is told less.
void withhold(const Core& core, const Alert& alert, bool same_occurrence, AlertRelabelled& change) {
  if (same_occurrence && core.state.find(alert.status.incident) != nullptr) return;
  const Instant since = same_occurrence ? alert.status.received_at : core.now.timeline;
  const suppression::Terms terms =
      suppression::terms_of(change.effects, change.severity, since, core.now.timeline);
  change.dropped = terms.dropped;
  change.held_until = terms.held_until;
}

/// The same alert by its sender's key, with other labels. Within an occurrence labels that vanish
/// and a severity that falls are ignored: a group of alerts that is reported as one has fewer
/// labels and a lower severity in common when it grows, and is no better for it.
void relabel(const Core& core, const Alert& alert, const ReportAlert& step, std::uint16_t source,
             bool same_occurrence, Changes& out) {
  const Report& report = step.report;
  if (report.identity_by != IdentityBy::sender_key || !report.has_labels) return;
  const Labels owned = core.state.labels_of(alert);
  const LabelsView known = owned;
  if (report.labels == known || report.labels.empty()) return;
  Labels labels = same_occurrence ? over(known, report.labels) : Labels(report.labels);
  const auto of = [&](LabelsView now) {
    return now == report.labels ? verdict_of(core, step, now) : judge(core, step, now);
  };
  rules::Verdict verdict = of(labels);
  const Severity worst = alert.status.severity;
  const std::string_view word = known.get(kSeverityLabel);
  if (same_occurrence && is_worse(worst, verdict.severity) && !word.empty()) {
    const Labels kept({{kSeverityLabel, word}});
    labels = over(labels, kept);
    verdict = of(labels);
  }
  if (labels.view() == known) return;
  AlertRelabelled change{.id = alert.id,
                         .source = source,
                         .labels = std::move(labels),
                         .annotations = Labels(report.annotations),
                         .generator_url = std::string(report.generator_url),
                         .display_hash = display_hash_of(report),
                         .severity = verdict.severity,
                         .rules_hash = verdict.rules_hash,
                         .effects = verdict.effects,
                         .verdict = verdict};
  if (same_occurrence) change.severity = worse_of(worst, verdict.severity);
  withhold(core, alert, same_occurrence, change);
  // History stops where space is short; what makes it worse must be heard of.
  if (core.state.low_space && same_occurrence && change.severity == worst) return;
  out.emplace_back(std::move(change));
}

/// At most once a minute for one alert, and never many at once: what changed is written lazily.
void take_display(const Core& core, const Alert& alert, const Report& report, Changes& out) {
  if (core.state.low_space || core.now.timeline - alert.display_taken < kDisplayEvery) return;
  const bool fresh_second =
      std::chrono::floor<std::chrono::seconds>(core.now.timeline) != core.state.display_second;
  if (!fresh_second && core.state.display_tokens == 0) return;
  const std::uint64_t hash = display_hash_of(report);
  if (hash == alert.display_hash) return;
  out.emplace_back(DisplayTaken{alert.id, Labels(report.annotations),
                                std::string(report.generator_url), hash, core.now.timeline});
}

/// True if the source has not vouched for the alert yet, and there is room for its lease.
bool is_new_source(const Alert& alert, std::uint16_t source) {
  if (alert.status.lease.source == source) return false;
  if (alert.status.more_leases.size() + 1 >= kLeasesMax) return false;
  return std::ranges::none_of(alert.status.more_leases,
                              [&](const Lease& lease) { return lease.source == source; });
}

void refresh(const Core& core, const Alert& alert, std::uint32_t slot, const ReportAlert& step,
             const Reading& reading, Decision& out) {
  const Report& report = step.report;
  out.answer.fate = Fate::refreshed;
  out.changes.emplace_back(LeaseRenewed{alert.id, slot, reading.lease,
                                        report.ends_at.value_or(Instant{}), reading.clock_skew,
                                        is_new_source(alert, reading.lease.source)});
  const std::size_t before = out.changes.size();
  relabel(core, alert, step, reading.lease.source, true, out.changes);
  if (out.changes.size() == before) take_display(core, alert, report, out.changes);
}

/// True if the occurrence was not ended by its sender, who may go on reporting it. What a person
/// ended does not come back while the incident recovers: the sender may not have noticed yet.
bool may_go_on(const Core& core, const AlertStatus& before) {
  switch (before.ended_by) {
    case EndedBy::lease:
      return true;
    case EndedBy::person: {
      const Incident* incident = core.state.find(before.incident);
      return incident == nullptr || incident->state != IncidentState::recovering;
    }
    case EndedBy::nothing:
    case EndedBy::resolve:
      return false;
  }
  return false;
}

/// Without a start of its own a report is taken for the same occurrence for a short while only.
bool is_same_occurrence(const Core& core, const AlertStatus& before, const Report& report) {
  if (report.starts_at) return *report.starts_at <= before.starts_at;
  return core.now.timeline - before.ended_at <= core.policy.incidents.reopen_within;
}

/// The occurrence as it was decided before it seemed to be over.
void continue_as(const Core& core, const AlertStatus& before, const AlertRelabelled* relabelled,
                 AlertStatus& status) {
  status.severity = relabelled != nullptr ? relabelled->severity : before.severity;
  status.rules_hash = relabelled != nullptr ? relabelled->rules_hash : before.rules_hash;
  status.effects = relabelled != nullptr ? relabelled->effects : before.effects;
  if (core.state.find(before.incident) != nullptr) return;
  const suppression::Terms terms =
      suppression::terms_of(status.effects, status.severity, status.received_at, core.now.timeline);
  status.dropped = terms.dropped;
  status.held_until = terms.held_until;
}

void fire_again(const Core& core, const Alert& alert, const ReportAlert& step,
                const Reading& reading, std::uint16_t source, Decision& out) {
  const Report& report = step.report;
  const AlertStatus& before = alert.status;
  if (!may_go_on(core, before) && before.occurrence > 0 && report.starts_at &&
      *report.starts_at <= before.sender_end) {
    out.answer.fate = Fate::late;
    out.changes.emplace_back(ReportCounted{Fate::late, alert.id});
    return;
  }
  const bool continued = may_go_on(core, before) && is_same_occurrence(core, before, report);
  relabel(core, alert, step, source, continued, out.changes);
  const auto* relabelled =
      out.changes.empty() ? nullptr : std::get_if<AlertRelabelled>(&out.changes.back());
  AlertFired fired{.id = alert.id,
                   .continued = continued,
                   .new_display = display_hash_of(report) != alert.display_hash,
                   .annotations = Labels(report.annotations),
                   .generator_url = std::string(report.generator_url),
                   .display_hash = display_hash_of(report),
                   .source = source,
                   .status = firing_status(core, report, reading),
                   .verdict = {}};
  AlertStatus& status = fired.status;
  status.incident = before.incident;
  status.sender_end = before.sender_end;
  status.occurrence = before.occurrence + (fired.continued ? 0U : 1U);
  if (relabelled != nullptr) {
    fired.verdict = relabelled->verdict;
  } else {
    fired.verdict = fired.continued ? verdict_of_continued(core, step, alert)
                                    : verdict_of(core, step, core.state.labels_of(alert));
  }
  if (fired.continued) {
    status.starts_at = before.starts_at;
    status.received_at = before.received_at;
    continue_as(core, before, relabelled, status);
  } else {
    take_verdict(core, fired.verdict, status);
    // Joins nothing, so its end must not count in the former incident either.
    if (suppression::withholds(status)) status.incident = {};
  }
  if (core.state.firing_count() >= active_alerts_max(core, status.severity)) {
    out.changes.clear();
    return refuse(out, Refusal::too_many_alerts);
  }
  out.answer.fate = Fate::fired;
  out.changes.emplace_back(std::move(fired));
}

void end(const Core& core, const Alert& alert, const Report& report, std::uint16_t source,
         Decision& out) {
  out.answer.fate = Fate::resolved;
  // An end without a time of the sender's clock: what it says later is compared with times of that
  // clock only. A sender with keys of its own repeats the start it has named; others name new ones.
  const bool keyed = report.identity_by == IdentityBy::sender_key;
  const Instant without_time = keyed ? alert.status.starts_at : core.now.wall;
  out.changes.emplace_back(AlertEnded{.id = alert.id,
                                      .by = EndedBy::resolve,
                                      .source = source,
                                      .at = core.now.timeline,
                                      .sender_end = report.ends_at.value_or(without_time)});
}
}  // namespace

void decide(const Core& core, const ReportAlert& step, Decision& out) {
  const Report& report = step.report;
  const std::uint16_t source = source_index(core, out.changes);
  const std::optional<std::uint32_t> slot = core.state.slot_of(report.key);
  const Alert* known = slot ? &core.state.at(*slot) : nullptr;
  const Reading reading = read(core, report, known, source);
  if (known == nullptr) {
    if (report.has_labels) return open(core, step, reading, source, out);
    // Known when its delivery began; another alert of it has taken its place.
    out.answer.fate = Fate::needs_labels;
    out.changes.clear();
    return;
  }
  out.answer.alert = known->id;
  out.answer.incident = known->status.incident;
  if (known->status.state == AlertState::firing) {
    if (reading.firing) return refresh(core, *known, *slot, step, reading, out);
    return end(core, *known, report, source, out);
  }
  if (reading.firing) return fire_again(core, *known, step, reading, source, out);
  out.answer.fate = Fate::already_so;
  const Instant end_seen = report.ends_at.value_or(Instant{});
  if (end_seen != Instant{} && end_seen != known->status.last_ends_at) {
    out.changes.emplace_back(SenderEndSeen{known->id, end_seen});
  }
}

namespace {
/// The lease of `alert` that has ended by now, or null.
const Lease* ended_lease(const Alert& alert, Instant now) {
  if (alert.status.lease.ends <= now) return &alert.status.lease;
  for (const Lease& lease : alert.status.more_leases) {
    if (lease.ends <= now) return &lease;
  }
  return nullptr;
}
}  // namespace

void decide_lease(const Core& core, const Deadline& entry, Changes& out) {
  const Alert* alert = core.state.find(AlertId{entry.id});
  const bool live = alert != nullptr && alert->armed == entry.at;
  if (live && alert->status.state == AlertState::resolved &&
      alert->status.ended_at + kForgetAfter <= core.now.timeline) {
    out.emplace_back(LeaseRearmed{entry});
    out.emplace_back(AlertForgotten{alert->id, alert->status});
    return;
  }
  if (live && alert->status.state == AlertState::firing) {
    const Lease* lease = ended_lease(*alert, core.now.timeline);
    if (lease != nullptr && lease->renewed < core.state.restarted) {
      // While the daemon was down nobody could refresh it: it gets its former length again.
      Lease granted = *lease;
      granted.renewed = core.state.restarted;
      granted.ends = std::max(granted.ends, core.state.restarted + granted.length);
      out.emplace_back(
          LeaseRenewed{alert->id, *core.state.slot_of(alert->key), granted, {}, false});
    } else if (lease != nullptr && !alert->status.more_leases.empty()) {
      out.emplace_back(LeaseDropped{alert->id, lease->source});
    } else if (lease == nullptr && suppression::hold_is_over(alert->status, core.now.timeline)) {
      suppression::release(core, *alert, out);
    } else if (lease != nullptr) {
      out.emplace_back(AlertEnded{.id = alert->id,
                                  .by = EndedBy::lease,
                                  .source = lease->source,
                                  .at = core.now.timeline,
                                  .sender_end = {}});
    }
  }
  // Last, so that the entry is set again by what is true then. REQUIRES of LeaseRearmed: the entry
  // is still the first, which holds since the changes above only push later ones.
  out.emplace_back(LeaseRearmed{entry});
}

}  // namespace tocsin::triage::dedup
