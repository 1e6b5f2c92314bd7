#include "http/action.h"

#include <algorithm>
#include <boost/json/parser.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <chrono>
#include <cstdint>

#include "http/endpoints.h"
#include "tocsin/view/view.h"

namespace tocsin::http {
namespace {

namespace json = boost::json;

constexpr std::size_t kTextMax = 16U << 10;
constexpr std::size_t kNameMax = 200;
constexpr std::size_t kIdempotencyKeyMax = 255;

std::unexpected<Response> wrong(int status, std::string_view detail) {
  return std::unexpected(error_response(Dialect::native, status, detail));
}

/// The members an action may have; each is text.
struct ActionBody {
  std::string by, note, text;
};

/// Nothing if the member is missing or null.
std::expected<std::string, Response> text_member(const json::object& body, std::string_view name,
                                                 std::size_t bytes_max) {
  const json::value* value = body.if_contains(name);
  if (value == nullptr || value->is_null()) return std::string();
  const json::string* text = value->if_string();
  if (text == nullptr) return wrong(400, "at /" + std::string(name) + ": a text is wanted");
  if (text->size() > bytes_max) {
    return wrong(
        400, "at /" + std::string(name) + ": longer than " + std::to_string(bytes_max) + " bytes");
  }
  return std::string(*text);
}

std::expected<ActionBody, Response> read_body(std::string_view text) {
  ActionBody body;
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return body;
  boost::system::error_code failed;
  json::parser parser;
  const std::size_t read = parser.write(text.data(), text.size(), failed);
  if (failed) {
    return wrong(400,
                 "byte " + std::to_string(read) + ": the body is not JSON: " + failed.message());
  }
  const json::value value = parser.release();
  const json::object* object = value.if_object();
  if (object == nullptr) return wrong(400, "the body is not an object; send {} or nothing");
  auto by = text_member(*object, "by", kNameMax);
  if (!by) return std::unexpected(by.error());
  auto note = text_member(*object, "note", kTextMax);
  if (!note) return std::unexpected(note.error());
  auto note_text = text_member(*object, "text", kTextMax);
  if (!note_text) return std::unexpected(note_text.error());
  return ActionBody{*std::move(by), *std::move(note), *std::move(note_text)};
}

/// `"7"`, `W/"7"` or `7`; `*` and nothing ask for no version. (RFC 9110 section 13.1.1)
std::expected<std::optional<std::uint32_t>, Response> read_if_match(std::string_view header) {
  if (header.empty() || header == "*") return std::optional<std::uint32_t>();
  std::string_view tag = header;
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  if (tag.size() >= 2 && tag.starts_with('"') && tag.ends_with('"')) {
    tag = tag.substr(1, tag.size() - 2);
  }
  std::uint32_t version = 0;
  const auto [end, failed] = std::from_chars(tag.data(), tag.data() + tag.size(), version);
  if (failed != std::errc() || end != tag.data() + tag.size()) {
    return wrong(400, "If-Match is not a version; send the ETag of the incident, such as \"7\"");
  }
  return std::optional(version);
}

/// `"8e03978e-40d5"` or the same without quotes, at most 255 characters that can be seen.
std::expected<std::optional<triage::Idempotency>, Response> read_idempotency(
    const Site& site, const Request& request) {
  std::string_view name = request.head.idempotency_key;
  if (name.empty()) return std::optional<triage::Idempotency>();
  if (name.size() >= 2 && name.starts_with('"') && name.ends_with('"')) {
    name = name.substr(1, name.size() - 2);
  }
  const auto is_seen = [](char c) { return c > ' ' && c < 0x7F; };
  if (name.empty() || name.size() > kIdempotencyKeyMax || !std::ranges::all_of(name, is_seen)) {
    return wrong(400, "Idempotency-Key is not 1 to 255 visible ASCII characters; send a UUID");
  }
  std::string owned = "Idempotency-Key";
  owned.append(1, '\0').append(request.caller.actor).append(1, '\0').append(name);
  const std::uint64_t path = content_hash(request.path);
  return triage::Idempotency{site.options.secret.key_of_bytes(owned),
                             content_hash(request.body, path)};
}

std::optional<triage::Step> step_of(std::string_view verb, IncidentId incident, ActionBody body) {
  if (verb == "ack") return triage::Acknowledge{incident, std::move(body.note)};
  if (verb == "unack") return triage::Unacknowledge{incident, std::move(body.note)};
  if (verb == "resolve") return triage::Resolve{incident, std::move(body.note)};
  if (verb == "reopen") return triage::Reopen{incident, std::move(body.note)};
  if (verb == "note") return triage::AddNote{incident, std::move(body.text)};
  return std::nullopt;
}

int status_of(triage::Refusal refusal) {
  switch (refusal) {
    case triage::Refusal::none:
      return 200;
    case triage::Refusal::unknown_incident:
      return 404;
    case triage::Refusal::wrong_state:
      return 409;
    case triage::Refusal::stale_version:
      return 412;
    case triage::Refusal::wrong_team:
      return 403;
    case triage::Refusal::key_reused:
      return 422;
    case triage::Refusal::no_space:
    case triage::Refusal::too_many_alerts:
      return 503;
  }
  return 500;
}

std::string name_of(IncidentId id) { return "INC-" + std::to_string(id.value); }

std::string refusal_detail(triage::Refusal refusal, std::string_view verb,
                           const triage::Incident& incident) {
  const std::string name = name_of(incident.id);
  if (refusal == triage::Refusal::key_reused) {
    return "the Idempotency-Key was that of another request; give each request its own";
  }
  if (refusal == triage::Refusal::stale_version) {
    return name + " has changed: it is at version " + std::to_string(incident.version) +
           " now; read it again";
  }
  if (refusal == triage::Refusal::wrong_team) {
    const std::string team = incident.team.empty() ? "no team" : "team " + incident.team;
    return name + " is of " + team + "; your token may act on incidents of other teams only";
  }
  return name + " is " + std::string(view::to_string(incident.state)) + ": " + std::string(verb) +
         " does not apply to it";
}

Response unknown_incident(std::string_view name) {
  return error_response(Dialect::native, 404,
                        "there is no incident " + std::string(name) + "; see /v1/incidents");
}

}  // namespace

std::optional<IncidentId> parse_incident_id(std::string_view text) {
  if (text.starts_with("INC-") || text.starts_with("inc-")) text.remove_prefix(4);
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || number == 0) {
    return std::nullopt;
  }
  return IncidentId{number};
}

