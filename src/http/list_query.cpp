#include "http/list_query.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <optional>

#include "http/limits.h"
#include "tocsin/view/view.h"

namespace tocsin::http {
namespace {

constexpr std::array kIncidentStates = {
    triage::IncidentState::triggered, triage::IncidentState::acknowledged,
    triage::IncidentState::recovering, triage::IncidentState::resolved,
    triage::IncidentState::closed};

std::unexpected<Response> wrong(std::string_view parameter, std::string_view value,
                                std::string_view cure) {
  std::string detail = "parameter ";
  detail += parameter;
  detail += ": \"";
  detail += value.substr(0, 100);
  detail += "\" ";
  detail += cure;
  return std::unexpected(error_response(Dialect::native, 400, detail));
}

std::expected<std::uint64_t, Response> read_number(const Query& query, std::string_view name,
                                                   std::uint64_t otherwise) {
  const std::string_view text = query.get(name);
  if (text.empty()) return otherwise;
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size()) {
    return wrong(name, text, "is not a number");
  }
  return number;
}

/// A time, or a duration that is taken back from now.
std::expected<std::optional<Instant>, Response> read_since(const Query& query, Instant now) {
  const std::string_view text = query.get("since");
  if (text.empty()) return std::optional<Instant>();
  if (auto instant = parse_rfc3339(text)) return instant;
  if (const auto duration = parse_duration(text)) return std::optional(now - *duration);
  return wrong("since", text, "is neither an RFC 3339 time nor a duration such as 2h");
}

std::expected<std::vector<triage::IncidentState>, Response> read_states(const Query& query) {
  std::vector<triage::IncidentState> states;
  for (const std::string_view word : query.all("state")) {
    if (word == "all") return std::vector<triage::IncidentState>();
    const auto known = std::ranges::find_if(
        kIncidentStates, [&](auto state) { return view::to_string(state) == word; });
    if (known != kIncidentStates.end()) {
      states.push_back(*known);
    } else if (word != "open" && !word.empty()) {
      return wrong("state", word,
                   "is none of open, all, triggered, acknowledged, recovering, resolved, closed");
    }
    if (word == "open") {
      states.insert(states.end(), kIncidentStates.begin(), kIncidentStates.begin() + 3);
    }
  }
  if (states.empty()) states.assign(kIncidentStates.begin(), kIncidentStates.begin() + 3);
  return states;
}

std::vector<std::string> texts(const Query& query, std::string_view name) {
  const auto views = query.all(name);
  return {views.begin(), views.end()};
}

}  // namespace

std::optional<Response> unknown_parameter(const Query& query,
                                          std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : query.pairs()) {
    if (name == "token" || std::ranges::find(known, name) != known.end()) continue;
    std::string detail = "there is no parameter \"" + name.substr(0, 100) + "\"; those there are:";
    for (const std::string_view one : known) detail.append(" ").append(one);
    return error_response(Dialect::native, 400, detail);
  }
  return std::nullopt;
}

std::expected<std::size_t, Response> read_limit(const Query& query) {
  const auto number = read_number(query, "limit", kListLimit);
  if (!number) return std::unexpected(number.error());
  if (*number == 0) return wrong("limit", "0", "shows nothing; at least 1");
  return static_cast<std::size_t>(std::min<std::uint64_t>(*number, kListLimitMax));
}

std::expected<std::uint64_t, Response> read_cursor(const Query& query) {
  return read_number(query, "cursor", 0);
}

std::expected<store::IncidentQuery, Response> read_incident_query(const Query& query, Instant now) {
  if (auto unknown = unknown_parameter(
          query, {"state", "severity", "service", "team", "since", "q", "limit", "cursor"})) {
    return std::unexpected(*std::move(unknown));
  }
  store::IncidentQuery wanted;
  auto states = read_states(query);
  if (!states) return std::unexpected(states.error());
  wanted.states = *std::move(states);
  for (const std::string_view word : query.all("severity")) {
    const auto severity = parse_severity(word);
    if (!severity) return wrong("severity", word, "is none of SEV-1, SEV-2, SEV-3, SEV-4");
    wanted.severities.push_back(*severity);
  }
  wanted.services = texts(query, "service");
  wanted.teams = texts(query, "team");
  const auto since = read_since(query, now);
  if (!since) return std::unexpected(since.error());
  wanted.since = *since;
  const auto limit = read_limit(query);
  if (!limit) return std::unexpected(limit.error());
  wanted.limit = *limit;
  const auto cursor = read_cursor(query);
  if (!cursor) return std::unexpected(cursor.error());
  wanted.before = *cursor;
  return wanted;
}

std::expected<store::AlertQuery, Response> read_alert_query(const Query& query) {
  if (auto unknown = unknown_parameter(query, {"state", "source", "q", "limit", "cursor"})) {
    return std::unexpected(*std::move(unknown));
  }
  store::AlertQuery wanted;
  const auto states = query.all("state");
  for (const std::string_view word : states) {
    if (word == "firing") {
      wanted.state = triage::AlertState::firing;
    } else if (word == "resolved") {
      wanted.state = triage::AlertState::resolved;
    } else if (word != "all" && !word.empty()) {
      return wrong("state", word, "is none of firing, resolved, all");
    }
  }
  // Several states together are all there are.
  if (states.size() > 1 && std::ranges::any_of(states, [&](auto w) { return w != states[0]; })) {
    wanted.state.reset();
  }
  wanted.source = query.get("source");
  const auto limit = read_limit(query);
  if (!limit) return std::unexpected(limit.error());
  wanted.limit = *limit;
  const auto cursor = read_cursor(query);
  if (!cursor) return std::unexpected(cursor.error());
  wanted.before = *cursor;
  return wanted;
}

}  // namespace tocsin::http
