#include "config/reach.h"

#include <algorithm>

#include "config/report.h"

namespace tocsin::config {

bool Reach::uses_a_mistake(const Target& target) const {
  const auto is_mistake = [this](const std::string& user) { return !users_.contains(user); };
  const auto has_mistake = [&](const Groups& groups) {
    const auto group = groups.find(target.name);
    return group != groups.end() && std::ranges::any_of(group->second, is_mistake);
  };
  switch (target.kind) {
    case Target::Kind::channel:
    case Target::Kind::service:
      return false;
    case Target::Kind::user:
      return is_mistake(target.name);
    case Target::Kind::team:
      return has_mistake(teams_);
    case Target::Kind::schedule:
      return has_mistake(schedules_) || !schedules_.contains(target.name);
  }
  return false;
}

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
