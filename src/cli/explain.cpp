#include "cli/explain.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <ostream>
#include <utility>

#include "cli/alert_words.h"
#include "cli/document.h"
#include "cli/incident.h"
#include "cli/pages.h"
#include "cli/payload.h"
#include "tocsin/config/config.h"
#include "tocsin/triage/explain.h"
#include "tocsin/view/explanation.h"

namespace tocsin::cli {
namespace {

namespace json = boost::json;
using Document = std::expected<json::value, Problem>;

constexpr std::string_view kLabelSets = "alertmanager-api";
/// Alerts of an incident that somebody reads through.
constexpr std::size_t kAlertsOfIncident = 5;
/// The default of limits.body, which only the daemon knows.
constexpr std::uint64_t kPayloadMax = 32U << 20;

bool is_fingerprint(std::string_view word) {
  return word.size() == 16 && word.find_first_not_of("0123456789abcdef") == word.npos;
}

bool names_incident(std::string_view word) {
  return (word.starts_with("INC-") || word.starts_with("inc-")) && incident_id(word).has_value();
}

/// A body that is no array is another kind of source's.
Problem with_source_hint(Problem problem, const ExplainOptions& options, std::string_view body) {
  const std::size_t begin = body.find_first_not_of(" \t\r\n");
  const bool is_object = begin != body.npos && body[begin] == '{';
  if (is_object && options.what.empty() && options.source.empty()) {
    problem.cure =
        "if it is a body such as Alertmanager's webhook sends, name its source: --source NAME";
  }
  return problem;
}

struct Files {
  config::Settings settings;
  std::shared_ptr<const triage::Policy> policy;
  Diagnostics diagnostics;
};

Files read_files(const ExplainOptions& options) {
  if (options.rules.empty()) {
    config::Loaded loaded = config::load(options.config);
    return {std::move(loaded.settings), std::move(loaded.policy), std::move(loaded.diagnostics)};
  }
  config::SettingsResult read = config::read_settings(options.config);
  read.settings.rules = {options.rules};
  config::FilesResult files = config::read_rules_files(read.settings.rules);
  Diagnostics all = std::move(read.diagnostics);
  all.insert(all.end(), files.diagnostics.begin(), files.diagnostics.end());
  config::PolicyResult compiled = config::compile_policy(read.settings, std::move(files.files));
  all.insert(all.end(), compiled.diagnostics.begin(), compiled.diagnostics.end());
  if (has_errors(all)) compiled.policy = nullptr;
  return {std::move(read.settings), std::move(compiled.policy), std::move(all)};
}

std::string source_of_label_sets(const triage::Policy& policy) {
  const auto found = std::ranges::find(policy.sources, kLabelSets, &triage::Source::kind);
  return found == policy.sources.end() ? std::string(kLabelSets) : found->name;
}

json::value explain_all(const Payload& payload, const triage::Policy& policy,
                        const std::string& source, const ExplainOptions& options) {
  const std::size_t limit = options.limit == 0 ? view::kExplainedMax : options.limit;
  const Instant now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  view::Explanations out;
  for (const Report& report : payload.decoded.reports) {
    if (out.is_full() || out.count() == limit) break;
    const rules::Question question{.labels = report.labels,
                                   .annotations = report.annotations,
                                   .source = source,
                                   .near = options.near};
    out.add(view::explained_as(report, source, policy, now), triage::explain(policy, question));
  }
  return json::parse(out.take(payload.decoded.reports.size(), refused_in(payload.decoded)));
}

int report_errors(const Diagnostics& diagnostics, Terminal& terminal) {
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.level != Diagnostic::Level::error) continue;
    terminal.err << printable(tocsin::format(diagnostic)) << '\n';
  }
  return 1;
}

int show(const json::value& document, Format format, Terminal& terminal) {
  if (format == Format::table) {
    print_explanations(document, terminal);
  } else {
    print_document(document, format, terminal);
  }
  return text_at(document, "refused") == "0" ? 0 : 1;
}

int explain_by_files(const ExplainOptions& options, Format format, Terminal& terminal) {
  const Files files = read_files(options);
  if (files.policy == nullptr) return report_errors(files.diagnostics, terminal);
  const triage::Policy& policy = *files.policy;
  const std::string source = options.source.empty() ? source_of_label_sets(policy) : options.source;
  auto kind = kind_of_source(policy, source);
  if (!kind && !options.source.empty()) {
    report(terminal, kind.error());
    return 2;
  }
  // Labels on the command line are a label set, whichever source they are said to come from.
  if (!kind || !options.what.empty()) kind = ingest::Kind::alertmanager_api;
  const auto body = options.what.empty() ? read_payload(terminal, files.settings.limits.body)
                                         : body_of(options.what);
  if (!body) return report(terminal, body.error());
  const auto payload = decode_payload(files.settings, policy, *kind, source, *body);
  if (!payload) return report(terminal, with_source_hint(payload.error(), options, *body));
  for (const ingest::RefusedAlert& refused : payload->decoded.refused) {
    report(terminal, {"at " + refused.at + ": " + refused.problem, ""});
  }
  return show(explain_all(*payload, policy, source, options), format, terminal);
}

Document ask(const ExplainOptions& options, const Remote& remote, Terminal& terminal) {
  Remote::Query query;
  if (options.near > 0) query.emplace_back("near", std::to_string(options.near));
  const bool of_incident = options.what.size() == 1 && names_incident(options.what[0]);
  const std::size_t limit = options.limit == 0 && of_incident ? kAlertsOfIncident : options.limit;
  if (limit > 0) query.emplace_back("limit", std::to_string(limit));
  if (of_incident) {
    query.emplace_back("incident", *incident_id(options.what[0]));
    return remote.get("/v1/explain", query);
  }
  if (options.what.size() == 1 && is_fingerprint(options.what[0])) {
    query.emplace_back("fingerprint", options.what[0]);
    return remote.get("/v1/explain", query);
  }
  if (!options.source.empty()) query.emplace_back("source", options.source);
  const auto body =
      options.what.empty() ? read_payload(terminal, kPayloadMax) : body_of(options.what);
  if (!body) return std::unexpected(body.error());
  auto answer = remote.post_text("/v1/explain", query, *body);
  if (!answer) return std::unexpected(with_source_hint(answer.error(), options, *body));
  return answer;
}

}  // namespace

int explain(const ExplainOptions& options, const RemoteOptions& remote_options, Format format,
            Terminal& terminal) {
  const bool is_stored = options.what.size() == 1 &&
                         (names_incident(options.what[0]) || is_fingerprint(options.what[0]));
  if (!is_stored && !options.asks_daemon) return explain_by_files(options, format, terminal);
  if (!options.rules.empty()) {
    report(terminal, {"--rules is for the files on disk, and the daemon is asked",
                      "leave out --rules, or --url"});
    return 2;
  }
  const auto remote = Remote::open(remote_options);
  if (!remote) return report(terminal, remote.error());
  const auto document = ask(options, *remote, terminal);
  if (!document) return report(terminal, document.error());
  return show(*document, format, terminal);
}

}  // namespace tocsin::cli
