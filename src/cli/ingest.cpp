#include "cli/ingest.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <ostream>

#include "cli/document.h"
#include "cli/pages.h"
#include "cli/payload.h"
#include "cli/table.h"
#include "tocsin/config/config.h"
#include "tocsin/ingest/ingest.h"
#include "tocsin/rules/rule_set.h"

namespace tocsin::cli {
namespace {

namespace json = boost::json;

json::value text_or_null(std::string_view text) {
  return text.empty() ? json::value() : json::value(json::string(text));
}

json::value time_or_null(const std::optional<Instant>& at) {
  return at ? json::value(json::string(format_rfc3339(*at))) : json::value();
}

json::object labels_json(LabelsView labels) {
  json::object out;
  for (const Label label : labels) out[label.name] = json::string(label.value);
  return out;
}

/// The labels that tell this alert apart.
json::object identity_labels(LabelsView labels, const std::vector<std::string>& ignored) {
  json::object kept;
  for (const Label label : labels) {
    if (!std::ranges::binary_search(ignored, label.name)) {
      kept[label.name] = json::string(label.value);
    }
  }
  return kept.empty() ? labels_json(labels) : kept;
}

std::string_view state_of(const Report& report, Instant now) {
  const bool over =
      report.phase == Phase::resolved || (report.phase == Phase::by_end && *report.ends_at <= now);
  return over ? "resolved" : "firing";
}

json::object alert_json(const Report& report, const triage::Policy& policy, std::string_view source,
                        Instant now) {
  const rules::Verdict verdict =
      rules::match(policy.rules, report.labels, report.annotations, source);
  const rules::Subject subject =
      rules::subject_of(policy.rules, verdict, report.labels, report.annotations, source);
  const rules::SeverityReason reason = rules::severity_reason(policy.rules, verdict);
  const bool keyed = report.identity_by == IdentityBy::sender_key;
  json::object identity{{"by", keyed ? "sender_key" : "labels"}};
  if (keyed) {
    identity["value"] = json::string(report.sender_key);
  } else {
    identity["value"] = identity_labels(report.labels, policy.identity_ignore);
  }
  json::object out{{"state", json::string(state_of(report, now))},
                   {"fingerprint", fingerprint(report.labels)},
                   {"identity", std::move(identity)},
                   {"labels", labels_json(report.labels)},
                   {"annotations", labels_json(report.annotations)},
                   {"starts_at", time_or_null(report.starts_at)},
                   {"ends_at", time_or_null(report.ends_at)},
                   {"generator_url", text_or_null(report.generator_url)},
                   {"truncated", report.truncated},
                   {"severity", json::string(to_string(verdict.severity))},
                   {"severity_reason", {{"criterion", reason.criterion}, {"at", reason.at}}},
                   {"service", text_or_null(subject.value_of("service"))},
                   {"team", text_or_null(subject.value_of("team"))}};
  out["correlation"] =
      verdict.correlation < 0
          ? json::value()
          : json::value(json::string(
                policy.rules.correlation[static_cast<std::size_t>(verdict.correlation)].name));
  return out;
}

void print_fact(Terminal& terminal, std::string_view name, const std::string& value) {
  if (value.empty()) return;
  std::string label(name);
  label.resize(14, ' ');
  terminal.out << "  " << painted(label, Tone::faint, terminal.colour) << printable(value) << '\n';
}

std::string members_text(const json::value& labels) {
  std::string out;
  if (const auto* object = labels.if_object()) {
    for (const auto& [name, value] : *object) {
      if (!out.empty()) out += ", ";
      out.append(name.data(), name.size())
          .append("=\"")
          .append(text_at(*object, std::string_view(name.data(), name.size())))
          .append("\"");
    }
  }
  return out;
}

void print_alert(const json::value& alert, Terminal& terminal) {
  const std::string state = text_at(alert, "state");
  const json::value& labels = member_at(alert, "labels");
  const json::value& identity = member_at(alert, "identity");
  const json::value& reason = member_at(alert, "severity_reason");
  terminal.out << painted(state, state == "firing" ? Tone::bad : Tone::good, terminal.colour)
               << "  "
               << painted(printable(text_at(labels, "alertname")), Tone::strong, terminal.colour)
               << '\n';
  const bool keyed = text_at(identity, "by") == "sender_key";
  print_fact(terminal, "identity",
             keyed ? "its sender's key " + text_at(identity, "value")
                   : "its labels " + members_text(member_at(identity, "value")));
  const std::string at = text_at(reason, "at");
  print_fact(terminal, "severity",
             text_at(alert, "severity") + ", by " + text_at(reason, "criterion") +
                 (at.empty() ? "" : " (" + at + ")"));
  for (const char* name : {"service", "team", "correlation"}) {
    print_fact(terminal, name, text_at(alert, name));
  }
  print_fact(terminal, "labels", members_text(labels));
  print_fact(terminal, "annotations", members_text(member_at(alert, "annotations")));
  print_fact(terminal, "starts", text_at(alert, "starts_at"));
  print_fact(terminal, "ends", text_at(alert, "ends_at"));
  print_fact(terminal, "link", text_at(alert, "generator_url"));
}

void print_problems(const json::value& document, std::string_view member, std::string_view word,
                    Tone tone, Terminal& terminal) {
  const auto* list = member_at(document, member).if_array();
  if (list == nullptr) return;
  for (const json::value& one : *list) {
    const std::string at = text_at(one, "at");
    terminal.out << painted(std::string(word), tone, terminal.colour)
                 << (at.empty() ? "" : " at " + printable(at)) << ": "
                 << printable(text_at(one, "problem")) << '\n';
  }
}

std::size_t size_of(const json::value& document, std::string_view member) {
  const auto* list = member_at(document, member).if_array();
  return list == nullptr ? 0 : list->size();
}

template <class Problems>
json::array problems_json(const Problems& problems) {
  json::array out;
  for (const auto& one : problems) {
    out.push_back(json::object{{"at", one.at}, {"problem", one.problem}});
  }
  return out;
}

json::object decoded_json(const ingest::Decoded& decoded, const triage::Policy& policy,
                          std::string_view source, Instant now) {
  json::array alerts;
  for (const Report& report : decoded.reports) {
    alerts.push_back(alert_json(report, policy, source, now));
  }
  return {{"source", json::string(source)},
          {"alerts", std::move(alerts)},
          {"acknowledges", decoded.acknowledged ? text_or_null(decoded.event_key) : json::value()},
          {"refused", refused_in(decoded)},
          {"rejected", problems_json(decoded.refused)},
          {"remarks", problems_json(decoded.remarks)}};
}

void print_decoded(const json::value& document, Terminal& terminal) {
  for (const json::value& alert : member_at(document, "alerts").as_array()) {
    print_alert(alert, terminal);
  }
  const std::string acknowledges = text_at(document, "acknowledges");
  if (!acknowledges.empty()) {
    terminal.out << "acknowledges the incident of " << printable(acknowledges) << '\n';
  }
  print_problems(document, "rejected", "refused", Tone::bad, terminal);
  print_problems(document, "remarks", "remark", Tone::warning, terminal);
  const std::size_t alerts = size_of(document, "alerts");
  terminal.out << alerts << (alerts == 1 ? " alert, " : " alerts, ") << text_at(document, "refused")
               << " refused\n";
}

int report_errors(const Diagnostics& diagnostics, Terminal& terminal) {
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.level != Diagnostic::Level::error) continue;
    terminal.err << printable(tocsin::format(diagnostic)) << '\n';
  }
  return 1;
}

}  // namespace

