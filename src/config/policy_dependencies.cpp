#include <map>
#include <set>

#include "config/policy_reader.h"

namespace tocsin::config {
namespace {

/// Looks for circles depth first, without recursion: files may hold any number of services.
class Circles {
 public:
  explicit Circles(PolicyDraft& draft) : draft_(draft) {}

  void look_from(const std::string& service) {
    if (!done_.contains(service)) enter(service);
    while (!path_.empty()) {
      Step& step = path_.back();
      if (step.next == step.needs->size()) {
        open_.erase(step.service);
        path_.pop_back();
        continue;
      }
      const Reference& need = (*step.needs)[step.next++];
      if (open_.contains(need.name)) {
        report(need);
      } else if (!done_.contains(need.name)) {
        enter(need.name);
      }
    }
  }

 private:
  struct Step {
    std::string service;
    const std::vector<Reference>* needs;
    std::size_t next = 0;
  };

  void enter(const std::string& service) {
    done_.insert(service);
    const auto found = draft_.depends_on.find(service);
    if (found == draft_.depends_on.end()) return;  // It depends on nothing.
    open_.insert(service);
    path_.push_back({service, &found->second});
  }

  /// `need` leads back into the path.
  void report(const Reference& need) {
    constexpr std::size_t kShown = 8;
    std::size_t first = path_.size();
    while (first > 0 && path_[first - 1].service != need.name) --first;
    std::string circle;
    for (std::size_t i = first - 1; i < path_.size(); ++i) {
      if (i - first + 1 == kShown) circle += "… → ";
      if (i - first + 1 < kShown) circle += path_[i].service + " → ";
    }
    draft_.report.warning(need.at,
                          need.path + ": services that depend on each other: " + circle + need.name,
                          "remove the dependency that is none; a circle has no cause to point at");
  }

  PolicyDraft& draft_;
  std::vector<Step> path_;
  std::set<std::string> open_;  // On the path.
  std::set<std::string> done_;
};

}  // namespace

void check_dependencies(PolicyDraft& draft) {
  Circles circles(draft);
  for (const auto& [service, needs] : draft.depends_on) circles.look_from(service);
}

}  // namespace tocsin::config
