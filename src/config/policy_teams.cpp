#include <utility>

#include "config/policy_reader.h"

namespace tocsin::config {

/// A team may have no members: services name it, and escalations are found by it.
void read_teams(const Value& value, PolicyDraft& draft) {
  for (const Value::Named& entry : value.named()) {
    draft.teams.define("team", entry.name, entry.at, draft.report);
    std::vector<std::string> members = use_names(entry.value, draft.users_used);
    draft.reach.add_team(entry.name, std::move(members));
  }
}

}  // namespace tocsin::config
