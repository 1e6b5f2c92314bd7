#include "store/store_world.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "store/heads.h"
#include "store/reader.h"

namespace tocsin::store {

TempFolder::TempFolder() {
  std::string pattern = ::testing::TempDir() + "tocsin-store-XXXXXX";
  const char* made = mkdtemp(pattern.data());
  EXPECT_NE(made, nullptr);
  path_ = pattern;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<std::string> TempFolder::names() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
}

StoreOptions bare(const TempFolder& folder, std::string vfs) {
  return {.folder = folder.path(), .vfs = std::move(vfs), .lock_and_reserve = false};
}

StoreOptions guarded(const TempFolder& folder) {
  return {.folder = folder.path(), .vfs = {}, .lock_and_reserve = true, .reserve_bytes = 1U << 20};
}

std::unique_ptr<Store> open_store(const StoreOptions& options) {
  auto store = open_sqlite(options);
  if (!store) ADD_FAILURE() << store.error().problem;
  return store ? std::move(*store) : nullptr;
}

std::unique_ptr<Reader> open_reader(const StoreOptions& options) {
  auto reader = open_sqlite_reader(options, std::make_shared<const Heads>());
  if (!reader) ADD_FAILURE() << reader.error().problem;
  return reader ? std::move(*reader) : nullptr;
}

Loaded load(Store& store) {
  auto loaded = store.load();
  if (!loaded) ADD_FAILURE() << loaded.error().problem;
  return loaded ? std::move(*loaded) : Loaded{};
}

std::string to_string(StoreError::Kind kind) {
  switch (kind) {
    case StoreError::Kind::cannot_open:
      return "cannot_open";
    case StoreError::Kind::locked:
      return "locked";
    case StoreError::Kind::foreign:
      return "foreign";
    case StoreError::Kind::newer:
      return "newer";
    case StoreError::Kind::damaged:
      return "damaged";
    case StoreError::Kind::io:
      return "io";
  }
  return "";
}

std::string kind_of_open_error(const StoreOptions& options) {
  auto store = open_sqlite(options);
  if (!store) {
    EXPECT_NE(store.error().problem, "");
    EXPECT_NE(store.error().cure, "");
    return to_string(store.error().kind);
  }
  auto loaded = (*store)->load();
  if (loaded) return "opened";
  EXPECT_NE(loaded.error().problem, "");
  EXPECT_NE(loaded.error().cure, "");
  return to_string(loaded.error().kind);
}

Instant at(std::int64_t seconds) { return Instant(std::chrono::seconds(seconds)); }

/// As a row may hold it.
constexpr Duration kLongest{std::int64_t{1} << 61};

triage::AlertStatus odd_status() {
  return {.state = triage::AlertState::resolved,
          .ended_by = triage::EndedBy::person,
          .severity = Severity::sev2,
          .clock_skew = true,
          .occurrence = 4'000'000'000,
          .incident = IncidentId{7},
          .starts_at = at(-62'135'596'800),  // Year 1, as some senders say.
          .received_at = at(102),
          .ended_at = at(103),
          .sender_end = at(104),
          .last_ends_at = at(105),
          .lease = {65'535, at(106), Duration(107), at(108)},
          .more_leases = {{1, triage::kNever, Duration(0), at(109)},
                          {2, at(110), Duration(-1), at(111)},
                          {3, at(112), kLongest, Instant(-kLongest)}},
          .rules_hash = 0xFEDCBA9876543210};
}

LabelsView kept(Labels labels) {
  static std::deque<Labels> all;
  return all.emplace_back(std::move(labels));
}

triage::Rows::NewAlert new_alert(std::uint64_t id, Labels labels) {
  triage::Rows::NewAlert alert;
  alert.opened.id = AlertId{id};
  alert.opened.key = {0x8000000000000000 + id, id * 31};
  alert.opened.labels = kept(std::move(labels));
  alert.opened.display_hash = id * 1'000'003;
  alert.opened.status.received_at = at(static_cast<std::int64_t>(id));
  alert.status = alert.opened.status;
  return alert;
}

triage::Incident odd_incident(std::uint64_t id) {
  triage::Incident incident;
  incident.id = IncidentId{id};
  incident.state = triage::IncidentState::recovering;
  incident.before_recovering = triage::IncidentState::acknowledged;
  incident.recovering_by_person = true;
  incident.severity = Severity::sev1;
  incident.severity_criterion = "tier-0-outage";
  incident.severity_at = "rules/severity.yaml:12";
  incident.title = std::string("zero \0 inside", 13);
  incident.service = "checkout";
  incident.team = "payments";
  incident.runbook = "https://runbooks.example.net/checkout?a='b'";
  incident.key_rule = "same-service";
  incident.key_labels = Labels{{"service", "checkout"}, {"cluster", "\"eu\"\n"}};
  incident.key = {0xFFFFFFFFFFFFFFFF, id};
  incident.started_at = at(201);
  incident.detected_at = at(202);
  incident.triaged_at = at(203);
  incident.acknowledged_at = at(204);
  incident.recovering_at = at(205);
  incident.resolved_at = at(206);
  incident.closed_at = at(0);
  incident.acknowledged_by = "anonymous@loopback";
  incident.cycle = 3;
  incident.firing = 4;
  incident.resolved = 4'294'967'295;
  incident.window = Duration(207);
  incident.max_age = Duration(208);
  incident.last_joined = at(209);
  incident.due = at(210);
  incident.escalation = {.name = "payments",
                         .step = 2,
                         .round = 5,
                         .next_at = at(211),
                         .exhausted = true,
                         .first_round = 4,
                         .reached = true};
  incident.told = {{"log"}, {"a, \"b\""}, {"ops-webhook"}};
  incident.version = 99;
  return incident;
}

triage::Page odd_page(std::uint64_t id, std::uint64_t incident) {
  return {.id = PageId{id},
          .incident = IncidentId{incident},
          .key = "INC-" + std::to_string(incident) + "/" + std::to_string(id),
          .event = triage::Event::reopened,
          .channel = "ops-webhook",
          .reason = "escalation payments, step 1",
          .cycle = 2,
          .step = 3,
          .round = 4,
          .state = triage::PageState::owed,
          .created = at(301),
          .next_attempt = at(302),
          .attempts = 5,
          .in_flight = false,
          .possible_duplicate = true,
          .last_problem = "5xx: 503 Service Unavailable"};
}

triage::Counters odd_counters() {
  return {.last_alert = 11,
          .last_incident = 12,
          .last_page = 13,
          .opened_occurrences = 14,
          .late_firings = 15,
          .unknown_resolves = 0xFFFFFFFFFFFFFFFF};
}

Batch batch_after(const Loaded& loaded, std::int64_t seconds) {
  Batch batch;
  batch.epoch = loaded.epoch;
  batch.seq = loaded.seq + 1;
  batch.now = {at(seconds), at(seconds + 7)};
  batch.counters = loaded.state->counters;
  return batch;
}

namespace {

std::string show(const std::optional<Instant>& instant) {
  return instant ? format_rfc3339(*instant) : "-";
}

std::int64_t ms(Instant instant) { return instant.time_since_epoch().count(); }

std::string show(const triage::Lease& lease) {
  std::ostringstream out;
  out << lease.source << "/" << ms(lease.ends) << "/" << lease.length.count() << "/"
      << ms(lease.renewed);
  return out.str();
}

}  // namespace

std::string show(const triage::AlertStatus& status) {
  std::ostringstream out;
  out << "state " << static_cast<int>(status.state) << " by " << static_cast<int>(status.ended_by)
      << " " << tocsin::to_string(status.severity) << " skew " << status.clock_skew
      << " occurrence " << status.occurrence << " incident " << status.incident.value << "\ntimes "
      << ms(status.starts_at) << " " << ms(status.received_at) << " " << ms(status.ended_at) << " "
      << ms(status.sender_end) << " " << ms(status.last_ends_at) << "\nlease "
      << show(status.lease);
  for (const triage::Lease& lease : status.more_leases) out << " + " << show(lease);
  out << "\nrules " << status.rules_hash << "\n";
  return out.str();
}

std::string show(const triage::Incident& incident) {
  std::ostringstream out;
  const triage::EscalationStatus& escalation = incident.escalation;
  out << incident.id.value << " state " << static_cast<int>(incident.state) << " before "
      << static_cast<int>(incident.before_recovering) << " person " << incident.recovering_by_person
      << " " << tocsin::to_string(incident.severity) << " " << incident.severity_criterion << " "
      << incident.severity_at << "\n"
      << incident.title << "|" << incident.service << "|" << incident.team << "|"
      << incident.runbook << "|" << incident.key_rule << "|" << labels_to_json(incident.key_labels)
      << "|" << to_hex(incident.key) << "\n"
      << show(incident.started_at) << " " << show(incident.detected_at) << " "
      << show(incident.triaged_at) << " " << show(incident.acknowledged_at) << " "
      << incident.acknowledged_by << " " << show(incident.recovering_at) << " "
      << show(incident.resolved_at) << " " << show(incident.closed_at) << "\n"
      << "cycle " << incident.cycle << " firing " << incident.firing << " resolved "
      << incident.resolved << " window " << incident.window.count() << " age "
      << incident.max_age.count() << " joined " << show(incident.last_joined) << " due "
      << show(incident.due) << "\n"
      << escalation.name << " " << escalation.step << " " << escalation.round << " "
      << escalation.first_round << " " << show(escalation.next_at) << " " << escalation.exhausted
      << escalation.reached << " told";
  for (const triage::Told& told : incident.told) out << " <" << told.channel << ">";
  out << " version " << incident.version << "\n";
  return out.str();
}

std::string show(const triage::Page& page) {
  std::ostringstream out;
  out << page.id.value << " incident " << page.incident.value << " " << page.key << " "
      << triage::to_string(page.event) << " " << page.channel << "|" << page.reason << " "
      << page.cycle << "/" << page.step << "/" << page.round << " state "
      << static_cast<int>(page.state) << " " << show(page.created) << " " << show(page.next_attempt)
      << " attempts " << page.attempts << " duplicate " << page.possible_duplicate << " "
      << page.last_problem << "\n";
  return out.str();
}

std::string show(const triage::Counters& counters) {
  std::ostringstream out;
  out << counters.last_alert << " " << counters.last_incident << " " << counters.last_page << " "
      << counters.opened_occurrences << " " << counters.late_firings << " "
      << counters.unknown_resolves;
  return out.str();
}

std::string sql(const std::string& file, const std::string& text) {
  sqlite3* db = nullptr;
  std::string first;
  const auto take = [](void* to, int columns, char** values, char**) {
    auto& out = *static_cast<std::string*>(to);
    if (out.empty() && columns > 0 && values[0] != nullptr) out = values[0];
    return 0;
  };
  char* problem = nullptr;
  int code = sqlite3_open(file.c_str(), &db);
  if (code == SQLITE_OK) code = sqlite3_exec(db, text.c_str(), take, &first, &problem);
  if (code != SQLITE_OK) ADD_FAILURE() << text << ": " << (problem ? problem : "cannot open");
  sqlite3_free(problem);
  sqlite3_close(db);
  return first;
}

}  // namespace tocsin::store
