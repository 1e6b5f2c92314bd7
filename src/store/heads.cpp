#include "store/heads.h"

namespace tocsin::store {

void Heads::publish(const Changes& changes) {
  const std::scoped_lock lock(mutex_);
  for (const auto& [incident, head] : changes) {
    if (head) {
      heads_.insert_or_assign(incident, *head);
    } else {
      heads_.erase(incident);
    }
  }
}

std::optional<Heads::Head> Heads::of(IncidentId incident) const {
  const std::scoped_lock lock(mutex_);
  const auto found = heads_.find(incident.value);
  if (found == heads_.end()) return std::nullopt;
  return found->second;
}

Heads::All Heads::all() const {
  const std::scoped_lock lock(mutex_);
  return heads_;
}

}  // namespace tocsin::store
