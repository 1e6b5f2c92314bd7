#include "http/intake.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "http/access.h"
#include "http/net_thread.h"
#include "http/rejected.h"
#include "tocsin/alert/identity.h"
#include "tocsin/base/text.h"
#include "tocsin/rules/rule_set.h"

namespace tocsin::http {
namespace {

constexpr std::string_view kBuiltIn = "alertmanager-api";
constexpr std::size_t kInventedKeyDigits = 32;
/// Refused alerts that an answer names.
constexpr std::size_t kNamedMax = 5;

bool wants_labels(const triage::Delivery& delivery) {
  return std::ranges::any_of(delivery.answers, [](const triage::StepAnswer& answer) {
    return answer.fate == triage::Fate::needs_labels;
  });
}

void count(const triage::StepAnswer& answer, telemetry::Metrics::IntakeCounts& counts) {
  switch (answer.fate) {
    case triage::Fate::opened:
      ++counts.opened;
      break;
    case triage::Fate::fired:
      ++counts.fired;
      break;
    case triage::Fate::refreshed:
      ++counts.refreshed;
      break;
    case triage::Fate::resolved:
      ++counts.resolved;
      break;
    case triage::Fate::already_so:
      ++counts.already_so;
      break;
    case triage::Fate::done:
      ++counts.acknowledged;
      break;
    case triage::Fate::unknown_acknowledge:
      ++counts.unknown_acknowledge;
      break;
    case triage::Fate::late:
      ++counts.late;
      break;
    case triage::Fate::unknown_resolve:
      ++counts.unknown_resolve;
      break;
    case triage::Fate::needs_labels:
    case triage::Fate::refused:
      ++counts.refused;
      break;
  }
}

bool is_an_end(const Report& report, Instant received) {
  return report.phase == Phase::resolved ||
         (report.phase == Phase::by_end && report.ends_at && *report.ends_at <= received);
}

/// One more element of the list that `out` ends with.
void append_problem(std::string_view at, std::string_view problem, std::string& out) {
  if (out.back() != '[') out += ',';
  out += "{\"at\":";
  append_json_string(at, out);
  out += ",\"problem\":";
  append_json_string(problem, out);
  out += '}';
}

/// How the body is read: as the route's kind where it has one, else as its source's.
std::expected<ingest::Kind, Response> kind_of_request(const triage::Policy& policy,
                                                      const Request& request) {
  const std::string_view name = intake_source(policy, request);
  const auto source = std::ranges::find(policy.sources, name, &triage::Source::name);
  const auto known = source == policy.sources.end() ? std::nullopt : ingest::kind_of(source->kind);
  const std::string kind(request.route->kind);
  if (kind == kBuiltIn) return ingest::Kind::alertmanager_api;
  if (!known) {
    const std::string what =
        kind.empty() ? "nothing defines the source \"" + std::string(request.id) +
                           "\"; add it to sources in tocsin.yaml"
                     : "no source is of kind " + kind + "; add one to sources in tocsin.yaml";
    return std::unexpected(error_response(request.dialect, 404, what));
  }
  if (kind.empty() || source->kind == kind) return *known;
  return std::unexpected(error_response(
      request.dialect, 403,
      "the token stands for a source of another kind; this path takes sources of kind " + kind));
}

}  // namespace

std::string_view intake_source(const triage::Policy& policy, const Request& request) {
  if (!request.caller.source.empty()) return request.caller.source;
  if (!request.id.empty()) {
    const auto named = std::ranges::find(policy.sources, request.id, &triage::Source::name);
    const bool known = named != policy.sources.end() && ingest::kind_of(named->kind);
    return known ? std::string_view(named->name) : std::string_view();
  }
  std::string_view first;
  std::string_view prefix = request.prefix;
  if (!prefix.empty()) prefix.remove_prefix(1);
  for (const triage::Source& source : policy.sources) {
    if (source.kind != request.route->kind) continue;
    if (!prefix.empty() && source.name == prefix) return source.name;
    if (first.empty()) first = source.name;
  }
  return first.empty() && request.route->kind == kBuiltIn ? kBuiltIn : first;
}

Intake::Next Intake::begin(NetThread& net, const Request& request) {
  const triage::Policy& policy = *request.policy;
  source_ = intake_source(policy, request);
  dialect_ = request.dialect;
  body_ = request.body;
  tells_all_ = !request.id.empty();
  replays_ = false;
  only_.clear();
  const auto kind = kind_of_request(policy, request);
  if (!kind) return kind.error();
  kind_ = *kind;
  // What answers for every alert by its labels needs them.
  const bool may_be_known = kind_ == ingest::Kind::alertmanager_api && !tells_all_;
  return decode(net, request, may_be_known ? &net.memo() : nullptr);
}

Intake::Next Intake::replay(NetThread& net, const Request& request,
                            const store::RejectedBody& rejected) {
  const auto policy = net.site().options.doors.policy();
  const auto source = std::ranges::find(policy->sources, rejected.source, &triage::Source::name);
  const auto kind = source == policy->sources.end() ? std::nullopt : ingest::kind_of(source->kind);
  if (!kind) {
    return error_response(Dialect::native, 409,
                          "nothing defines the source \"" + rejected.source +
                              "\" any more; add it to sources in tocsin.yaml");
  }
  if (rejected.body.size() < rejected.bytes) {
    return error_response(Dialect::native, 409,
                          "only the beginning of the body was kept; let its sender send it again");
  }
  if (rejected.masked) {
    return error_response(Dialect::native, 409,
                          "secrets were masked in it; let its sender send it again");
  }
  source_ = rejected.source;
  kind_ = *kind;
  dialect_ = Dialect::native;
  body_ = rejected.body;
  tells_all_ = true;
  replays_ = true;
  // More than are known one by one: all are taken, and those accepted then are repeated.
  only_ = refused_in(rejected).value_or(std::vector<std::size_t>());
  return decode(net, request, nullptr);
}

Intake::Next Intake::decode(NetThread& net, const Request& request, ingest::Memo* memo) {
  Site& site = net.site();
  auto delivery = std::make_unique<triage::Delivery>();
  delivery->policy = site.options.doors.policy();
  const triage::Policy& policy = *delivery->policy;
  const config::Sender* sender = find_sender(request.terms->senders, source_);
  if (kind_ == ingest::Kind::json && (sender == nullptr || sender->map == nullptr)) {
    // Between two configurations: the policy is newer than what the request began with.
    site.count_rejected(source_, "reloading", 1);
    return overloaded(dialect_, "the configuration changes just now; send it again");
  }
  std::string invented_key;
  if (kind_ == ingest::Kind::pagerduty) {
    invented_key = random_token().substr(0, kInventedKeyDigits);
  }

  ingest::SourceTerms terms;
  terms.source = source_;
  terms.mapping = sender == nullptr ? nullptr : sender->map.get();
  terms.invented_key = invented_key;
  terms.secret = &site.options.secret;
  terms.identity_ignore = &policy.identity_ignore;
  terms.mapping_version = policy.identity_hash;
  terms.limits.labels = static_cast<std::size_t>(request.terms->limits.labels);
  terms.limits.label_value = static_cast<std::size_t>(request.terms->limits.label_value);
  auto decoded = net.decoder().decode(kind_, body_, terms, memo, delivery->arena);
  if (!decoded) return unreadable(site, decoded.error());
  if (!only_.empty()) leave_only_refused(*decoded);
  event_key_ = std::move(decoded->event_key);
  remarks_ = std::move(decoded->remarks);

  reports_ = decoded->reports.size();
  refused_by_ = decoded->refused_by;
  refused_ = 0;
  for (const std::size_t some : refused_by_) refused_ += some;
  described_ = std::move(decoded->refused);
  if (memo != nullptr && site.options.metrics != nullptr) {
    site.options.metrics->memo(decoded->memo_hits, reports_ - decoded->memo_hits);
  }
  if (decoded->acknowledged) {
    delivery->steps.emplace_back(triage::AcknowledgeAlert{*decoded->acknowledged, {}});
  } else if (reports_ == 0) {
    telemetry::Metrics::IntakeCounts counts;
    counts.received = refused_;
    if (site.options.metrics != nullptr) site.options.metrics->intake(source_, counts);
    tell_of_refusals(site);
    return tells_all_ ? report(nullptr) : response({});
  }

  delivery->lane = triage::Lane::intake;
  delivery->source = source_;
  delivery->actor = "source:" + source_;
  delivery->received = wall_now();
  add_steps(*decoded, policy, *delivery);
  if (site.options.metrics != nullptr) {
    const rules::RegexLookups lookups = rules::take_regex_lookups();
    site.options.metrics->regex_lookups(lookups.unknown_values, lookups.out_of_memory);
  }
  return delivery;
}

void Intake::add_steps(const ingest::Decoded& decoded, const triage::Policy& policy,
                       triage::Delivery& delivery) const {
  delivery.steps.reserve(delivery.steps.size() + reports_);
  bool all_known = delivery.steps.empty();
  bool is_urgent = decoded.acknowledged.has_value();
  for (const Report& report : decoded.reports) {
    auto& added = delivery.steps.emplace_back(std::in_place_type<triage::ReportAlert>, report,
                                              rules::Verdict{});
    auto& step = std::get<triage::ReportAlert>(added);
    if (report.has_labels) {
      step.verdict = rules::match(policy.rules, report.labels, report.annotations, source_);
      all_known = false;
      is_urgent = is_urgent || step.verdict.severity == Severity::sev1;
    }
    is_urgent = is_urgent || is_an_end(report, delivery.received);
  }
  delivery.shed = is_urgent   ? triage::Shed::last
                  : all_known ? triage::Shed::first
                              : triage::Shed::middle;
}

void Intake::leave_only_refused(ingest::Decoded& decoded) const {
  std::size_t refused = 0;
  for (const std::size_t some : decoded.refused_by) refused += some;
  if (refused != decoded.refused.size()) return;  // Which ones is not known any more.
  // Reports stand in the order of the body, between those that are refused again.
  std::vector<Report> kept;
  std::size_t index = 0;
  auto next_refused = decoded.refused.begin();
  for (const Report& report : decoded.reports) {
    while (next_refused != decoded.refused.end() && next_refused->index == index) {
      ++next_refused;
      ++index;
    }
    if (std::ranges::find(only_, index) != only_.end()) kept.push_back(report);
    ++index;
  }
  decoded.reports = std::move(kept);
}

Response Intake::unreadable(Site& site, const ingest::BodyError& error) {
  site.count_rejected(source_, error.reason, 1);
  if (!replays_) keep_rejected(site, source_, body_, error);
  std::string detail = "the body cannot be read: ";
  if (!error.at.empty()) detail += "at " + error.at + ", ";
  detail += "byte " + std::to_string(error.offset) + ": " + error.problem;
  site.warn("intake.unreadable " + source_, "intake.unreadable",
            {{"source", source_},
             {"at", error.at},
             {"offset", std::to_string(error.offset)},
             {"reason", std::string(error.reason)},
             {"problem", error.problem}});
  return error_response(dialect_, 400, detail);
}

void Intake::tell_of_refusals(Site& site) const {
  if (refused_ == 0) return;
  if (!replays_) keep_rejected(site, source_, body_, refused_, described_);
  for (std::size_t i = 0; i < refused_by_.size(); ++i) {
    site.count_rejected(source_, ingest::to_string(static_cast<ingest::RefusalReason>(i)),
                        refused_by_[i]);
  }
  site.warn("intake.refused " + source_, "intake.refused",
            {{"source", source_},
             {"refused", std::to_string(refused_)},
             {"kept", std::to_string(reports_)},
             {"first_at", described_.front().at},
             {"first_problem", described_.front().problem}});
}

void Intake::shed(Site& site, std::string_view reason, std::size_t steps) const {
  telemetry::Metrics::IntakeCounts counts;
  counts.received = reports_ + refused_;
  if (site.options.metrics != nullptr) site.options.metrics->intake(source_, counts);
  site.count_rejected(source_, reason, steps);
  site.warn("intake.shed " + source_, "intake.shed",
            {{"source", source_},
             {"refused", std::to_string(steps)},
             {"reason", std::string(reason)},
             {"cure", "the source sends more than is stored; its senders were told to wait"}});
  tell_of_refusals(site);
}

Intake::Next Intake::answered(NetThread& net, const Request& request,
                              const triage::Delivery& delivery) {
  // The core forgot a key that the memo knows. Nothing was decided: the same again, with labels.
  if (wants_labels(delivery)) return decode(net, request, nullptr);
  Site& site = net.site();
  telemetry::Metrics::IntakeCounts counts;
  counts.received = reports_ + refused_;
  for (const triage::StepAnswer& answer : delivery.answers) count(answer, counts);
  if (site.options.metrics != nullptr) site.options.metrics->intake(source_, counts);
  if (counts.refused > 0) {
    const auto first =
        std::ranges::find(delivery.answers, triage::Fate::refused, &triage::StepAnswer::fate);
    const triage::Refusal why =
        first == delivery.answers.end() ? triage::Refusal::none : first->refusal;
    site.count_rejected(source_, triage::to_string(why), counts.refused);
    site.warn("intake.no_room " + source_, "intake.no_room",
              {{"source", source_},
               {"refused", std::to_string(counts.refused)},
               {"reason", std::string(triage::to_string(why))}});
  }
  tell_of_refusals(site);
  if (counts.refused > 0) return response(counts);
  if (dialect_ == Dialect::pagerduty) return event_answer();
  return tells_all_ ? report(&delivery) : response(counts);
}

Response Intake::event_answer() const {
  std::string out = "{\"status\":\"success\",\"message\":\"Event processed\",\"dedup_key\":";
  append_json_string(event_key_, out);
  Response response = json_response(out + "}");
  response.status = 202;
  return response;
}

Response Intake::report(const triage::Delivery* delivery) const {
  std::string out =
      "{\"accepted\":" + std::to_string(delivery == nullptr ? 0 : delivery->steps.size()) +
      ",\"refused\":" + std::to_string(refused_) + ",\"rejected\":[";
  for (const ingest::RefusedAlert& one : described_) append_problem(one.at, one.problem, out);
  out += "],\"alerts\":[";
  for (std::size_t i = 0; delivery != nullptr && i < delivery->steps.size(); ++i) {
    const auto* step = std::get_if<triage::ReportAlert>(&delivery->steps[i]);
    if (step == nullptr) continue;
    if (i > 0) out += ',';
    out += "{\"fingerprint\":\"" + fingerprint(step->report.labels) + "\",\"incident\":";
    const IncidentId incident = delivery->answers[i].incident;
    out += incident ? "\"INC-" + std::to_string(incident.value) + "\"}" : "null}";
  }
  out += ']';
  if (!remarks_.empty()) {
    out += ",\"remarks\":[";
    for (const ingest::Remark& one : remarks_) append_problem(one.at, one.problem, out);
    out += ']';
  }
  return json_response(out + "}");
}

Response Intake::response(const telemetry::Metrics::IntakeCounts& counts) const {
  // What found no room comes again with the whole batch: kept alerts are then refreshes.
  if (counts.refused > 0) {
    return overloaded(dialect_, "no room for new alerts just now; send them again");
  }
  if (reports_ > 0 || refused_ == 0) return {};
  std::string text = "none of the " + std::to_string(refused_) + " alerts was kept\n";
  for (std::size_t i = 0; i < std::min(kNamedMax, described_.size()); ++i) {
    text += described_[i].at + ": " + described_[i].problem + "\n";
  }
  if (refused_ > kNamedMax) text += "…\n";
  return text_response(400, std::move(text));
}

}  // namespace tocsin::http
