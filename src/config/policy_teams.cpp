#include "config/policy_reader.h"

namespace tocsin::config {

/// This version pages channels, so a team's members are checked in form only.
void read_teams(const Value& value, PolicyDraft& draft) {
  for (const Value::Named& entry : value.named()) {
    draft.teams.define("team", entry.name, entry.at, draft.report);
    entry.value.texts();
  }
}

}  // namespace tocsin::config
