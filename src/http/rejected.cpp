#include "http/rejected.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <chrono>

#include "http/endpoints.h"
#include "http/list_query.h"
#include "http/redact.h"
#include "tocsin/base/text.h"

namespace tocsin::http {
namespace {

namespace json = boost::json;

/// Of one body; larger ones are kept as far as this, and cannot be replayed.
constexpr std::size_t kKeptBytesMax = 1U << 20;

void append_problem(std::size_t index, std::string_view at, std::string_view problem,
                    std::string& out) {
  if (out.back() != '[') out += ',';
  out += "{\"index\":" + std::to_string(index) + ",\"at\":";
  append_json_string(at, out);
  out += ",\"problem\":";
  append_json_string(problem, out);
  out += '}';
}

void keep(Site& site, std::string_view body, store::RejectedBody rejected) {
  const std::string_view kept = body.substr(0, kKeptBytesMax);
  if (!site.options.doors.rejected_has_room(kept.size())) return;
  rejected.at = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  rejected.bytes = body.size();
  rejected.body = redacted(kept);
  rejected.masked = rejected.body != kept;
  site.options.doors.keep_rejected(std::move(rejected));
}

std::uint64_t parse_id(std::string_view text) {
  std::uint64_t id = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), id);
  return failed == std::errc() && end == text.data() + text.size() ? id : 0;
}

Response unknown(std::string_view id) {
  return error_response(Dialect::native, 404,
                        "there is no rejected body " + std::string(id.substr(0, 40)) +
                            "; see /v1/rejected for those that are kept");
}

void append_rejected(const store::RejectedBody& one, std::string& out) {
  out += "{\"id\":\"" + std::to_string(one.id) + "\",\"at\":\"" + format_rfc3339(one.at) +
         "\",\"source\":";
  append_json_string(one.source, out);
  out += ",\"reason\":";
  append_json_string(one.reason, out);
  out += ",\"offset\":" + std::to_string(one.offset) +
         ",\"refused\":" + std::to_string(one.refused) + ",\"problems\":" + one.problems +
         ",\"bytes\":" + std::to_string(one.bytes) +
         ",\"cut\":" + (one.kept < one.bytes ? "true" : "false") +
         ",\"masked\":" + (one.masked ? "true" : "false");
}

}  // namespace

void keep_rejected(Site& site, std::string_view source, std::string_view body,
                   const ingest::BodyError& error) {
  store::RejectedBody rejected;
  rejected.source = source;
  rejected.reason = error.reason;
  rejected.offset = error.offset;
  rejected.problems = "[";
  append_problem(0, error.at, error.problem, rejected.problems);
  rejected.problems += ']';
  keep(site, body, std::move(rejected));
}

void keep_rejected(Site& site, std::string_view source, std::string_view body, std::size_t count,
                   const std::vector<ingest::RefusedAlert>& described) {
  if (described.empty()) return;
  store::RejectedBody rejected;
  rejected.source = source;
  rejected.reason = to_string(described.front().reason);
  rejected.refused = count;
  rejected.problems = "[";
  for (const ingest::RefusedAlert& one : described) {
    append_problem(one.index, one.at, one.problem, rejected.problems);
  }
  rejected.problems += ']';
  keep(site, body, std::move(rejected));
}

std::expected<store::RejectedBody, Response> find_rejected(Site& site, store::Reader* reader,
                                                           const Request& request) {
  if (!request.caller.teams.empty()) {
    return std::unexpected(
        error_response(Dialect::native, 403,
                       "rejected bodies belong to no team, so a token for the incidents of some "
                       "teams may not see or replay them; use one with the scope respond"));
  }
  if (reader == nullptr) return std::unexpected(store_trouble(site, Dialect::native, nullptr));
  const std::uint64_t id = parse_id(request.id);
  if (id == 0) return std::unexpected(unknown(request.id));
  auto found = reader->rejected_body(id);
  if (!found) return std::unexpected(store_trouble(site, Dialect::native, &found.error()));
  if (!*found) return std::unexpected(unknown(request.id));
  return **std::move(found);
}

std::optional<std::vector<std::size_t>> refused_in(const store::RejectedBody& rejected) {
  std::vector<std::size_t> indexes;
  if (rejected.refused == 0) return indexes;
  boost::system::error_code failed;
  const json::value problems = json::parse(rejected.problems, failed);
  const json::array* list = problems.if_array();
  if (failed || list == nullptr || list->size() < rejected.refused) return std::nullopt;
  for (const json::value& one : *list) {
    const json::object* problem = one.if_object();
    const json::value* index = problem == nullptr ? nullptr : problem->if_contains("index");
    if (index == nullptr || !index->is_int64()) return std::nullopt;
    indexes.push_back(static_cast<std::size_t>(index->get_int64()));
  }
  return indexes;
}

Response list_rejected(Site& site, store::Reader* reader, const Request& request) {
  const auto query = Query::parse(request.query);
  if (!query) return error_response(Dialect::native, 400, query.error());
  auto limit = read_limit(*query);
  if (!limit) return std::move(limit.error());
  auto before = read_cursor(*query);
  if (!before) return std::move(before.error());
  if (reader == nullptr) return store_trouble(site, Dialect::native, nullptr);
  const auto found = reader->rejected(*before, *limit);
  if (!found) return store_trouble(site, Dialect::native, &found.error());
  std::string out = "{\"rejected\":[";
  for (const store::RejectedBody& one : *found) {
    if (out.back() != '[') out += ',';
    append_rejected(one, out);
    out += '}';
  }
  out += "],\"next\":";
  const bool more = found->size() == *limit;
  out += more ? "\"" + std::to_string(found->back().id) + "\"}" : "null}";
  return json_response(std::move(out));
}

Response show_rejected(Site& site, store::Reader* reader, const Request& request) {
  const auto found = find_rejected(site, reader, request);
  if (!found) return found.error();
  std::string out;
  append_rejected(*found, out);
  out += ",\"body\":";
  append_json_string(found->body, out);
  return json_response(out + "}");
}

}  // namespace tocsin::http
