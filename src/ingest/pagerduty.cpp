#include "ingest/pagerduty.h"

#include <utility>

#include "ingest/json_repair.h"
#include "ingest/label_sets.h"
#include "ingest/listed_alerts.h"
#include "ingest/text_pairs.h"
#include "ingest/value_text.h"
#include "ingest/wording.h"

namespace tocsin::ingest {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

/// PagerDuty takes 255 characters; whoever sends a few more finds their alert as well.
constexpr std::size_t kKeyBytesMax = 1024;
/// Links and images that are kept of one event.
constexpr std::size_t kLinksMax = 20;

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::optional<element> find(object in, std::string_view name) {
  std::optional<element> found;
  for (const auto [key, value] : in) {
    if (key == name && !value.is_null()) found = value;  // Of repeated ones the last.
  }
  return found;
}

/// "" if it is missing.
std::string text_at(object in, std::string_view name) {
  const auto found = find(in, name);
  return found ? text_of(*found) : std::string();
}

std::optional<object> object_at(object in, std::string_view name) {
  const auto found = find(in, name);
  object out;
  if (!found || found->get(out) != simdjson::SUCCESS) return std::nullopt;
  return out;
}

/// "text <href>" a line, for `links` and `images`.
std::string link_lines(object event, std::string_view name, std::string_view address,
                       std::string_view words) {
  simdjson::dom::array list;
  const auto found = find(event, name);
  std::string lines;
  if (!found || found->get(list) != simdjson::SUCCESS) return lines;
  std::size_t count = 0;
  for (const element one : list) {
    object link;
    if (one.get(link) != simdjson::SUCCESS || ++count > kLinksMax) continue;
    const std::string to = text_at(link, address);
    if (to.empty()) continue;
    const std::string text = text_at(link, words);
    if (!lines.empty()) lines += '\n';
    lines += text.empty() ? to : text + " <" + to + ">";
  }
  return lines;
}

std::string first_link(object event) {
  simdjson::dom::array list;
  const auto found = find(event, "links");
  if (!found || found->get(list) != simdjson::SUCCESS) return {};
  for (const element one : list) {
    object link;
    if (one.get(link) == simdjson::SUCCESS) return text_at(link, "href");
  }
  return {};
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::unexpected<BodyError> invalid(std::string_view at, std::string problem) {
  BodyError error;
  error.at = at;
  error.problem = std::move(problem);
  error.reason = "invalid_event";
  return std::unexpected(std::move(error));
}

class Event {
 public:
  Event(object event, const SourceTerms& terms, Arena& arena)
      : event_(event), payload_(object_at(event, "payload")), terms_(terms), arena_(arena) {}

  std::expected<Decoded, BodyError> read() {
    const std::string action = text_at(event_, "event_action");
    const bool triggers = action == "trigger";
    if (!triggers && action != "acknowledge" && action != "resolve") {
      return invalid("/event_action",
                     "event_action is missing or unknown; send trigger, acknowledge or resolve");
    }
    if (auto problem = read_key(triggers)) return std::unexpected(*std::move(problem));
    if (triggers && (!payload_ || is_blank(text_at(*payload_, "summary")))) {
      return invalid("/payload/summary",
                     "payload.summary is missing or blank; say in it what is wrong");
    }
    const Key key = terms_.secret->key_of_sender(terms_.source, out_.event_key);
    if (action == "acknowledge") {
      out_.acknowledged = key;
    } else {
      out_.reports.push_back(report(key, triggers));
    }
    return std::move(out_);
  }

 private:
  std::optional<BodyError> read_key(bool triggers) {
    out_.event_key = text_at(event_, "dedup_key");
    if (out_.event_key.size() > kKeyBytesMax) {
      return invalid("/dedup_key", "dedup_key is longer than 255 characters").error();
    }
    if (!out_.event_key.empty() && !is_placeholder(out_.event_key)) return std::nullopt;
    if (!triggers) {
      return invalid("/dedup_key",
                     "dedup_key is missing or was not expanded; send the one of the trigger")
          .error();
    }
    if (!out_.event_key.empty()) {
      remark("/dedup_key", "\"" + out_.event_key +
                               "\" was not expanded by its sender, so it is no key: every trigger "
                               "is a new alert");
    }
    out_.event_key = terms_.invented_key;
    return std::nullopt;
  }

  Report report(const Key& key, bool triggers) {
    Report report;
    report.key = key;
    report.identity_by = IdentityBy::sender_key;
    report.sender_key = arena_.copy(out_.event_key);
    report.phase = triggers ? Phase::firing : Phase::resolved;
    const ListedAlerts listed = listed_alerts();
    report.labels = within_limits(labels(listed), terms_.limits, arena_, report.truncated);
    report.annotations =
        within_limits(annotations(listed), terms_.limits, arena_, report.truncated);
    std::string url = listed.source;
    if (url.empty()) url = first_link(event_);
    if (url.empty()) url = text_at(event_, "client_url");
    if (url.size() <= terms_.limits.label_value) report.generator_url = arena_.copy(url);
    (triggers ? report.starts_at : report.ends_at) = timestamp();
    return report;
  }

  Labels labels(const ListedAlerts& listed) const {
    TextPairs labels;
    for (const auto& [name, value] : listed.labels) labels.set(name, value);
    if (!payload_) {
      labels.set("alertname", out_.event_key);
      return labels.labels();
    }
    labels.set_if_missing("alertname", text_at(*payload_, "summary"));
    for (const char* name : {"source", "component", "group", "class"}) {
      labels.set_if_missing(name, text_at(*payload_, name));
    }
    labels.set("severity", lower(text_at(*payload_, "severity")));
    // The end of an alert, in a payload that says nothing: as without one.
    if (labels.empty()) labels.set("alertname", out_.event_key);
    return labels.labels();
  }

  Labels annotations(const ListedAlerts& listed) const {
    TextPairs annotations;
    for (const auto& [name, value] : listed.annotations) annotations.set(name, value);
    const auto details = payload_ ? find(*payload_, "custom_details") : std::nullopt;
    object members;
    if (details && details->get(members) == simdjson::SUCCESS) {
      for (const auto [name, value] : members) annotations.set(std::string(name), text_of(value));
    } else if (details) {
      annotations.set("description", text_of(*details));
    }
    if (payload_) annotations.set("summary", text_at(*payload_, "summary"));
    annotations.set("client", text_at(event_, "client"));
    annotations.set("client_url", text_at(event_, "client_url"));
    annotations.set("links", link_lines(event_, "links", "href", "text"));
    annotations.set("images", link_lines(event_, "images", "src", "alt"));
    return annotations.labels();
  }

  /// Of the alerts that the event stands for, if their sender listed them.
  ListedAlerts listed_alerts() const {
    const auto details = payload_ ? object_at(*payload_, "custom_details") : std::nullopt;
    return details ? read_listed_alerts(text_at(*details, "firing")) : ListedAlerts{};
  }

  std::optional<Instant> timestamp() {
    const std::string text = payload_ ? text_at(*payload_, "timestamp") : std::string();
    if (is_unset_time(text)) return std::nullopt;
    const auto instant = parse_any_time(text);
    if (!instant) {
      remark("/payload/timestamp", "\"" + std::string(cut_utf8(text, 60)) + "\" is no time");
    }
    return instant;
  }

  void remark(std::string_view at, std::string problem) {
    out_.remarks.push_back({0, std::string(at), std::move(problem)});
  }

  object event_;
  std::optional<object> payload_;
  const SourceTerms& terms_;
  Arena& arena_;
  Decoded out_;
};

}  // namespace

std::expected<Decoded, BodyError> read_pagerduty_event(element root, const SourceTerms& terms,
                                                       Arena& arena) {
  object event;
  if (root.get(event) != simdjson::SUCCESS) {
    return wrong_body("", root, "the object of an event should stand", "not_an_object");
  }
  return Event(event, terms, arena).read();
}

std::string pagerduty_routing_key(element root) {
  object event;
  return root.get(event) == simdjson::SUCCESS ? text_at(event, "routing_key") : std::string();
}

}  // namespace tocsin::ingest
