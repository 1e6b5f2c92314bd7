#include "tocsin/triage/explain.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/endpoints.h"
#include "http/explained_rows.h"
#include "http/limits.h"
#include "http/list_query.h"
#include "http/old_policies.h"
#include "tocsin/base/text.h"
#include "tocsin/ingest/ingest.h"
#include "tocsin/view/explanation.h"
#include "tocsin/view/view.h"

namespace tocsin::http {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kLabelSets = "alertmanager-api";
constexpr std::string_view kInventedKey = "(made for each event)";

template <class T>
using Read = std::expected<T, Response>;

/// `near` and `limit`.
struct Bounds {
  std::size_t near = 0, alerts = view::kExplainedMax;
};

Read<std::size_t> read_bound(const Query& query, std::string_view name, std::size_t otherwise,
                             std::size_t least, std::size_t most) {
  const std::string_view text = query.get(name);
  std::size_t number = 0;
  if (text.empty()) return otherwise;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = failed == std::errc() && end == text.data() + text.size();
  if (is_number && number >= least && number <= most) return number;
  return refused(400, std::string(name) + " is a number from " + std::to_string(least) + " to " +
                          std::to_string(most));
}

Read<Bounds> read_bounds(const Query& query) {
  const auto near = read_bound(query, "near", 0, 0, rules::kNearMax);
  if (!near) return std::unexpected(near.error());
  const auto alerts = read_bound(query, "limit", view::kExplainedMax, 1, view::kExplainedMax);
  if (!alerts) return std::unexpected(alerts.error());
  return Bounds{*near, *alerts};
}

/// Asks the core where alerts would go now. Once it has not answered in time it is asked no more.
class Core {
 public:
  explicit Core(Site& site) : site_(site), answers_(site.options.doors.would_join != nullptr) {}

  /// `own` is the alert's key: it groups an alert that no rule takes.
  void tell(const triage::Explanation& explanation, const Key& own, view::Explained& explained) {
    if (!explanation.opens) return;
    triage::GroupAsked asked{explanation.rules.key.value_or(own), {}};
    if (explanation.rules.key) {
      const auto index = static_cast<std::size_t>(explanation.rules.verdict.correlation);
      const rules::CorrelationRule& rule = explained.policy->rules.correlation[index];
      asked.terms = {rule.window, rule.max_age};
    }
    const auto joins = ask({asked});
    explained.knows_incidents = joins.size() == 1;
    if (explained.knows_incidents) explained.joins = joins.front();
  }

 private:
  using Joins = std::vector<std::optional<IncidentId>>;

  Joins ask(std::vector<triage::GroupAsked> groups) {
    if (!answers_) return {};
    // Shared, because the answer may come after this thread has given up waiting.
    auto promise = std::make_shared<std::promise<Joins>>();
    auto future = promise->get_future();
    site_.options.doors.would_join(
        std::move(groups), [promise](Joins joins) { promise->set_value(std::move(joins)); });
    answers_ = future.wait_for(kLeaseWaitMax) == std::future_status::ready;
    return answers_ ? future.get() : Joins();
  }

