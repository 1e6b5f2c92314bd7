#include <optional>
#include <string>
#include <string_view>

#include "http/endpoints.h"
#include "http/limits.h"
#include "http/list_query.h"
#include "tocsin/base/text.h"
#include "tocsin/telemetry/rule_hits.h"

namespace tocsin::http {
namespace {

using telemetry::RuleKind;

constexpr std::size_t kWhenBytesMax = 2'000;

struct Filter {
  std::optional<RuleKind> kind;
  std::string_view file, name;
};

struct Rule {
  RuleKind kind = RuleKind::triage;
  std::size_t number = 0;
  const Position* at = nullptr;
  const rules::Predicate* when = nullptr;
};

Rule rule_of(const triage::Policy& policy, RuleKind kind, std::size_t number) {
  switch (kind) {
    case RuleKind::triage: {
      const rules::TriageRule& rule = policy.rules.triage[number];
      return {kind, number, &rule.at, &rule.when};
    }
    case RuleKind::severity: {
      const rules::SeverityCriterion& rule = policy.rules.severity.criteria[number];
      return {kind, number, &rule.at, &rule.when};
    }
    case RuleKind::correlation:
      break;
  }
  const rules::CorrelationRule& rule = policy.rules.correlation[number];
  return {kind, number, &rule.at, &rule.when};
}

void append(const Rule& rule, std::string_view name, telemetry::RuleHit hit, std::string& out) {
  out += "{\"name\":";
  append_json_string(name, out);
  out.append(",\"kind\":\"").append(to_string(rule.kind)).append("\",\"at\":");
  append_json_string(format_short(*rule.at), out);
  out += ",\"file\":";
  append_json_string(rule.at->file, out);
  out += ",\"line\":" + std::to_string(rule.at->line) + ",\"hits\":" + std::to_string(hit.count) +
         ",\"last_hit\":";
  if (hit.last == Instant{}) {
    out += "null";
  } else {
    append_json_string(format_rfc3339(hit.last), out);
  }
  out += ",\"when\":";
  append_json_string(to_string(*rule.when, kWhenBytesMax), out);
  out += '}';
}

std::string hex(std::uint64_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out(16, '0');
  for (std::size_t i = 16; i-- > 0; value >>= 4U) out[i] = kDigits[value & 15U];
  return out;
}

std::expected<Filter, Response> read_filter(const Query& query) {
  if (auto unknown = unknown_parameter(query, {"kind", "file", "q", "limit", "cursor"})) {
    return std::unexpected(*std::move(unknown));
  }
  Filter filter{std::nullopt, query.get("file"), query.get("q")};
  const std::string_view word = query.get("kind");
  if (word.empty()) return filter;
  for (const RuleKind kind : telemetry::kRuleKinds) {
    if (to_string(kind) == word) filter.kind = kind;
  }
  if (filter.kind) return filter;
  return std::unexpected(
      error_response(Dialect::native, 400, "kind is none of triage, severity, correlation"));
}

/// Rules in the order in which they are asked, from `next` on; it is 0 if none are left.
std::string list(const triage::Policy& policy, const telemetry::RuleHits* hits,
                 const Filter& filter, std::uint64_t& next, std::size_t limit) {
  std::string out;
  std::uint64_t position = 0;
  std::size_t shown = 0;
  for (const RuleKind kind : telemetry::kRuleKinds) {
    const std::size_t size = telemetry::rule_count(policy, kind);
    for (std::size_t i = 0; i < size; ++i) {
      const Rule rule = rule_of(policy, kind, i);
      const std::string_view name = telemetry::rule_name(policy, kind, i);
      if (position++ < next || (filter.kind && kind != *filter.kind)) continue;
      if (!filter.file.empty() && rule.at->file != filter.file) continue;
      if (name.find(filter.name) == name.npos) continue;
      if (shown++ == limit) {
        next = position - 1;
        return out;
      }
      if (!out.empty()) out += ',';
      append(rule, name, hits == nullptr ? telemetry::RuleHit{} : hits->of(kind, i), out);
    }
  }
  next = 0;
  return out;
}

}  // namespace

Response list_rules(Site& site, store::Reader*, const Request& request) {
  const auto query = Query::parse(request.query);
  if (!query) return error_response(Dialect::native, 400, query.error());
  const auto filter = read_filter(*query);
  if (!filter) return filter.error();
  const auto limit = read_limit(*query);
  if (!limit) return limit.error();
  auto next = read_cursor(*query);
  if (!next) return std::move(next.error());
  const auto hits = site.options.metrics ? site.options.metrics->rule_hits() : nullptr;
  const auto in_force = site.options.doors.policy();
  const triage::Policy& policy = hits ? hits->policy() : *in_force;
  std::string out = "{\"rules_hash\":\"" + hex(policy.rules.hash) + "\",\"rules\":[";
  out += list(policy, hits.get(), *filter, *next, *limit);
  out += *next == 0 ? "],\"next\":null}" : "],\"next\":\"" + std::to_string(*next) + "\"}";
  return json_response(std::move(out));
}

}  // namespace tocsin::http
