#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/base/diagnostic.h"

namespace tocsin::config {

/// Whom an escalation pages: `channel:NAME`, `user:NAME`, `team:NAME`, `schedule:NAME`, `service`.
struct Target {
  enum class Kind : std::uint8_t { channel, user, team, schedule, service };
  Kind kind = Kind::channel;
  std::string name;  ///< "" for `service`.
};

/// What one step, or one fallback, of an escalation pages.
struct PageTargets {
  std::string path;  ///< Of the list.
  Position at;
  std::vector<Target> targets;  ///< Without those that are mistakes.
};

/// Follows targets to people with contacts. Filled while files are read, asked afterwards.
class Reach {
 public:
  void add_user(const std::string& name, bool has_contact) { users_[name] = has_contact; }
  void add_team(const std::string& name, std::vector<std::string> members) {
    teams_[name] = std::move(members);
  }
  void add_schedule(const std::string& name, std::vector<std::string> users) {
    schedules_[name] = std::move(users);
  }

  /// Whether it is, or holds, a user or schedule that nothing defines: an error of its own, unlike
  /// a team.
  bool uses_a_mistake(const Target&) const;
  /// Why the target reaches nobody, such as `the team "payments" has no members`; "" if it reaches
  /// somebody. Only an alert's service says whom `service` reaches: somebody.
  std::string why_nobody(const Target&) const;

 private:
  using Groups = std::map<std::string, std::vector<std::string>, std::less<>>;
  std::string why_nobody(std::string_view what, const std::string& name, const Groups&,
                         std::string_view members) const;
  bool has_contact(const std::string& user) const;

  std::map<std::string, bool> users_;  // Whether they have a contact.
  Groups teams_, schedules_;
};

}  // namespace tocsin::config
