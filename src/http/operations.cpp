#include "http/endpoints.h"
#include "tocsin/base/text.h"

namespace tocsin::http {

Response healthy(Site&, const Request&) { return text_response(200, "OK"); }

Response ready(Site& site, const Request&) {
  if (!site.draining && site.options.doors.is_ready()) return text_response(200, "OK");
  Response response = text_response(503, site.draining ? "stopping\n" : "not ready\n");
  response.headers = "Retry-After: 1\r\n";
  return response;
}

Response index_page(Site& site, const Request&) {
  return text_response(200,
                       "Tocsin " + site.options.version +
                           "\n\n"
                           "POST /api/v2/alerts              alerts, as Prometheus sends them\n"
                           "POST /ingest/{source}            alerts of a configured source\n"
                           "POST /v2/enqueue                 events, as for PagerDuty\n"
                           "GET  /api/v2/alerts              alerts that fire\n"
                           "GET  /api/v2/status\n"
                           "GET  /v1/incidents               open incidents (state=all: all)\n"
                           "GET  /v1/incidents/{id}          one with its alerts and timeline\n"
                           "POST /v1/incidents/{id}/{ack,unack,resolve,reopen,note}\n"
                           "GET  /v1/alerts\n"
                           "GET  /v1/rules                   with how often each held\n"
                           "GET  /v1/explain                 why: incident=, fingerprint=, alert=\n"
                           "POST /v1/explain                 the same of alerts in the body\n"
                           "GET  /v1/rejected                bodies that could not be taken\n"
                           "GET  /v1/rejected/{id}           one with its text, secrets masked\n"
                           "POST /v1/rejected/{id}/replay\n"
                           "GET  /metrics\n"
                           "POST /-/reload                   reads all files again\n"
                           "GET  /-/healthy, /-/ready\n");
}

Response metrics_page(Site& site, store::Reader*, const Request&) {
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  if (site.options.metrics != nullptr) response.body = site.options.metrics->text();
  return response;
}

namespace {
void append_texts(std::string_view name, const std::vector<std::string>& texts, std::string& out) {
  out.append(",\"").append(name).append("\":[");
  for (const std::string& text : texts) {
    if (out.back() != '[') out += ',';
    append_json_string(text, out);
  }
  out += ']';
}

void append(const Diagnostic& diagnostic, std::string& out) {
  out += R"({"level":")";
  out += to_string(diagnostic.level);
  out += R"(","file":)";
  append_json_string(diagnostic.at.file, out);
  out += ",\"line\":" + std::to_string(diagnostic.at.line) +
         ",\"column\":" + std::to_string(diagnostic.at.column) + ",\"problem\":";
  append_json_string(diagnostic.problem, out);
  out += ",\"cure\":";
  append_json_string(diagnostic.cure, out);
  out += '}';
}

/// What a person reads first.
std::string summary_of(const Reloaded& reloaded) {
  if (!reloaded.problem.empty()) return reloaded.problem;
  if (!reloaded.taken_over) return "the files have errors; everything stays as it was";
  if (reloaded.kept.empty()) return "reloaded";
  std::string text = "reloaded, but what has errors stays at its last good version:";
  for (const std::string& name : reloaded.kept) {
    text += name.empty() ? " the files of the rules root" : " the fragment " + name;
    if (&name != &reloaded.kept.back()) text += ",";
  }
  return text;
}
}  // namespace

/// Prometheus answers a failed reload with 500, and so scripts expect it.
Response reload_response(const Reloaded& reloaded) {
  Response response = json_response("{");
  if (!reloaded.ok()) {
    response.status = 500;
    response.content_type = "application/problem+json";
    response.body += R"("type":"about:blank","title":"Reload failed","status":500,)";
  }
  response.body += "\"detail\":";
  append_json_string(summary_of(reloaded), response.body);
  append_texts("kept", reloaded.kept, response.body);
  append_texts("at_restart", reloaded.at_restart, response.body);
  response.body += ",\"diagnostics\":[";
  for (const Diagnostic& diagnostic : reloaded.diagnostics) {
    if (diagnostic.level == Diagnostic::Level::note) continue;  // No mistake: `check` tells it.
    if (response.body.back() != '[') response.body += ',';
    append(diagnostic, response.body);
  }
  response.body += "]}";
  return response;
}

Response store_trouble(Site& site, Dialect dialect, const store::StoreError* error) {
  if (error != nullptr) {
    site.warn("store.read", "store.unreadable",
              {{"problem", error->problem}, {"cure", error->cure}});
  }
  return overloaded(dialect, "the store cannot be read just now; try again");
}

}  // namespace tocsin::http
