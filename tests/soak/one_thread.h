#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/ingest/ingest.h"
#include "tocsin/pipeline/pipeline.h"
#include "tocsin/store/store.h"

namespace tocsin::soak {

/// Where the daemon would end itself, or not start.
struct StoreFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What the daemon's net, core, commit and page threads do, done in turn by one thread and in
/// virtual time: bytes of a request → answers, on a real store. Every page is delivered at once.
/// After an exception, StoreFailed or another, it is good for its destructor alone, as a process
/// that ended there.
class OneThread {
 public:
  /// Opens the store, or creates it, and loads it.
  OneThread(std::shared_ptr<const triage::Policy>, store::StoreOptions, Instant now);

  /// The answers to a body for /api/v2/alerts, in order, once they are durable.
  std::vector<triage::StepAnswer> post(const std::string& body);
  triage::StepAnswer act(triage::Step, std::string_view actor = "ana");
  /// A reload.
  void set_policy(std::shared_ptr<const triage::Policy>, bool reapply);

  /// Takes what becomes due until then, in order.
  void advance(Duration);
  /// All work for gaps between commits that there is.
  void maintain(Duration keep_events, Duration keep_incidents);
  /// A stop and a start. The digests of before and after.
  struct Digests {
    std::uint64_t before = 0;
    std::uint64_t after = 0;
  };
  Digests restart();

  const triage::State& state() const { return pipeline_->state(); }
  store::Store& store() { return *store_; }
  Instant now() const { return now_; }
  std::uint64_t pages_delivered() const { return pages_; }
  std::uint64_t commits() const { return commits_; }

 private:
  void open();
  std::vector<triage::StepAnswer> ask(std::unique_ptr<triage::Delivery>);
  void own_step(triage::Step);
  void submit(std::unique_ptr<triage::Delivery>);
  std::unique_ptr<triage::Delivery> read(const std::string& body, ingest::Memo*);
  void settle();
  bool deliver_pages();

  std::shared_ptr<const triage::Policy> policy_;
  store::StoreOptions options_;
  Instant now_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<pipeline::Pipeline> pipeline_;
  KeySecret secret_{"until the store is open"};
  ingest::Decoder decoder_;
  ingest::Memo memo_{256U << 10};  // Full after a day: what it may take is not growth.
  pipeline::Released released_;
  std::vector<triage::StepAnswer> answers_;
  std::uint64_t pages_ = 0;
  std::uint64_t commits_ = 0;
};

}  // namespace tocsin::soak