  Site& site_;
  bool answers_;
};

// Alerts that are not stored.

struct Decoded {
  Arena arena;
  ingest::Decoded alerts;
  std::string source;
};

Read<std::pair<std::string, ingest::Kind>> find_source(const triage::Policy& policy,
                                                       std::string_view wanted) {
  const auto found = wanted.empty()
                         ? std::ranges::find(policy.sources, kLabelSets, &triage::Source::kind)
                         : std::ranges::find(policy.sources, wanted, &triage::Source::name);
  if (found == policy.sources.end()) {
    if (wanted.empty()) {
      return std::pair(std::string(kLabelSets), ingest::Kind::alertmanager_api);
    }
    return refused(404, "nothing defines the source \"" + std::string(wanted.substr(0, 100)) +
                            "\"; name one of sources in tocsin.yaml");
  }
  const auto kind = ingest::kind_of(found->kind);
  if (!kind) return refused(404, "the source \"" + found->name + "\" sends no alerts");
  return std::pair(found->name, *kind);
}

Read<Decoded> decode(Site& site, const Request& request, const triage::Policy& policy,
                     std::string_view wanted) {
  auto source = find_source(policy, wanted);
  if (!source) return std::unexpected(std::move(source.error()));
  const config::Sender* sender = find_sender(request.terms->senders, source->first);
  if (source->second == ingest::Kind::json && (sender == nullptr || sender->map == nullptr)) {
    return std::unexpected(
        overloaded(Dialect::native, "the configuration changes just now; ask again"));
  }
  ingest::SourceTerms terms;
  terms.source = source->first;
  terms.mapping = sender == nullptr ? nullptr : sender->map.get();
  terms.invented_key = kInventedKey;
  terms.secret = &site.options.secret;
  terms.identity_ignore = &policy.identity_ignore;
  terms.limits.labels = static_cast<std::size_t>(request.terms->limits.labels);
  terms.limits.label_value = static_cast<std::size_t>(request.terms->limits.label_value);
  Decoded out;
  auto decoded = ingest::Decoder().decode(source->second, request.body, terms, nullptr, out.arena);
  if (!decoded) {
    const ingest::BodyError& error = decoded.error();
    return refused(400,
                   "the body cannot be read: " + (error.at.empty() ? "" : "at " + error.at + ", ") +
                       "byte " + std::to_string(error.offset) + ": " + error.problem);
  }
  out.alerts = *std::move(decoded);
  out.source = std::move(source->first);
  return out;
}

/// `,"rejected":[{"at","problem"},…]`, the first ones.
std::string rejected_text(const ingest::Decoded& alerts) {
  std::string out = ",\"rejected\":[";
  for (const ingest::RefusedAlert& one : alerts.refused) {
    if (out.back() != '[') out += ',';
    out += "{\"at\":";
    append_json_string(one.at, out);
    out += ",\"problem\":";
    append_json_string(one.problem, out);
    out += '}';
  }
  return out + "]";
}

// Stored alerts.

/// The rules a stored alert is explained with.
struct Judges {
  std::shared_ptr<const triage::Policy> policy;
  view::RulesOf rules_of = view::RulesOf::now;
  std::string note;
};

std::expected<Judges, store::StoreError> judges_of(Site& site, store::Reader& reader,
                                                   const store::AlertRow& row) {
  Judges now{site.options.doors.policy(), view::RulesOf::now, {}};
  const std::uint64_t then = row.status.rules_hash;
  if (then == now.policy->rules.hash || then == 0) return now;
  const auto settings = site.settings.load();
  auto found = site.old_policies.find(then, reader, *settings);
  if (!found) return std::unexpected(found.error());
  if (found->policy == nullptr) {
    now.rules_of = view::RulesOf::gone;
    return now;
  }
  Judges old{std::move(found->policy), view::RulesOf::then, {}};
  if (found->scopes_differ) {
    old.note =
        "the scopes of fragments in tocsin.yaml have changed since; those of now are used here";
  }
  return old;
}

/// What is kept of the decisions may differ from what the same rules say of the alert as it is now.
bool differs(const store::AlertRow& row, const triage::Explanation& explanation) {
  const auto kept = [](const rules::EffectsRef& effects) {
    return effects == nullptr ? Labels() : rules::kept_form(*effects);
  };
  return kept(row.status.effects) != kept(explanation.rules.verdict.effects);
}

std::optional<store::StoreError> add_row(Site& site, store::Reader& reader,
                                         const store::AlertRow& row, std::size_t near, Core& core,
                                         view::Explanations& out) {
  auto judges = judges_of(site, reader, row);
  if (!judges) return judges.error();
  rules::Question question{
      .labels = row.labels, .annotations = row.annotations, .source = row.source, .near = near};
  if (judges->rules_of == view::RulesOf::gone) {
    question.decided = row.status.effects;
    question.near = 0;
  }
  const triage::Explanation explanation = triage::explain(*judges->policy, question);
  if (judges->note.empty() && differs(row, explanation)) {
    judges->note =
        "what was decided about it is otherwise, as `kept` says: the alert has changed since, or a "
        "reload with --reapply kept what depends on annotations";
  }
  if (judges->note.empty() && is_worse(row.status.severity, explanation.severity)) {
    judges->note =
        "its severity was raised since, by a later report or by criteria that came into force";
  }
  view::Explained explained{.policy = judges->policy.get(),
                            .labels = row.labels,
                            .annotations = row.annotations,
                            .source = row.source,
                            .identity_by = row.identity_by,
                            .sender_key = row.identity_value,
                            .row = &row,
                            .rules_of = judges->rules_of,
                            .note = judges->note};
  if (row.status.incident == IncidentId{}) core.tell(explanation, row.key, explained);
  out.add(explained, explanation);
  return std::nullopt;
}

}  // namespace

Response explain_stored(Site& site, store::Reader* reader, const Request& request) {
  const auto query = Query::parse(request.query);
  if (!query) return error_response(Dialect::native, 400, query.error());
  if (auto unknown =
          unknown_parameter(*query, {"incident", "fingerprint", "alert", "near", "limit"})) {
    return *std::move(unknown);
  }
  const auto bounds = read_bounds(*query);
  if (!bounds) return bounds.error();
  if (reader == nullptr) return store_trouble(site, Dialect::native, nullptr);
  auto found = find_explained(site, *reader, *query);
  if (!found) return std::move(found.error());
  bring_up_to_date(site, found->rows);
  const auto until = Clock::now() + kExplainTimeMax;
  Core core(site);
  view::Explanations out;
  for (const store::AlertRow& row : found->rows) {
    if (out.is_full() || out.count() == bounds->alerts || Clock::now() > until) break;
    if (const auto trouble = add_row(site, *reader, row, bounds->near, core, out)) {
      return store_trouble(site, Dialect::native, &*trouble);
    }
  }
  return json_response(out.take(found->alerts, 0));
}

Response explain_sent(Site& site, store::Reader*, const Request& request) {
  const auto query = Query::parse(request.query);
  if (!query) return error_response(Dialect::native, 400, query.error());
  if (auto unknown = unknown_parameter(*query, {"source", "near", "limit"}))
    return *std::move(unknown);
  const auto bounds = read_bounds(*query);
  if (!bounds) return bounds.error();
  const auto policy = site.options.doors.policy();
  const auto decoded = decode(site, request, *policy, query->get("source"));
  if (!decoded) return decoded.error();
  const Instant now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  const auto until = Clock::now() + kExplainTimeMax;
  Core core(site);
  view::Explanations out;
  for (const Report& report : decoded->alerts.reports) {
    if (out.is_full() || out.count() == bounds->alerts || Clock::now() > until) break;
    const rules::Question question{.labels = report.labels,
                                   .annotations = report.annotations,
                                   .source = decoded->source,
                                   .near = bounds->near};
    const triage::Explanation explanation = triage::explain(*policy, question);
    view::Explained explained = view::explained_as(report, decoded->source, *policy, now);
    core.tell(explanation, report.key, explained);
    out.add(explained, explanation);
  }
  std::size_t refused = 0;
  for (const std::size_t some : decoded->alerts.refused_by) refused += some;
  return json_response(
      out.take(decoded->alerts.reports.size(), refused, rejected_text(decoded->alerts)));
}

}  // namespace tocsin::http
