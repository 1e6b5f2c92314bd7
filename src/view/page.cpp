#include <algorithm>
#include <string>

#include "tocsin/view/view.h"
#include "view/append.h"
#include "view/json_object.h"

namespace tocsin::view {
namespace {

using store::AlertRow;
using triage::Page;

void append_page(const Page& page, std::string_view ending_words, JsonObject& object) {
  JsonObject shown(object.name("page"));
  shown.text("key", page.key);
  shown.number("attempt", page.attempts + 1);
  shown.boolean("possible_duplicate", page.possible_duplicate);
  shown.text("to", page.channel);
  shown.text("reason", page.reason);
  if (!ending_words.empty()) shown.text("ending", ending_words);
  shown.close();
}

}  // namespace

std::string page_json(const Page& page, const triage::Incident& incident,
                      const std::vector<AlertRow>& alerts, std::string_view external_url) {
  std::string out;
  JsonObject object(out);
  object.text("event", triage::to_string(page.event));
  append_page(page, ending(page.event, alerts), object);
  append_incident(incident, external_url, object.name("incident"));
  const std::size_t shown = append_alerts_that_fit(
      alerts, object.name("alerts"), [&](const AlertRow& alert) { append_alert(alert, out); });
  const std::size_t members = std::size_t{incident.firing} + incident.resolved;
  const std::size_t all = std::max(members, alerts.size());
  if (shown < all) object.number("alerts_omitted", all - shown);
  object.close();
  return out;
}

std::string_view ending(triage::Event event, const std::vector<AlertRow>& alerts) {
  if (event != triage::Event::resolved && event != triage::Event::recovering) return "";
  const auto any_ended_by = [&](triage::EndedBy by) {
    return std::ranges::any_of(alerts, [by](const AlertRow& alert) {
      return alert.status.state == triage::AlertState::resolved && alert.status.ended_by == by;
    });
  };
  if (any_ended_by(triage::EndedBy::lease)) return "no longer reported";
  if (any_ended_by(triage::EndedBy::person)) return "closed by a person";
  return any_ended_by(triage::EndedBy::resolve) ? "recovered" : "";
}

std::string problem_json(int status, std::string_view title, std::string_view detail) {
  std::string out;
  JsonObject object(out);
  object.text("type", "about:blank");
  object.text("title", title);
  object.number("status", static_cast<unsigned>(std::clamp(status, 0, 999)));
  object.text("detail", detail);
  object.close();
  return out;
}

}  // namespace tocsin::view
