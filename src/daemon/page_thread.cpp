#include "daemon/page_thread.h"

#include <pthread.h>

#include <utility>

#include "tocsin/view/view.h"

namespace tocsin::daemon {

namespace {
constexpr Duration kLongestWait = std::chrono::seconds(1);
}

PageThread::PageThread(Options options) : options_(std::move(options)) {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "pages");
}

PageThread::~PageThread() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  something_.notify_one();
  thread_.join();
}

void PageThread::send(std::vector<OwedPage> pages) {
  {
    const std::scoped_lock lock(mutex_);
    for (OwedPage& page : pages) waiting_.push_back(std::move(page));
  }
  something_.notify_one();
}

void PageThread::run() {
  const std::unique_ptr<store::Reader> reader = options_.make_reader();
  for (;;) {
    std::vector<OwedPage> pages;
    {
      std::unique_lock lock(mutex_);
      something_.wait_for(lock, kLongestWait, [&] { return ending_ || !waiting_.empty(); });
      if (ending_) return;  // What is left stays owed.
      pages = std::exchange(waiting_, {});
    }
    options_.pulse->beat();
    for (OwedPage& page : pages) attempt(std::move(page), reader.get());
  }
}

void PageThread::attempt(OwedPage owed, store::Reader* reader) {
  delivery::Message message{
      .page = std::move(owed.page), .incident = std::move(owed.incident), .alerts = {}};
  if (reader != nullptr) {
    const Pulse::OnDisk on_disk(*options_.pulse);
    if (!message.incident.id) {
      if (auto stored = reader->incident(message.page.incident); stored && *stored) {
        message.incident = **stored;
      }
    }
    store::AlertQuery query;
    query.incident = message.page.incident;
    query.limit = delivery::kMessageAlertsMax;
    // A page without its alerts is better than no page: a busy store does not hold it back.
    if (auto alerts = reader->alerts(query)) message.alerts = std::move(*alerts);
  }
  if (!message.incident.id) message.incident.id = message.page.incident;
  view::to_wall_clock(message.incident, owed.wall_offset);
  for (store::AlertRow& alert : message.alerts) {
    // The store does not know how far its leases have been renewed.
    if (alert.status.state == triage::AlertState::firing) view::set_lease(alert, triage::kNever);
    view::to_wall_clock(alert, owed.wall_offset);
  }
  const bool is_first = message.page.event == triage::Event::triggered && message.page.round == 1 &&
                        message.page.step == 1;
  if (is_first && message.page.attempts == 0) options_.metrics->page_latency(owed.waited);
  options_.courier->attempt(std::move(message), [this](triage::PageAttempted outcome) {
    auto delivery = std::make_unique<triage::Delivery>();
    delivery->lane = triage::Lane::outcomes;
    delivery->actor = "tocsin";
    delivery->steps.emplace_back(std::move(outcome));
    options_.inbox->put(delivery);
  });
}

}  // namespace tocsin::daemon
