#include <future>
#include <memory>
#include <vector>

#include "http/endpoints.h"
#include "tocsin/view/view.h"

namespace tocsin::http {
namespace {

Duration wall_offset(Site& site) {
  return site.options.doors.wall_offset ? site.options.doors.wall_offset() : Duration(0);
}

/// Empty where the core does not answer in time.
std::vector<LiveLease> ask_leases(Site& site, std::vector<AlertId> ids) {
  if (ids.empty() || !site.options.doors.leases) return {};
  // Shared, because the answer may come after this thread has given up waiting.
  auto promise = std::make_shared<std::promise<std::vector<LiveLease>>>();
  auto future = promise->get_future();
  site.options.doors.leases(std::move(ids), [promise](std::vector<LiveLease> live) {
    promise->set_value(std::move(live));
  });
  if (future.wait_for(kLeaseWaitMax) != std::future_status::ready) return {};
  return future.get();
}

}  // namespace

void bring_up_to_date(Site& site, std::vector<store::AlertRow>& rows) {
  std::vector<store::AlertRow*> firing;
  std::vector<AlertId> ids;
  for (store::AlertRow& row : rows) {
    if (row.status.state != triage::AlertState::firing) continue;
    firing.push_back(&row);
    ids.push_back(row.id);
  }
  const std::vector<LiveLease> live = ask_leases(site, std::move(ids));
  for (std::size_t i = 0; i < live.size() && i < firing.size(); ++i) {
    view::set_lease(*firing[i], live[i].ends);
    firing[i]->status.lease.renewed = live[i].renewed;
  }
  for (store::AlertRow& row : rows) view::to_wall_clock(row, wall_offset(site));
}

void bring_up_to_date(Site& site, triage::Incident& incident) {
  view::to_wall_clock(incident, wall_offset(site));
}

}  // namespace tocsin::http