std::expected<std::unique_ptr<triage::Delivery>, Response> read_action(const Site& site,
                                                                       const Request& request) {
  const auto incident = parse_incident_id(request.id);
  if (!incident) {
    return wrong(404, "incidents are named like INC-42; see /v1/incidents");
  }
  auto version = read_if_match(request.head.if_match);
  if (!version) return std::unexpected(version.error());
  auto idempotency = read_idempotency(site, request);
  if (!idempotency) return std::unexpected(idempotency.error());
  auto body = read_body(request.body);
  if (!body) return std::unexpected(body.error());
  const std::string_view verb = request.route->verb;
  if (verb == "note" && body->text.empty()) {
    return wrong(400, "at /text: a note needs its text; send {\"text\":\"…\"}");
  }
  auto delivery = std::make_unique<triage::Delivery>();
  delivery->lane = triage::Lane::people;
  if (!body->by.empty() && !request.caller.admin) {
    return wrong(403, "at /by: acting in another's name needs the scope admin");
  }
  delivery->actor = body->by.empty() ? request.caller.actor : body->by;
  delivery->teams = request.caller.teams;
  delivery->if_version = *version;
  delivery->idempotency = *idempotency;
  delivery->policy = site.options.doors.policy();
  delivery->received = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  auto step = step_of(verb, *incident, *std::move(body));
  if (!step) return wrong(404, "there is no such action");
  delivery->steps.push_back(*std::move(step));
  return delivery;
}

Response action_response(Site& site, store::Reader* reader, const Request& request, IncidentId id,
                         triage::StepAnswer answer) {
  const int status = status_of(answer.refusal);
  if (status == 404) return unknown_incident(name_of(id));
  if (status == 503) {
    return overloaded(Dialect::native, "the action could not be stored; try again");
  }
  if (reader == nullptr) return store_trouble(site, Dialect::native, nullptr);
  auto incident = reader->incident(id);
  if (!incident) return store_trouble(site, Dialect::native, &incident.error());
  if (!*incident) return unknown_incident(name_of(id));
  if (status != 200) {
    return error_response(Dialect::native, status,
                          refusal_detail(answer.refusal, request.route->verb, **incident));
  }
  bring_up_to_date(site, **incident);
  Response response = json_response(view::incident_json(**incident, request.terms->external_url));
  response.headers = "ETag: \"" + std::to_string((*incident)->version) + "\"\r\n";
  return response;
}

}  // namespace tocsin::http
