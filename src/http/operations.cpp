#include "http/endpoints.h"

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
                           "GET  /api/v2/alerts              alerts that fire\n"
                           "GET  /api/v2/status\n"
                           "GET  /v1/incidents               open incidents (state=all: all)\n"
                           "GET  /v1/incidents/{id}          one with its alerts and timeline\n"
                           "POST /v1/incidents/{id}/{ack,unack,resolve,reopen,note}\n"
                           "GET  /v1/alerts\n"
                           "GET  /metrics\n"
                           "GET  /-/healthy, /-/ready\n");
}

Response metrics_page(Site& site, store::Reader*, const Request&) {
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  if (site.options.metrics != nullptr) response.body = site.options.metrics->text();
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
