// An alert's way from the bytes of a request to a durable row, cut into parts that are counted one
// by one: tests/guard/run runs it under callgrind and compares with tests/guard/limits. The net,
// core and commit threads' work is done here in turn by one thread; sockets are left out.
//
//   instructions FOLDER   an empty folder, for the store
//
// Prints how many alerts went through each part.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/rule_mix.h"
#include "tocsin/base/check.h"
#include "tocsin/ingest/ingest.h"
#include "tocsin/pipeline/pipeline.h"
#include "tocsin/store/store.h"

namespace tocsin::guard {
namespace {

constexpr std::size_t kRules = 1000;
constexpr std::size_t kBodies = 40;
constexpr std::size_t kAlertsABody = 100;

using Deliveries = std::vector<std::unique_ptr<triage::Delivery>>;

std::shared_ptr<const triage::Policy> make_policy(bench::RuleMix& mix) {
  auto policy = std::make_shared<triage::Policy>();
  policy->rules.hash = 1;
  for (std::size_t number = 0; number < kRules; ++number) {
    policy->rules.triage.push_back(
        {.name = "rule-" + std::to_string(number),
         .when = bench::predicate_of(mix.next_rule()),
         .labels = {{"set_" + std::to_string(number % 10), *rules::parse_template("yes")}}});
  }
  rules::CorrelationRule by_service;
  by_service.name = "same-service";
  by_service.when = bench::predicate_of({});
  by_service.by = {"service"};
  policy->rules.correlation = {by_service};
  rules::compile(policy->rules);
  triage::Escalation escalation;
  escalation.name = "default";
  escalation.steps = {{{"log"}, std::chrono::hours(1)}};
  policy->escalations = {escalation};
  policy->channels = {"log"};
  policy->fallback = {"log"};
  policy->sources = {{"alertmanager-api", "alertmanager-api", std::chrono::hours(1)}};
  return policy;
}

/// Bodies as Prometheus posts them; the same alerts in each round, with another value.
std::vector<std::string> bodies_of(const std::vector<Labels>& alerts, int round,
                                   const std::string& starts, const std::string& ends) {
  std::vector<std::string> bodies;
  for (std::size_t i = 0; i < alerts.size(); ++i) {
    if (i % kAlertsABody == 0) bodies.emplace_back("[");
    std::string& body = bodies.back();
    if (i % kAlertsABody != 0) body += ',';
    body += "{\"labels\":" + labels_to_json(alerts[i].view()) +
            ",\"annotations\":{\"summary\":\"Too many requests fail\",\"value\":\"0." +
            std::to_string(round) + "\"},\"startsAt\":\"" + starts + "\",\"endsAt\":\"" + ends +
            "\",\"generatorURL\":\"http://prometheus.example.net/graph?g0.expr=errors\"}";
  }
  for (std::string& body : bodies) body += ']';
  return bodies;
}

struct World {
  explicit World(const std::string& folder) : mix(kRules, 42), policy(make_policy(mix)) {
    store::StoreOptions options;
    options.folder = folder;
    options.lock_and_reserve = false;
    auto opened = store::open_sqlite(options);
    CHECK(opened.has_value());
    store = std::move(*opened);
    auto loaded = store->load();
    CHECK(loaded.has_value());
    pipeline = std::make_unique<pipeline::Pipeline>(std::move(loaded->state), policy, loaded->epoch,
                                                    loaded->seq, pipeline::Limits{});
    for (std::size_t i = 0; i < kBodies * kAlertsABody; ++i) {
      std::vector<Label> pairs;
      const Labels drawn = mix.alert();
      const std::string pod = "pod-" + std::to_string(i);
      for (const Label label : drawn.view()) pairs.push_back(label);
      pairs.push_back({"number", pod});
      alerts.emplace_back(std::move(pairs));
    }
  }