int ingest(const IngestOptions& options, Format format, Terminal& terminal) {
  const config::Loaded loaded = config::load(options.config);
  if (loaded.policy == nullptr) return report_errors(loaded.diagnostics, terminal);
  const triage::Policy& policy = *loaded.policy;
  const auto kind = kind_of_source(policy, options.source);
  if (!kind) {
    report(terminal, kind.error());
    return 2;
  }
  const auto body = read_payload(terminal, loaded.settings.limits.body);
  if (!body) return report(terminal, body.error());
  const auto payload = decode_payload(loaded.settings, policy, *kind, options.source, *body);
  if (!payload) return report(terminal, payload.error());
  const ingest::Decoded& decoded = payload->decoded;
  const json::value document = decoded_json(decoded, policy, options.source, terminal.now);
  if (format == Format::table) {
    print_decoded(document, terminal);
  } else {
    print_document(document, format, terminal);
  }
  return refused_in(decoded) == 0 ? 0 : 1;
}

int list_rejected(const RemoteOptions& options, std::size_t limit, Format format,
                  Terminal& terminal) {
  const auto remote = Remote::open(options);
  if (!remote) return report(terminal, remote.error());
  const auto document = all_pages(*remote, "/v1/rejected", "rejected", {}, limit);
  if (!document) return report(terminal, document.error());
  if (format != Format::table) return print_document(*document, format, terminal);
  Table table({"ID", "AGE", "SOURCE", "REFUSED", "BYTES", "WHY"});
  for (const json::value& one : member_at(*document, "rejected").get_array()) {
    const auto at = parse_rfc3339(text_at(one, "at"));
    const auto* problems = member_at(one, "problems").if_array();
    const json::value first =
        problems == nullptr || problems->empty() ? json::value() : (*problems)[0];
    const std::string refused = text_at(one, "refused");
    table.add({{text_at(one, "id"), Tone::strong},
               {at ? age(*at, terminal.now) : ""},
               {text_at(one, "source")},
               {refused == "0" ? "all" : refused},
               {text_at(one, "bytes")},
               {text_at(first, "problem")}});
  }
  if (table.empty()) {
    terminal.out << "no rejected bodies\n";
    return 0;
  }
  table.print(terminal.out, terminal.colour);
  return 0;
}

