#include "tocsin/triage/explain.h"

#include <algorithm>
#include <charconv>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/action.h"
#include "http/endpoints.h"
#include "http/limits.h"
#include "http/list_query.h"
#include "http/old_policies.h"
#include "tocsin/base/text.h"
#include "tocsin/ingest/ingest.h"
#include "tocsin/view/explanation.h"
#include "tocsin/view/view.h"

namespace tocsin::http {
namespace {

constexpr std::string_view kLabelSets = "alertmanager-api";
constexpr std::string_view kInventedKey = "(made for each event)";
/// Alerts that share a fingerprint and are named to choose from.
constexpr std::size_t kChoicesMax = 20;

template <class T>
using Read = std::expected<T, Response>;

std::unexpected<Response> refused(int status, std::string detail) {
  return std::unexpected(error_response(Dialect::native, status, detail));
}

Read<std::size_t> read_near(const Query& query) {
  const std::string_view text = query.get("near");
  std::size_t near = 0;
  if (text.empty()) return near;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), near);
  if (failed == std::errc() && end == text.data() + text.size() && near <= rules::kNearMax) {
    return near;
  }
  return refused(400, "near is a number of rules, at most " + std::to_string(rules::kNearMax));
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
        "when it fired the rules decided otherwise, as `kept` says: the alert has changed since, "
        "or "
        "later rules raised its severity";
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

/// The first alerts of an incident, the one that opened it first.
std::expected<std::vector<store::AlertRow>, store::StoreError> first_alerts(store::Reader& reader,
                                                                            IncidentId incident) {
  store::AlertQuery wanted;
  wanted.incident = incident;
  wanted.limit = kListLimitMax;
  std::vector<store::AlertRow> rows;
  for (std::size_t looked_at = 0; looked_at < kScanMax;) {
    auto page = reader.alerts(wanted);
    if (!page) return std::unexpected(page.error());
    looked_at += page->size();
    const bool is_last = page->size() < wanted.limit;
    if (!page->empty()) wanted.before = page->back().id.value;
    if (!page->empty()) rows = *std::move(page);
    if (is_last) break;
  }
  std::ranges::reverse(rows);
  return rows;
}

/// Alerts with this fingerprint among the newest that are looked at, those that fire first.
std::expected<std::vector<store::AlertRow>, store::StoreError> with_fingerprint(
    store::Reader& reader, std::string_view wanted) {
  std::vector<store::AlertRow> found;
  for (const auto state :
       {std::optional(triage::AlertState::firing), std::optional<triage::AlertState>()}) {
    store::AlertQuery query;
    query.state = state;
    query.limit = kListLimitMax;
    for (std::size_t looked_at = 0; looked_at < kScanMax;) {
      auto page = reader.alerts(query);
      if (!page) return std::unexpected(page.error());
      looked_at += page->size();
      for (store::AlertRow& row : *page) {
        query.before = row.id.value;
        if (row.fingerprint == wanted && found.size() < kChoicesMax)
          found.push_back(std::move(row));
      }
      if (page->size() < query.limit) break;
    }
    if (!found.empty()) break;
  }
  return found;
}

Response choices(const std::vector<store::AlertRow>& rows) {
  std::string detail = std::to_string(rows.size()) +
                       " alerts have this fingerprint, with keys of their senders; ask for one of "
                       "them by its id:";
  for (const store::AlertRow& row : rows) {
    detail += " alert=" + std::to_string(row.id.value) + " (source " + row.source + ", key \"" +
              row.identity_value.substr(0, 100) + "\");";
  }
  detail.pop_back();
  return error_response(Dialect::native, 409, detail);
}

Read<std::vector<store::AlertRow>> read_incident(Site& site, store::Reader& reader,
                                                 std::string_view word, std::size_t& members) {
  const auto id = parse_incident_id(word);
  if (!id) return refused(404, "incidents are named like INC-42; see /v1/incidents");
  const auto incident = reader.incident(*id);
  if (!incident) return std::unexpected(store_trouble(site, Dialect::native, &incident.error()));
  if (!*incident) {
    return refused(404, "there is no incident INC-" + std::to_string(id->value) +
                            "; see /v1/incidents?state=all");
  }
  auto rows = first_alerts(reader, *id);
  if (!rows) return std::unexpected(store_trouble(site, Dialect::native, &rows.error()));
  members = std::max(rows->size(), std::size_t{(*incident)->firing} + (*incident)->resolved);
  return *std::move(rows);
}

Read<std::vector<store::AlertRow>> read_fingerprint(Site& site, store::Reader& reader,
                                                    std::string_view word) {
  auto rows = with_fingerprint(reader, word);
  if (!rows) return std::unexpected(store_trouble(site, Dialect::native, &rows.error()));
  if (rows->empty()) {
    return refused(404, "no alert with this fingerprint is among the newest " +
                            std::to_string(kScanMax) +
                            "; find its id with /v1/alerts?q=… and ask for alert=ID");
  }
  if (rows->size() > 1) return std::unexpected(choices(*rows));
  return *std::move(rows);
}

Read<std::vector<store::AlertRow>> read_alert(Site& site, store::Reader& reader,
                                              std::string_view word) {
  std::uint64_t id = 0;
  const auto [end, failed] = std::from_chars(word.data(), word.data() + word.size(), id);
  const bool good =
      failed == std::errc() && end == word.data() + word.size() && id > 0 && id < UINT64_MAX;
  std::vector<store::AlertRow> rows;
  if (good) {
    store::AlertQuery wanted;
    wanted.before = id + 1;
    wanted.limit = 1;
    auto found = reader.alerts(wanted);
    if (!found) return std::unexpected(store_trouble(site, Dialect::native, &found.error()));
    if (!found->empty() && found->front().id.value == id) rows = *std::move(found);
  }
  if (rows.empty()) return refused(404, "there is no such alert; ids stand in /v1/alerts");
  return rows;
}

Read<std::vector<store::AlertRow>> read_rows(Site& site, store::Reader& reader, const Query& query,
                                             std::size_t& members) {
  if (query.has("incident")) return read_incident(site, reader, query.get("incident"), members);
  members = 1;
  if (query.has("fingerprint")) return read_fingerprint(site, reader, query.get("fingerprint"));
  if (query.has("alert")) return read_alert(site, reader, query.get("alert"));
  return refused(400,
                 "say what to explain: incident=INC-42, fingerprint=… or alert=ID; or POST alerts");
}

}  // namespace

