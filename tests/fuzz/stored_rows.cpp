// A store whose rows are not what was written. Each line of an input damages one value: table,
// column, row, kind of value, the value. load() refuses with a sentence that names the cure, or
// what it loaded works: the core goes on from it, and no enumeration has a value that nobody knows.
#include <stdlib.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <memory>
#include <string>

#include "fuzz/input.h"
#include "store/load.h"
#include "tocsin/config/config.h"
#include "tocsin/pipeline/pipeline.h"

namespace tocsin::fuzz {
namespace {

using store::Statement;

constexpr int kRounds = 20;
constexpr std::size_t kDamagesMax = 64;
constexpr Instant kStart{Duration(1'764'000'000'000)};

constexpr const char* kRules = R"yaml(
services: {checkout: {tier: 1}}
correlation: [{name: same-service, by: [service]}]
rules:
  - {name: hold-disks, when: ['alertname="DiskFull"'], set: {labels: {component: storage}}, hold: 5m}
  - {name: drop-tests, when: ['env="test"'], drop: true}
)yaml";

std::shared_ptr<const triage::Policy> policy() {
  static const auto kPolicy = [] {
    const auto settings = config::parse_settings("", "tocsin.yaml", "/nonexistent").settings;
    auto compiled = config::compile_policy(settings, {{"rules/a.yaml", kRules}});
    CHECK(compiled.policy != nullptr);
    return compiled.policy;
  }();
  return kPolicy;
}

void must(int code) { CHECK(code == SQLITE_OK); }

/// A delivery of one step by somebody.
void submit(pipeline::Pipeline& pipeline, triage::Step step) {
  auto delivery = std::make_unique<triage::Delivery>();
  delivery->lane = triage::Lane::people;
  delivery->actor = "ana";
  delivery->policy = policy();
  if (std::holds_alternative<triage::Acknowledge>(step)) {
    delivery->idempotency = triage::Idempotency{{1, 2}, 3};
  }
  delivery->steps.push_back(std::move(step));
  CHECK(pipeline.submit(delivery));
}

void report(pipeline::Pipeline& pipeline, const Labels& labels, Phase phase) {
  auto delivery = std::make_unique<triage::Delivery>();
  delivery->source = "alertmanager-api";
  delivery->actor = "source:alertmanager-api";
  delivery->policy = policy();
  triage::ReportAlert step;
  step.report.key = KeySecret("a secret that is used by fuzzing only").key_of_labels(labels);
  step.report.phase = phase;
  step.report.labels = LabelsView(delivery->arena.copy(labels.view().block()));
  step.report.annotations = LabelsView(delivery->arena.copy(labels.view().block()));
  step.report.generator_url = delivery->arena.copy("http://prometheus.example.net/graph");
  step.verdict = rules::match(policy()->rules, labels, {}, "alertmanager-api");
  delivery->steps.emplace_back(std::move(step));
  CHECK(pipeline.submit(delivery));
}

/// Alerts in every state, two incidents, one of them acknowledged, pages, a past answer.
void live(pipeline::Pipeline& pipeline, store::Store& store) {
  Now now{kStart, kStart};
  const auto settle = [&] {
    now = {now.timeline + Duration(1000), now.wall + Duration(1000)};
    while (pipeline.decide(now)) {
    }
    while (const auto batch = pipeline.take_batch(now)) {
      CHECK(store.commit(*batch) == store::Committed::committed);
      pipeline.committed();
    }
    pipeline::Released released;
    pipeline.release(released);
    (void)pipeline.take_pages(now, 1);
  };
  submit(pipeline, triage::Restarted{});
  settle();
  for (const char* const instance : {"a", "b", "c"}) {
    report(pipeline, {{"alertname", "Down"}, {"service", "checkout"}, {"instance", instance}},
           Phase::firing);
  }
  report(pipeline, {{"alertname", "DiskFull"}, {"service", "checkout"}}, Phase::firing);
  report(pipeline, {{"alertname", "Slow"}, {"severity", "SEV-1"}}, Phase::firing);
  report(pipeline, {{"alertname", "Slow"}, {"env", "test"}}, Phase::firing);
  settle();
  report(pipeline, {{"alertname", "Down"}, {"service", "checkout"}, {"instance", "a"}},
         Phase::resolved);
  submit(pipeline, triage::Acknowledge{IncidentId{1}, "on it"});
  submit(pipeline, triage::Resolve{IncidentId{2}, "done"});
  settle();
}

/// The same tables without the promises that SQLite would keep: what a damaged file holds.
std::string lax(std::string sql) {
  for (const std::string_view promise :
       {" STRICT,", " STRICT", " NOT NULL", " UNIQUE", " CHECK (one = 1)"}) {
    for (std::size_t at = 0; (at = sql.find(promise, at)) != std::string::npos;) {
      sql.erase(at, promise.size());
    }
  }
  return sql;
}

void copy_lax(sqlite3* to, const std::string& file) {
  must(sqlite3_exec(to, ("ATTACH '" + file + "' AS real").c_str(), nullptr, nullptr, nullptr));
  Statement made;
  must(made.prepare(to, "SELECT type,name,sql FROM real.sqlite_schema WHERE sql IS NOT NULL"));
  std::string sql;
  while (made.step() == SQLITE_ROW) {
    store::Row row = made.row();
    const std::string type = row.string();
    const std::string name = row.string();
    sql += (type == "table" ? lax(row.string()) : row.string()) + ";";
    if (type == "table") sql += "INSERT INTO main." + name + " SELECT * FROM real." + name + ";";
  }
  must(sqlite3_exec(to, sql.c_str(), nullptr, nullptr, nullptr));
  must(sqlite3_exec(to, "DETACH real", nullptr, nullptr, nullptr));
}

/// A good store in memory, made once.
sqlite3* good_store() {
  static const store::Connection kStore = [] {
    std::string folder = (std::filesystem::temp_directory_path() / "tocsin-fuzz-XXXXXX").string();
    CHECK(::mkdtemp(folder.data()) != nullptr);
    {
      auto real = store::open_sqlite({.folder = folder, .vfs = {}, .lock_and_reserve = false});
      CHECK(real.has_value());
      auto loaded = (*real)->load();
      CHECK(loaded.has_value());
      pipeline::Pipeline pipeline(std::move(loaded->state), policy(), loaded->epoch, loaded->seq,
                                  {});
      live(pipeline, **real);
    }
    int code = SQLITE_OK;
    auto memory = store::open_connection(":memory:", "", SQLITE_OPEN_READWRITE, code);
    must(code);
    copy_lax(memory.get(), folder + "/tocsin.db");
    std::filesystem::remove_all(folder);
    return memory;
  }();
  return kStore.get();
}

constexpr std::array<std::string_view, 10> kTables = {
    "source",      "incident",      "incident_chain", "alert_span",  "alert",
    "alert_state", "alert_display", "page",           "past_answer", "meta"};

std::string column_of(std::string_view table, std::size_t number) {
  Statement columns;
  must(columns.prepare(good_store(),
                       "SELECT name FROM pragma_table_info('" + std::string(table) + "')"));
  std::vector<std::string> names;
  while (columns.step() == SQLITE_ROW) names.push_back(columns.row().string());
  return names[number % names.size()];
}

void bind(Statement& to, std::size_t kind, std::string_view value) {
  std::int64_t number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  if (kind == 0) {
    to.null();
  } else if (kind == 1) {
    to.integer(number);
  } else if (kind == 2) {
    to.text(value);
  } else {
    to.blob(value);
  }
}

/// "4c13-1": in table 4, of row 1 the column 'c', becomes the integer -1.
void damage(std::string_view line) {
  Input input(reinterpret_cast<const std::uint8_t*>(line.data()), line.size());
  const std::string table(kTables[input.choice(kTables.size())]);
  const std::string column = column_of(table, input.choice(64));
  const std::string row = std::to_string(input.choice(8));
  const std::size_t kind = input.choice(6);
  const std::string id = table == "past_answer" ? "key" : "rowid";
  const std::string where =
      " WHERE " + id + "=(SELECT " + id + " FROM " + table + " LIMIT 1 OFFSET " + row + ")";
  Statement change;
  if (kind == 4) {
    must(change.prepare(good_store(), "DELETE FROM " + table + where));
  } else if (kind == 5) {
    must(change.prepare(good_store(), "UPDATE " + table + " SET " + column + "=(SELECT " + column +
                                          " FROM " + table + " LIMIT 1)" + where));
  } else {
    must(change.prepare(good_store(), "UPDATE " + table + " SET " + column + "=?" + where));
    bind(change, kind, input.rest());
  }
  (void)
      change.run();  // An id that is no integer, or is there already, is refused by SQLite itself.
}

void check_known(const triage::State& state) {
  for (std::uint32_t slot = 0; slot < state.slots(); ++slot) {
    const triage::Alert& alert = state.at(slot);
    if (!alert.id) continue;
    CHECK(alert.status.state <= triage::AlertState::resolved);
    CHECK(alert.status.severity >= Severity::sev1 && alert.status.severity <= Severity::none);
  }
  for (const auto& [id, incident] : state.incidents.in_order()) {
    CHECK(incident.state < triage::IncidentState::closed);
    CHECK(incident.severity >= Severity::sev1 && incident.severity <= Severity::sev4);
  }
}

/// As a daemon that starts on it: the restart is decided, deadlines come.
void go_on(store::Loaded loaded) {
  Now now{std::max(loaded.last_timeline, kStart), kStart};
  pipeline::Pipeline pipeline(std::move(loaded.state), policy(), loaded.epoch, loaded.seq, {});
  submit(pipeline, triage::Restarted{});
  for (int round = 0; round < kRounds; ++round) {
    (void)pipeline.decide(now, 1000);
    if (pipeline.take_batch(now)) pipeline.committed();
    pipeline::Released released;
    pipeline.release(released);
    (void)pipeline.take_pages(now, 10);
    const auto next = pipeline.next_deadline();
    if (!next || *next > kStart + std::chrono::days(400)) break;
    now.timeline = std::max(now.timeline, *next);
  }
}

}  // namespace
}  // namespace tocsin::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace tocsin;
  fuzz::Input input(bytes, size);
  fuzz::must(store::execute(fuzz::good_store(), "BEGIN"));
  for (std::size_t i = 0; i < fuzz::kDamagesMax && !input.empty(); ++i) fuzz::damage(input.line());
  store::LateChains late;
  auto loaded = store::load_rows(fuzz::good_store(), "tocsin.db", late);
  fuzz::must(store::execute(fuzz::good_store(), "ROLLBACK"));
  if (!loaded) {
    CHECK(!loaded.error().problem.empty());
    CHECK(!loaded.error().cure.empty());
    return 0;
  }
  fuzz::check_known(*loaded->state);
  (void)triage::durable_digest(*loaded->state);
  fuzz::go_on(*std::move(loaded));
  return 0;
}
