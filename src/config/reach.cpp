#include "config/reach.h"

#include <algorithm>

#include "config/report.h"

namespace tocsin::config {

std::string Reach::why_nobody(const Target& target) const {
  switch (target.kind) {
    case Target::Kind::channel:
    case Target::Kind::service:
      return "";
    case Target::Kind::user:
      return has_contact(target.name) ? ""
                                      : "the user " + in_quotes(target.name) + " has no contacts";
    case Target::Kind::team:
      return why_nobody("the team", target.name, teams_, "members");
    case Target::Kind::schedule:
      return why_nobody("the schedule", target.name, schedules_, "users");
  }
  return "";
}

std::string Reach::why_nobody(std::string_view what, const std::string& name, const Groups& groups,
                              std::string_view members) const {
  const auto group = groups.find(name);
  const std::string shown = std::string(what) + " " + in_quotes(name);
  if (group == groups.end()) return shown + " is defined nowhere";
  if (group->second.empty()) return shown + " has no " + std::string(members);
  const bool somebody = std::ranges::any_of(
      group->second, [this](const std::string& user) { return has_contact(user); });
  return somebody ? "" : "nobody of " + shown + " has contacts";
}

bool Reach::has_contact(const std::string& user) const {
  const auto found = users_.find(user);
  return found != users_.end() && found->second;
}

}  // namespace tocsin::config