int show_rejected(const RemoteOptions& options, const std::string& id, Format format,
                  Terminal& terminal) {
  const auto remote = Remote::open(options);
  if (!remote) return report(terminal, remote.error());
  const auto document = remote->get("/v1/rejected/" + id, {});
  if (!document) return report(terminal, document.error());
  if (format != Format::table) return print_document(*document, format, terminal);
  terminal.out << painted(printable(text_at(*document, "id")), Tone::strong, terminal.colour)
               << "  " << printable(text_at(*document, "source")) << '\n';
  print_fact(terminal, "at", text_at(*document, "at"));
  print_fact(terminal, "reason", text_at(*document, "reason"));
  print_fact(terminal, "offset", text_at(*document, "offset"));
  print_fact(terminal, "bytes",
             text_at(*document, "bytes") + (text_at(*document, "cut") == "true" ? ", cut" : "") +
                 (text_at(*document, "masked") == "true" ? ", secrets masked" : ""));
  print_problems(*document, "problems", "refused", Tone::bad, terminal);
  terminal.out << '\n' << printable(text_at(*document, "body")) << '\n';
  return 0;
}

int replay_rejected(const RemoteOptions& options, const std::string& id, Format format,
                    Terminal& terminal) {
  const auto remote = Remote::open(options);
  if (!remote) return report(terminal, remote.error());
  const auto document = remote->post("/v1/rejected/" + id + "/replay", json::object());
  if (!document) return report(terminal, document.error());
  const std::string refused = text_at(*document, "refused");
  if (format != Format::table) {
    print_document(*document, format, terminal);
  } else {
    print_problems(*document, "rejected", "refused", Tone::bad, terminal);
    print_problems(*document, "remarks", "remark", Tone::warning, terminal);
    terminal.out << text_at(*document, "accepted") << " accepted, " << refused << " refused\n";
  }
  return refused == "0" ? 0 : 1;
}

}  // namespace tocsin::cli