Response explain_stored(Site& site, store::Reader* reader, const Request& request) {
  const auto query = Query::parse(request.query);
  if (!query) return error_response(Dialect::native, 400, query.error());
  if (auto unknown = unknown_parameter(*query, {"incident", "fingerprint", "alert", "near"})) {
    return *std::move(unknown);
  }
  const auto near = read_near(*query);
  if (!near) return near.error();
  if (reader == nullptr) return store_trouble(site, Dialect::native, nullptr);
  std::size_t members = 0;
  auto rows = read_rows(site, *reader, *query, members);
  if (!rows) return std::move(rows.error());
  bring_up_to_date(site, *rows);
  Core core(site);
  view::Explanations out;
  for (const store::AlertRow& row : *rows) {
    if (out.is_full()) break;
    if (const auto trouble = add_row(site, *reader, row, *near, core, out)) {
      return store_trouble(site, Dialect::native, &*trouble);
    }
  }
  return json_response(out.take(members, 0));
}

Response explain_sent(Site& site, store::Reader*, const Request& request) {
  const auto query = Query::parse(request.query);
  if (!query) return error_response(Dialect::native, 400, query.error());
  if (auto unknown = unknown_parameter(*query, {"source", "near"})) return *std::move(unknown);
  const auto near = read_near(*query);
  if (!near) return near.error();
  const auto policy = site.options.doors.policy();
  const auto decoded = decode(site, request, *policy, query->get("source"));
  if (!decoded) return decoded.error();
  Core core(site);
  view::Explanations out;
  for (const Report& report : decoded->alerts.reports) {
    if (out.is_full()) break;
    const rules::Question question{.labels = report.labels,
                                   .annotations = report.annotations,
                                   .source = decoded->source,
                                   .near = *near};
    const triage::Explanation explanation = triage::explain(*policy, question);
    view::Explained explained{.policy = policy.get(),
                              .labels = report.labels,
                              .annotations = report.annotations,
                              .source = decoded->source,
                              .identity_by = report.identity_by,
                              .sender_key = report.sender_key};
    core.tell(explanation, report.key, explained);
    out.add(explained, explanation);
  }
  std::size_t refused = 0;
  for (const std::size_t some : decoded->alerts.refused_by) refused += some;
  return json_response(
      out.take(decoded->alerts.reports.size(), refused, rejected_text(decoded->alerts)));
}

}  // namespace tocsin::http
