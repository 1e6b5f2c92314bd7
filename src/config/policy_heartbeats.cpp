#include <chrono>

#include "config/policy_reader.h"

namespace tocsin::config {
namespace {

using namespace std::chrono_literals;

void read_heartbeat(const Value::Named& entry, PolicyDraft& draft) {
  // It is the end of a path: POST /heartbeat/NAME.
  if (!is_name(entry.name)) {
    draft.report.error(entry.at, in_quotes(entry.name) + " is no name of a heartbeat",
                       std::string(kNameCure));
  }
  draft.heartbeats.define("heartbeat", entry.name, entry.at, draft.report);
  Section section(entry.value);
  if (const auto when = section.find("when")) check_matchers(*when, draft);
  if (const auto interval =
          section.require("interval", "say how often it beats, such as interval: 5m")) {
    interval->duration(1s);
  }
  if (const auto grace = section.find("grace")) grace->duration(Duration::zero());
  if (const auto service = section.find("service")) use_name(*service, draft.services_used);
  if (const auto severity = section.find("severity")) read_level(*severity);
}

}  // namespace

void read_heartbeats(const Value& value, PolicyDraft& draft) {
  for (const Value::Named& entry : value.named()) read_heartbeat(entry, draft);
}

}  // namespace tocsin::config