  bench::RuleMix mix;
  std::shared_ptr<const triage::Policy> policy;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<pipeline::Pipeline> pipeline;
  KeySecret secret{"a seed of at least sixteen bytes"};
  ingest::Decoder decoder;
  ingest::Memo memo;
  std::vector<Labels> alerts;
  pipeline::Released released;
  std::map<std::string, std::size_t> alerts_in;  // By part.
  Now now{.timeline = Instant(std::chrono::seconds(1'000)),
          .wall = Instant(std::chrono::seconds(1'767'225'600))};  // 2026-01-01T00:00:00Z
};

std::vector<Report> decode(World& world, const std::string& body, triage::Delivery& delivery) {
  ingest::SourceTerms terms;
  terms.source = "alertmanager-api";
  terms.secret = &world.secret;
  terms.identity_ignore = &world.policy->identity_ignore;
  auto decoded = world.decoder.decode(ingest::Kind::alertmanager_api, body, terms, &world.memo,
                                      delivery.arena);
  CHECK(decoded.has_value() && decoded->reports.size() == kAlertsABody);
  return std::move(decoded->reports);
}

rules::Verdict match(const World& world, const triage::ReportAlert& step) {
  return rules::match(world.policy->rules, step.report.labels, step.report.annotations,
                      "alertmanager-api");
}

}  // namespace

// What is counted. Callgrind knows these functions by their names.
extern "C" {
[[gnu::noinline]] void guard_decode_new(World& world, const std::string& body,
                                        triage::Delivery& delivery, std::vector<Report>& out) {
  out = decode(world, body, delivery);
}
[[gnu::noinline]] void guard_decode_again(World& world, const std::string& body,
                                          triage::Delivery& delivery, std::vector<Report>& out) {
  out = decode(world, body, delivery);
}
[[gnu::noinline]] void guard_decode_known(World& world, const std::string& body,
                                          triage::Delivery& delivery, std::vector<Report>& out) {
  out = decode(world, body, delivery);
}
[[gnu::noinline]] void guard_match_new(const World& world, triage::ReportAlert& step) {
  step.verdict = match(world, step);
}
[[gnu::noinline]] void guard_match_known(const World& world, triage::ReportAlert& step) {
  step.verdict = match(world, step);
}
[[gnu::noinline]] bool guard_decide_new(World& world) { return world.pipeline->decide(world.now); }
[[gnu::noinline]] bool guard_decide_refreshes(World& world) {
  return world.pipeline->decide(world.now);
}
[[gnu::noinline]] bool guard_decide_ends(World& world) { return world.pipeline->decide(world.now); }
[[gnu::noinline]] bool guard_decide_fires(World& world) {
  return world.pipeline->decide(world.now);
}
[[gnu::noinline]] store::Committed guard_commit_new(World& world, const store::Batch& batch) {
  return world.store->commit(batch);
}
[[gnu::noinline]] store::Committed guard_commit_refreshes(World& world, const store::Batch& batch) {
  return world.store->commit(batch);
}
[[gnu::noinline]] store::Committed guard_commit_ends(World& world, const store::Batch& batch) {
  return world.store->commit(batch);
}
[[gnu::noinline]] store::Committed guard_commit_fires(World& world, const store::Batch& batch) {
  return world.store->commit(batch);
}
}

namespace {

template <class Function>
struct Part {
  const char* name;
  Function* run;
};
using Decode = Part<void(World&, const std::string&, triage::Delivery&, std::vector<Report>&)>;
using Decide = Part<bool(World&)>;
using Commit = Part<store::Committed(World&, const store::Batch&)>;

#define PART(name) \
  { #name, guard_##name }
constexpr Decode kDecodeNew PART(decode_new), kDecodeAgain PART(decode_again),
    kDecodeKnown PART(decode_known);
constexpr Decide kDecideNew PART(decide_new), kDecideRefreshes PART(decide_refreshes),
    kDecideEnds PART(decide_ends), kDecideFires PART(decide_fires);
constexpr Commit kCommitNew PART(commit_new), kCommitRefreshes PART(commit_refreshes),
    kCommitEnds PART(commit_ends), kCommitFires PART(commit_fires);
#undef PART

std::unique_ptr<triage::Delivery> delivery_of(World& world, const std::string& body,
                                              const Decode& decode_them) {
  auto delivery = std::make_unique<triage::Delivery>();
  delivery->policy = world.policy;
  delivery->source = "alertmanager-api";
  delivery->actor = "source:alertmanager-api";
  std::vector<Report> reports;
  decode_them.run(world, body, *delivery, reports);
  for (const Report& report : reports) {
    triage::ReportAlert step{report, {}};
    if (report.has_labels) {
      ++world.alerts_in["match_new"];
      guard_match_new(world, step);
      ++world.alerts_in["match_known"];
      guard_match_known(world, step);
    }
    delivery->steps.emplace_back(std::move(step));
  }
  return delivery;
}

void take_all(World& world, const std::vector<std::string>& bodies, triage::Fate expected,
              const Decode& decode_them, const Decide& decide, const Commit& commit) {
  std::size_t answered = 0;
  for (const std::string& body : bodies) {
    auto delivery = delivery_of(world, body, decode_them);
    const bool fits = world.pipeline->submit(delivery);
    CHECK(fits);
    bool more = true;
    while (more || !world.pipeline->idle()) {
      more = decide.run(world);
      if (auto batch = world.pipeline->take_batch(world.now)) {
        CHECK(commit.run(world, *batch) == store::Committed::committed);
        world.pipeline->committed();
      }
      world.pipeline->release(world.released);
      world.pipeline->take_pages(world.now, 1'000);
      for (const auto& done : world.released.answered) {
        for (const triage::StepAnswer& answer : done->answers) CHECK(answer.fate == expected);
        answered += done->answers.size();
      }
      world.now.wall += std::chrono::milliseconds(1);
      world.now.timeline += std::chrono::milliseconds(1);
    }
  }
  CHECK(answered == bodies.size() * kAlertsABody);
  for (const char* part : {decode_them.name, decide.name, commit.name})
    world.alerts_in[part] += answered;
}

int run(const std::string& folder) {
  World world(folder);
  int round = 0;
  const auto bodies = [&](const char* starts, const char* ends) {
    return bodies_of(world.alerts, ++round, starts, ends);
  };
  const char* const yesterday = "2025-12-31T23:00:00.000Z";
  const char* const tonight = "2026-01-01T04:00:00.000Z";
  take_all(world, bodies(yesterday, tonight), triage::Fate::opened, kDecodeNew, kDecideNew,
           kCommitNew);
  // A spelling is kept when it comes again; from then on it is known.
  for (const Decode& decode_them : {kDecodeAgain, kDecodeKnown}) {
    take_all(world, bodies(yesterday, tonight), triage::Fate::refreshed, decode_them,
             kDecideRefreshes, kCommitRefreshes);
  }
  take_all(world, bodies(yesterday, "2025-12-31T23:59:00.000Z"), triage::Fate::resolved,
           kDecodeKnown, kDecideEnds, kCommitEnds);
  take_all(world, bodies("2026-01-01T00:00:00.000Z", tonight), triage::Fate::fired, kDecodeKnown,
           kDecideFires, kCommitFires);
  for (const auto& [part, alerts] : world.alerts_in) std::printf("%s %zu\n", part.c_str(), alerts);
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace tocsin::guard

int main(int count, char** words) {
  if (count != 2) {
    std::fprintf(stderr, "usage: instructions FOLDER\n");
    return 2;
  }
  return tocsin::guard::run(words[1]);
}
